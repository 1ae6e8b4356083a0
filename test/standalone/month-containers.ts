import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeClient } from '../../src/apiserver/index.ts';
import type { Time } from '../../src/base/index.ts';
import { Interruption, runCli, type CliEnvironment, type Fronts } from '../../src/cli/index.ts';
import { realFronts } from '../../src/fronts.ts';
import { requestBackup } from '../../src/operator/index.ts';
import type {
  Adopted,
  ContainerAttempt,
  ContainerExit,
  ContainerRuntime,
  RunningContainer,
} from '../../src/standalone/index.ts';

/** How the pods' program is started, as the engine is told it. */
export const PROGRAM = ['node', 'holdfast'];

/**
 * What becomes of a container. `work`: its command runs. `unreachable`: it runs, and asks an etcd that is not there.
 * `mute`: it is killed before it has done anything. `forgetful`: its command runs, and it is killed before it can say so.
 * `hung`: it does nothing until it is asked to end. `stubborn`: it has to be killed.
 */
export type Fate = 'work' | 'unreachable' | 'mute' | 'forgetful' | 'hung' | 'stubborn';

interface Container extends RunningContainer {
  readonly attempt: ContainerAttempt;
  exit: ContainerExit | undefined;
  /** Its part of the work is done by others for now. */
  isWaiting: boolean;
}

export interface ContainersOptions {
  readonly time: Time;
  /** The API as a process beside the engine reaches it: it may be away for a while. */
  readonly client: KubeClient;
}

/**
 * Runs the pods' command lines in this process, each with streams, signal and files of its own, at the time of the test. It
 * outlives engines, as processes do.
 */
export class InProcessContainers implements ContainerRuntime {
  /** Asked at each start. */
  fate: (verb: string, args: readonly string[]) => Fate = () => 'work';
  /** The arguments of a container's command as they are run. */
  rewrite: (args: readonly string[]) => readonly string[] = (args) => args;
  /** The arguments of every `holdfast backup` that was started. */
  readonly backups: (readonly string[])[] = [];
  readonly #options: ContainersOptions;
  readonly #all = new Map<string, Container>();

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** None does anything by itself now. */
  get isQuiet(): boolean {
    return this.running.every(({ isWaiting }) => isWaiting);
  }

  get running(): readonly Container[] {
    return [...this.#all.values()].filter(({ exit }) => exit === undefined);
  }

  /** As a power cut ends them. */
  async killAll(): Promise<void> {
    const running = this.running;
    for (const container of running) container.signal('SIGKILL');
    await Promise.all(running.map(({ exited }) => exited));
  }

  async start(attempt: ContainerAttempt): Promise<RunningContainer> {
    await mkdir(attempt.folder);
    for (const name of ['log', 'termination']) await writeFile(join(attempt.folder, name), '');
    const args = attempt.argv.slice(PROGRAM.length);
    const fate = this.fate(args[0] ?? '', args);
    if (args[0] === 'backup') this.backups.push(args);
    const container = this.#launch(attempt, fate);
    this.#all.set(attempt.folder, container);
    return container;
  }

  adopt(folder: string): Promise<Adopted> {
    const container = this.#all.get(folder);
    if (container === undefined) return Promise.resolve({ state: 'never-started' });
    return Promise.resolve(
      container.exit === undefined ? { state: 'running', container } : { state: 'ended', exit: container.exit },
    );
  }

  #launch(attempt: ContainerAttempt, fate: Fate): Container {
    const { time } = this.#options;
    const startedAt = time.now();
    const stop = new AbortController();
    let killed = false;
    const container: Container = {
      attempt,
      startedAt,
      exit: undefined,
      isWaiting: false,
      exited: Promise.resolve().then(async () => {
        let exitCode = await this.#run(container, fate, stop.signal);
        if (killed || fate === 'forgetful') {
          await writeFile(join(attempt.folder, 'termination'), '');
          exitCode = 137;
        }
        container.exit = { exitCode, startedAt, finishedAt: time.now() };
        return container.exit;
      }),
      signal: (name) => {
        killed ||= name === 'SIGKILL';
        if (killed || fate !== 'stubborn') stop.abort(new Interruption('SIGTERM'));
      },
    };
    return container;
  }

  async #run(container: Container, fate: Fate, signal: AbortSignal): Promise<number> {
    if (fate === 'mute') return 137;
    if (fate === 'hung' || fate === 'stubborn') {
      container.isWaiting = true;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      container.isWaiting = false;
      return 143;
    }
    const { attempt } = container;
    const given = this.rewrite(attempt.argv.slice(PROGRAM.length));
    const args = fate === 'unreachable' ? [...given, '--endpoints', 'http://127.0.0.1:1'] : given;
    let said = '';
    const terminal = { write: (text: string) => void (said += text), isTTY: false, columns: 80 };
    const environment: CliEnvironment = {
      version: '0.0.0',
      variables: { ...attempt.env, XDG_RUNTIME_DIR: attempt.folder },
      workingFolder: attempt.workingFolder,
      stdout: terminal,
      stderr: terminal,
      readStandardInput: () => Promise.resolve(''),
      clock: this.#options.time,
      signal,
      inspectWorker: undefined,
      fronts: this.#fronts(container),
    };
    const code = await runCli(args, environment);
    await appendFile(join(attempt.folder, 'log'), said);
    return code;
  }

  #fronts(container: Container): Fronts {
    const { client, time } = this.#options;
    return {
      ...realFronts({ program: PROGRAM, random: () => 0 }),
      requestBackup: async ({ series, pvcName, jobName, jobUid, timeoutMs }, { log, signal }) => {
        container.isWaiting = true;
        try {
          const job = { name: jobName, uid: jobUid };
          return await requestBackup({ client, time, log, series, pvcName, job, timeoutMs, signal });
        } finally {
          container.isWaiting = false;
        }
      },
    };
  }
}
