import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { messageOf, PRIVATE_FOLDER_MODE, syncFolder, writeFileDurably, type Time } from '../../../base/index.ts';
import { WorkloadError } from '../errors.ts';
import {
  attemptFiles,
  createFile,
  readExit,
  readProcessRecord,
  syncFile,
  voidAttempt,
  type AttemptFiles,
  type ProcessRecord,
} from './attempt-files.ts';
import type {
  Adopted,
  ContainerAttempt,
  ContainerExit,
  ContainerRuntime,
  RunningContainer,
} from './container-runtime.ts';
import { trimLog } from './log-limit.ts';
import { isAlive, isGroupAlive, signalGroup } from './process-group.ts';

export interface ProcessRuntimeOptions {
  readonly time: Time;
  /** The most that a container's log may hold, in bytes. Default: 10 MiB. */
  readonly logLimit?: number | undefined;
}

const DEFAULT_LOG_LIMIT = 10 * 2 ** 20;
const LOG_WATCH_MS = 5_000;
const ADOPTED_POLL_MS = 500;
const KILLED = 128 + constants.signals.SIGKILL;
const FALLBACK_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The shell that stands between the engine and the program, because the engine may be killed while the program runs on:
 * it records who runs the attempt before anything runs (the link fails where the attempt was declared void), closes
 * descriptor 3 to say so, waits for the program and leaves its exit code. A trap, unlike an ignored signal, is not
 * inherited, so that SIGTERM to the group ends the program and not the shell.
 */
const SCRIPT = `
folder=$1; shift
stopped=
trap stopped=1 HUP INT TERM
umask 077
boot=; read -r boot < /proc/sys/kernel/random/boot_id
stat=; read -r stat < /proc/$$/stat
printf '%s\\n%s\\n%s\\n' "$$" "$boot" "$stat" > "$folder/process.part" || exit 125
ln "$folder/process.part" "$folder/process" || exit 125
exec 3>&-
if [ -n "$stopped" ]; then code=143; else "$@"; code=$?; fi
printf '%s\\n' "$code" > "$folder/exit.part" && mv "$folder/exit.part" "$folder/exit"
exit "$code"
`;

/**
 * Runs containers as child processes in groups of their own. They need `/bin/sh`, `ln` and `mv`, as every POSIX system has
 * them, and /proc to be told from other processes after a restart of the engine.
 */
export function createProcessRuntime(options: ProcessRuntimeOptions): ContainerRuntime {
  return new ProcessRuntime(options);
}

class ProcessRuntime implements ContainerRuntime {
  readonly #time: Time;
  readonly #logLimit: number;

  constructor({ time, logLimit = DEFAULT_LOG_LIMIT }: ProcessRuntimeOptions) {
    this.#time = time;
    this.#logLimit = logLimit;
  }

  async start(attempt: ContainerAttempt): Promise<RunningContainer> {
    const files = attemptFiles(attempt.folder);
    try {
      await mkdir(attempt.folder, { mode: PRIVATE_FOLDER_MODE });
      await syncFolder(dirname(attempt.folder));
      await Promise.all([createFile(files.log), createFile(files.termination)]);
      const { pid, announced, ended } = await this.#spawn(attempt, files);
      await announced;
      const record = await recorded(files);
      if (record?.pid !== pid || record === undefined) {
        const { code, signal } = await ended;
        throw new Error(`its shell has ended with ${code ?? signal ?? 'nothing'}`);
      }
      const startedAt = this.#time.now();
      const exited = ended.then(({ code, signal }) => {
        const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
        return this.#finish(files, record, { exitCode, startedAt, finishedAt: this.#time.now() });
      });
      return this.#running(files, record, startedAt, exited);
    } catch (error) {
      throw failure(attempt.folder, error);
    }
  }

  async adopt(folder: string): Promise<Adopted> {
    const files = attemptFiles(folder);
    try {
      let record = await readProcessRecord(files.process);
      if (record === undefined && (await voidAttempt(files.process))) return { state: 'never-started' };
      record ??= await readProcessRecord(files.process);
      if (record === 'void' || record === undefined) return { state: 'never-started' };
      const startedAt = (await stat(files.process)).mtime;
      const lives = await isAlive(record);
      const left = await readExit(files.exit);
      if (left === undefined && lives) {
        const exited = this.#awaitEnd(files, record, startedAt);
        return { state: 'running', container: this.#running(files, record, startedAt, exited) };
      }
      const exit =
        left === undefined ? this.#gone(startedAt) : { exitCode: left.exitCode, startedAt, finishedAt: left.at };
      return { state: 'ended', exit: await this.#finish(files, record, exit) };
    } catch (error) {
      throw failure(folder, error);
    }
  }

  async #spawn({ folder, argv, env, workingFolder }: ContainerAttempt, files: AttemptFiles): Promise<Shell> {
    const log = await open(files.log, 'a');
    try {
      const child = spawn('/bin/sh', ['-c', SCRIPT, 'holdfast-pod', folder, ...argv], {
        cwd: workingFolder,
        env: { PATH: FALLBACK_PATH, ...env },
        detached: true,
        stdio: ['ignore', log.fd, log.fd, 'pipe'],
      });
      // Listened to before anything is waited for: a shell that is killed at once has ended by the next turn.
      const shell = { pid: child.pid, announced: announcementOf(child), ended: endOf(child) };
      // An error of spawn itself, such as a folder that is not there, comes as an event.
      await once(child, 'spawn');
      child.unref();
      return shell;
    } finally {
      await log.close();
    }
  }

  #running(
    files: AttemptFiles,
    { pid }: ProcessRecord,
    startedAt: Date,
    exited: Promise<ContainerExit>,
  ): RunningContainer {
    let hasEnded = false;
    let cancel = (): void => undefined;
    const watch = (): void => {
      void trimLog(files.log, this.#logLimit)
        // The log is worth less than the program; its next turn comes.
        .catch(() => undefined)
        .then(() => {
          if (!hasEnded) cancel = this.#time.after(LOG_WATCH_MS, watch);
        });
    };
    cancel = this.#time.after(LOG_WATCH_MS, watch);
    const done = exited.then((exit) => {
      hasEnded = true;
      cancel();
      return exit;
    });
    return {
      startedAt,
      exited: done,
      signal: (name) => {
        if (!hasEnded) signalGroup(pid, name);
      },
    };
  }

  /** Another engine's child is not ours to wait for. */
  #awaitEnd(files: AttemptFiles, record: ProcessRecord, startedAt: Date): Promise<ContainerExit> {
    return new Promise((resolve) => {
      const look = async (): Promise<void> => {
        const lives = await isAlive(record).catch(() => true);
        const left = await readExit(files.exit).catch(() => undefined);
        if (left === undefined && lives) {
          this.#time.after(ADOPTED_POLL_MS, () => void look());
          return;
        }
        const exit =
          left === undefined ? this.#gone(startedAt) : { exitCode: left.exitCode, startedAt, finishedAt: left.at };
        resolve(await this.#finish(files, record, exit));
      };
      this.#time.after(ADOPTED_POLL_MS, () => void look());
    });
  }

  #gone(startedAt: Date): ContainerExit {
    return {
      exitCode: KILLED,
      startedAt,
      finishedAt: this.#time.now(),
      message: 'The process is gone, and it has left no exit code: it was killed, or the machine was restarted.',
    };
  }

  /** Ends what the program has left running, and writes down how it ended, for later engines. */
  async #finish(files: AttemptFiles, record: ProcessRecord, exit: ContainerExit): Promise<ContainerExit> {
    let { exitCode } = exit;
    try {
      if (await isGroupAlive(record)) signalGroup(record.pid, 'SIGKILL');
      const left = await readExit(files.exit);
      exitCode = left?.exitCode ?? exitCode;
      if (left === undefined) await writeFileDurably(files.exit, `${exitCode}\n`, { replace: true });
      else await syncFile(files.exit);
      await trimLog(files.log, this.#logLimit);
    } catch {
      // A full or broken disk: what is known of the end is told all the same.
    }
    return { ...exit, exitCode };
  }
}

interface Shell {
  readonly pid: number | undefined;
  /** Resolves when the shell has recorded itself, or has ended; either closes its end of the pipe. */
  readonly announced: Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

function endOf(child: ChildProcess): Shell['ended'] {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

function announcementOf(child: ChildProcess): Promise<void> {
  const pipe = child.stdio[3];
  return new Promise((resolve) => {
    if (pipe === undefined || pipe === null) {
      resolve();
      return;
    }
    pipe.once('close', resolve);
    if ('resume' in pipe) pipe.resume();
  });
}

async function recorded(files: AttemptFiles): Promise<ProcessRecord | undefined> {
  const record = await readProcessRecord(files.process);
  if (record === undefined || record === 'void') return undefined;
  // It runs by now, so a disk that fails here must not make it count as one that does not.
  await syncFile(files.process).catch(() => undefined);
  return record;
}

function failure(folder: string, cause: unknown): WorkloadError {
  return new WorkloadError('WORKLOAD_RUNTIME', `a container could not be run in ${folder}: ${messageOf(cause)}`, {
    subject: folder,
    hint: 'See that the disk has room, that the folder is writable, and that /bin/sh, ln and mv are there.',
    cause,
  });
}
