import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Pod } from '../../../apiserver/index.ts';
import { makePrivateFolder, type Time } from '../../../base/index.ts';
import { attemptFiles, type AttemptFiles } from '../runtime/attempt-files.ts';
import type { ContainerExit, ContainerRuntime, RunningContainer } from '../runtime/container-runtime.ts';
import type { CommandLine } from './command-line.ts';

/** One run of the pod's container. */
export interface LocalAttempt {
  readonly files: AttemptFiles;
  readonly startedAt: Date;
  /** Undefined while it runs. */
  readonly exit: ContainerExit | undefined;
}

export interface LocalPodOptions {
  /** The pod's own, below which everything lies that this machine keeps of it. Its name is the pod's uid. */
  readonly folder: string;
  /** Under which the runner works on it. */
  readonly key: string;
  readonly runtime: ContainerRuntime;
  readonly time: Time;
  /** Called when the container has ended. */
  readonly onEnd: () => void;
}

/**
 * What this machine has of a pod: its folder, its container's attempts, and the process of the last one. The folder decides
 * what has been started, so that nothing is started again because the API's answer or this process got lost.
 */
export class LocalPod {
  readonly uid: string;
  readonly key: string;
  readonly #options: LocalPodOptions;
  readonly #attempts: { files: AttemptFiles; startedAt: Date; exit: ContainerExit | undefined }[] = [];
  /** Numbers are not used again: a shell of an attempt that was given up may still be about to look for its folder. */
  #nextNumber = 0;
  #container: RunningContainer | undefined;
  #cancelKill: (() => void) | undefined;
  #killAt = Infinity;

  private constructor(options: LocalPodOptions) {
    this.#options = options;
    this.key = options.key;
    this.uid = basename(options.folder);
  }

  /** Takes over what an earlier engine has left, if it has. */
  static async open(options: LocalPodOptions): Promise<LocalPod> {
    const local = new LocalPod(options);
    await makePrivateFolder(local.#attemptsFolder);
    const numbers = (await readdir(local.#attemptsFolder)).filter((name) => /^\d+$/.test(name)).map(Number);
    for (const number of numbers.sort((a, b) => a - b)) await local.#adopt(number);
    return local;
  }

  /** Where the pod's own, empty volumes are. */
  get emptyFolders(): string {
    return join(this.#options.folder, 'volumes');
  }

  /** The last attempt; undefined where nothing was ever started. */
  get current(): LocalAttempt | undefined {
    return this.#attempts.at(-1);
  }

  /** The one before it. */
  get previous(): LocalAttempt | undefined {
    return this.#attempts.at(-2);
  }

  get restarts(): number {
    return Math.max(this.#attempts.length - 1, 0);
  }

  get isRunning(): boolean {
    return this.#container !== undefined;
  }

  /**
   * Starts the container once more.
   *
   * @param commandFor - told the files of the attempt
   * @throws WorkloadError `WORKLOAD_RUNTIME`; it has not run then
   */
  async start(commandFor: (files: AttemptFiles) => CommandLine): Promise<void> {
    if (this.#container !== undefined) throw new TypeError(`the container of ${this.key} runs already`);
    const folder = join(this.#attemptsFolder, String(this.#nextNumber));
    const files = attemptFiles(folder);
    const command = commandFor(files);
    this.#nextNumber += 1;
    this.#follow(files, await this.#options.runtime.start({ folder, ...command }));
  }

  /**
   * Asks the container's processes to end, and ends them after `graceMs`. Asked again, the earlier end counts.
   *
   * @returns whether it had not been asked before
   */
  stop(graceMs: number): boolean {
    const container = this.#container;
    if (container === undefined) return false;
    const { time } = this.#options;
    const killAt = time.monotonicMs() + graceMs;
    if (killAt >= this.#killAt) return false;
    const isFirst = this.#killAt === Infinity;
    if (isFirst) container.signal('SIGTERM');
    this.#cancelKill?.();
    this.#killAt = killAt;
    this.#cancelKill = time.after(graceMs, () => container.signal('SIGKILL'));
    return isFirst;
  }

  /** Removes everything that this machine has kept of the pod. Nothing may run. */
  async remove(): Promise<void> {
    if (this.#container !== undefined) throw new TypeError(`the container of ${this.key} still runs`);
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  get #attemptsFolder(): string {
    return join(this.#options.folder, 'attempts');
  }

  async #adopt(number: number): Promise<void> {
    this.#nextNumber = number + 1;
    const folder = join(this.#attemptsFolder, String(number));
    const adopted = await this.#options.runtime.adopt(folder);
    const files = attemptFiles(folder);
    if (adopted.state === 'running') this.#follow(files, adopted.container);
    if (adopted.state === 'ended')
      this.#attempts.push({ files, startedAt: adopted.exit.startedAt, exit: adopted.exit });
  }

  #follow(files: AttemptFiles, container: RunningContainer): void {
    const attempt = { files, startedAt: container.startedAt, exit: undefined as ContainerExit | undefined };
    this.#attempts.push(attempt);
    this.#container = container;
    this.#killAt = Infinity;
    void container.exited.then((exit) => {
      attempt.exit = exit;
      this.#container = undefined;
      this.#cancelKill?.();
      this.#options.onEnd();
    });
  }
}

/** How long a pod's processes may take to end when they are asked to. */
export function graceOf(pod: Pod): number {
  const { deletionTimestamp } = pod.metadata;
  const given = pod.metadata['deletionGracePeriodSeconds'];
  const own = pod.spec.terminationGracePeriodSeconds ?? 30;
  return (deletionTimestamp !== undefined && typeof given === 'number' ? given : own) * 1000;
}
