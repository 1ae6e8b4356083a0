import { join } from 'node:path';
import { runCommand, type StandingHost } from '../kit/index.ts';
import { bundleProgram } from '../kit/bundled-program.ts';

/** How a run that was to be killed ended. */
export type Ending = 'killed' | 'finished';

/** Restores that die where they are told to; see killed-run.ts. */
export class Killable {
  readonly #script: string;
  readonly #host: StandingHost;

  private constructor(script: string, host: StandingHost) {
    this.#script = script;
    this.#host = host;
  }

  static async prepare(host: StandingHost): Promise<Killable> {
    const outfile = join(host.folder, 'killed-run.mjs');
    await bundleProgram(new URL('killed-run.ts', import.meta.url), outfile);
    return new Killable(outfile, host);
  }

  /** Runs until the record; throws where it fails instead. */
  async run(backup: string, deathAt: string): Promise<Ending> {
    const { root } = this.#host;
    const { code, signal, stderr } = await runCommand([process.execPath, this.#script, root, backup, deathAt], {
      timeoutMs: 120_000,
    });
    if (signal === 'SIGKILL') return 'killed';
    if (code === 0) return 'finished';
    throw new Error(`the run neither finished nor was killed (${String(code)} ${String(signal)}):\n${stderr}`);
  }

  /** Kills every step once when it is begun and once when it is done, each time going on from there. Returns how often. */
  async crawl(backup: string): Promise<number> {
    for (let kills = 0; kills < 400; kills++) {
      if ((await this.run(backup, kills % 2 === 0 ? 'beginning' : 'ending')) === 'finished') return kills;
    }
    throw new Error('a restore that is killed at every step never ends');
  }
}
