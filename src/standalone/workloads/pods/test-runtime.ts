import { mkdir, writeFile } from 'node:fs/promises';
import type { Time } from '../../../base/index.ts';
import { attemptFiles } from '../runtime/attempt-files.ts';
import type {
  Adopted,
  ContainerAttempt,
  ContainerExit,
  ContainerRuntime,
  RunningContainer,
} from '../runtime/container-runtime.ts';

/** A container that runs until the test says otherwise. */
export interface TestContainer {
  readonly attempt: ContainerAttempt;
  readonly signals: string[];
  end(exitCode: number): void;
}

/** Starts nothing, and remembers what it was asked to start. */
export class TestRuntime implements ContainerRuntime {
  readonly started: TestContainer[] = [];
  readonly #time: Time;

  constructor(time: Time) {
    this.#time = time;
  }

  /** The container that was started last. */
  get last(): TestContainer {
    const container = this.started.at(-1);
    if (container === undefined) throw new Error('nothing was started');
    return container;
  }

  async start(attempt: ContainerAttempt): Promise<RunningContainer> {
    await mkdir(attempt.folder);
    const files = attemptFiles(attempt.folder);
    await Promise.all([files.log, files.termination].map((path) => writeFile(path, '')));
    const startedAt = this.#time.now();
    const signals: string[] = [];
    let resolve: (exit: ContainerExit) => void = () => undefined;
    const exited = new Promise<ContainerExit>((done) => (resolve = done));
    const end = (exitCode: number): void => resolve({ exitCode, startedAt, finishedAt: this.#time.now() });
    this.started.push({ attempt, signals, end });
    return {
      startedAt,
      exited,
      signal: (name) => {
        signals.push(name);
        if (name === 'SIGKILL') end(137);
      },
    };
  }

  adopt(): Promise<Adopted> {
    return Promise.resolve({ state: 'never-started' });
  }
}
