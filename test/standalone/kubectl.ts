import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseRelease } from '../kit/releases.ts';
import { runCommand, succeed, type CommandResult } from '../kit/run-command.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** Debian's releases of kubectl that the tests run: 1.20, 1.32, and the newest that there is. */
export const KUBECTL_SUITES = ['bookworm', 'trixie', 'sid'] as const;

/** A real kubectl, with a home of its own. */
export class Kubectl {
  readonly version: string;
  readonly #program: string;
  readonly #home: string;

  private constructor(program: string, version: string, home: string) {
    this.#program = program;
    this.version = version;
    this.#home = home;
  }

  /** @param suite - fetched as a package where it is not there yet */
  static async provide(suite: (typeof KUBECTL_SUITES)[number], home: string): Promise<Kubectl> {
    const provided = await succeed([process.execPath, 'scripts/provide-etcd.mjs', 'kubectl', suite], {
      cwd: PROJECT,
      timeoutMs: 10 * 60_000,
    });
    const { version, folder } = parseRelease(JSON.parse(provided));
    await mkdir(home, { recursive: true });
    return new Kubectl(join(folder, 'kubectl'), version, home);
  }

  isAtLeast(minor: number): boolean {
    return Number(this.version.split('.')[1]) >= minor;
  }

  /** A kubectl that uses a kubeconfig. */
  with(kubeconfig: string): KubectlRunner {
    const env = { PATH: process.env['PATH'], HOME: this.#home, KUBECONFIG: kubeconfig, EDITOR: 'true' };
    const run = (args: readonly string[], stdin?: string): Promise<CommandResult> =>
      runCommand([this.#program, ...args], { env, cwd: this.#home, ...(stdin !== undefined && { stdin }) });
    return {
      run,
      argv: (...args) => [this.#program, ...args],
      env,
      async out(...args) {
        const { code, stdout, stderr } = await run(args);
        if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${String(code)}\n${stdout}${stderr}`);
        return stdout;
      },
      async apply(object, ...args) {
        const { code, stdout, stderr } = await run(['apply', '-f', '-', ...args], JSON.stringify(object));
        if (code !== 0) throw new Error(`kubectl apply ended with ${String(code)}\n${stderr}`);
        return stdout.trim();
      },
      async failure(...args) {
        const { code, stderr } = await run(args);
        if (code === 0) throw new Error(`kubectl ${args.join(' ')} did not fail`);
        return stderr.trim();
      },
    };
  }
}

export interface KubectlRunner {
  run(args: readonly string[], stdin?: string): Promise<CommandResult>;
  /** The command line, for a kubectl that goes on running. */
  argv(...args: readonly string[]): readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The standard output of a command that has to succeed. */
  out(...args: readonly string[]): Promise<string>;
  apply(object: unknown, ...args: readonly string[]): Promise<string>;
  /** The standard error of a command that has to fail. */
  failure(...args: readonly string[]): Promise<string>;
}
