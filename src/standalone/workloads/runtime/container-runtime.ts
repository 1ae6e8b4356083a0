/** One attempt to run a container: a container that is started again is another. */
export interface ContainerAttempt {
  /** The attempt's own folder, made by the runtime; what it holds is in {@link attemptFiles}. */
  readonly folder: string;
  /** The program, by its absolute path, and its arguments. */
  readonly argv: readonly string[];
  /** All of the environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly workingFolder: string;
}

/** How an attempt has ended. */
export interface ContainerExit {
  /** 128 and the signal's number where one ended it. */
  readonly exitCode: number;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** What is known beyond the code, such as that the process was found gone. */
  readonly message?: string | undefined;
}

export interface RunningContainer {
  readonly startedAt: Date;
  /** Never rejects. */
  readonly exited: Promise<ContainerExit>;
  /** Goes to every process of the container; does nothing once it has ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/** What became of an attempt that an earlier engine has made. */
export type Adopted =
  | { readonly state: 'running'; readonly container: RunningContainer }
  | { readonly state: 'ended'; readonly exit: ContainerExit }
  /** The program has not run, and never will by this attempt. */
  | { readonly state: 'never-started' };

/** Runs containers so that they outlive this process, and knows them again afterwards. */
export interface ContainerRuntime {
  /**
   * Makes the attempt's folder and starts its program. When this resolves, the program may have begun to work.
   *
   * @throws WorkloadError `WORKLOAD_RUNTIME`; the program has not run then, and never will by this attempt
   */
  start(attempt: ContainerAttempt): Promise<RunningContainer>;
  /** Finds out about the attempt of a folder. A program whose process is gone without a word counts as killed. */
  adopt(folder: string): Promise<Adopted>;
}
