import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createHttpsTransport, createKubeClient, loadKubeconfig, type KubeClient } from '../../src/apiserver/index.ts';
import { bundleProgram } from '../kit/bundled-program.ts';
import { temporaryFolder, waitFor } from '../kit/index.ts';
import { processesWith, signalIfThere } from '../kit/processes.ts';
import { guarded } from '../kit/programs.ts';
import { Fatal } from '../kit/wait-for.ts';

/** The embedded engine as a process that is killed and started again on its data; until the test has finished. */
export class EngineProcess {
  readonly folder: string;
  readonly client: KubeClient;
  /** `127.0.0.1:41234`, the same after each start. */
  readonly address: string;
  readonly #script: string;
  #child: ChildProcess;

  private constructor(parts: {
    folder: string;
    client: KubeClient;
    address: string;
    script: string;
    child: ChildProcess;
  }) {
    this.folder = parts.folder;
    this.client = parts.client;
    this.address = parts.address;
    this.#script = parts.script;
    this.#child = parts.child;
  }

  static async begin(): Promise<EngineProcess> {
    const folder = await temporaryFolder();
    const script = join(folder, 'engine.mjs');
    await bundleProgram(new URL('engine-program.ts', import.meta.url), script);
    const { child, address } = await run(script, folder);
    const transport = createHttpsTransport(await loadKubeconfig({ path: join(folder, 'kubeconfig') }));
    const client = createKubeClient({ transport, userAgent: 'administrator/1' });
    const engine = new EngineProcess({ folder, client, address, script, child });
    onTestFinished(async () => {
      transport.close();
      await engine.kill();
      // Its pods live on.
      for (const { pid } of await processesWith(folder)) signalIfThere(pid, 'SIGKILL');
    });
    return engine;
  }

  /** An administrator's. */
  get kubeconfig(): string {
    return join(this.folder, 'kubeconfig');
  }

  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async startAgain(): Promise<void> {
    const { child, address } = await run(this.#script, this.folder);
    this.#child = child;
    if (address !== this.address) throw new Error(`the engine was at ${this.address}, and is at ${address}`);
  }
}

async function run(script: string, folder: string): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  guarded(child);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const address = await waitFor(
    () => {
      if (child.exitCode !== null) throw new Fatal('the engine has ended');
      return said.includes('\n') && said.trim();
    },
    { timeoutMs: 90_000, what: 'the engine to serve' },
  );
  return { child, address };
}
