import { spawn, type ChildProcess } from 'node:child_process';
import { holdfastCommand } from '../kit/holdfast.ts';
import { guarded } from '../kit/programs.ts';
import { Fatal, waitFor } from '../kit/wait-for.ts';
import type { Deployment } from './manifests.ts';

export interface OperatorProcessOptions {
  /** Undefined: `args` say everything. */
  readonly deployment?: Deployment;
  /** Undefined: as a pod finds its API server. */
  readonly kubeconfig?: string;
  /** What stands for `holdfast`. Default: the built program. */
  readonly program?: readonly string[];
  readonly podName: string;
  /** Beside those of the Deployment. */
  readonly args?: readonly string[];
  /** Beside its own variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The operator as its Deployment starts it, as a process. */
export class OperatorProcess {
  /** Of metrics and health. */
  url = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | NodeJS.Signals | null>;
  #log = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    this.#ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  }

  /** Returns when it serves its health. */
  static async start({
    deployment,
    kubeconfig,
    program: holdfast = holdfastCommand(),
    podName,
    args: more = [],
    env,
  }: OperatorProcessOptions): Promise<OperatorProcess> {
    const [container] = deployment?.spec.template.spec.containers ?? [];
    // Several run on this machine at a time.
    const args = (container?.args ?? []).map((each) => each.replace(/^--metrics=.*/, '--metrics=127.0.0.1:0'));
    const from = kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig];
    // What stands behind -- is not the operator's own.
    const end = more.includes('--') ? more.indexOf('--') : more.length;
    const [program = '', ...rest] = [...holdfast, ...args, ...more.slice(0, end), ...from, ...more.slice(end)];
    const child = spawn(program, rest, {
      env: { PATH: process.env['PATH'], POD_NAME: podName, POD_NAMESPACE: 'holdfast', ...env },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    guarded(child);
    const operator = new OperatorProcess(child);
    operator.url = await waitFor(
      () => {
        if (child.exitCode !== null) throw new Fatal(`the operator has ended; ${operator.log}`);
        return /"url":"([^"]+)"/.exec(operator.log)?.[1];
      },
      { timeoutMs: 90_000, what: () => `the operator's health; ${operator.log}` },
    );
    return operator;
  }

  /** Throws where it could not be started. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the operator was not started');
    return this.#child.pid;
  }

  /** What it has written so far, a JSON document a line. */
  get log(): string {
    return this.#log;
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    // One that is kept may be closed by the other side in this very instant.
    const response = await fetch(this.url + path, { headers: { connection: 'close' } });
    return { status: response.status, text: await response.text() };
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** How it ended: an exit code, or a signal. */
  ended(): Promise<number | NodeJS.Signals | null> {
    return this.#ended;
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    this.kill(signal);
    return this.#ended;
  }
}
