import { link, open, readFile, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PRIVATE_FILE_MODE, syncFolder, systemCode, writeFileDurably } from '../../../base/index.ts';

/** What lies in an attempt's folder. */
export interface AttemptFiles {
  /** Who runs it: see {@link ProcessRecord}. It stands from the moment on at which the program may run. */
  readonly process: string;
  /** The exit code, in digits. */
  readonly exit: string;
  /** What the program has written to its standard output and error. */
  readonly log: string;
  /** What the program leaves as its last word. */
  readonly termination: string;
}

export function attemptFiles(folder: string): AttemptFiles {
  return {
    process: join(folder, 'process'),
    exit: join(folder, 'exit'),
    log: join(folder, 'log'),
    termination: join(folder, 'termination'),
  };
}

/** Who runs an attempt, so exactly that a process id which was given to another since is not taken for it. */
export interface ProcessRecord {
  /** Also of the process group. */
  readonly pid: number;
  /** /proc/sys/kernel/random/boot_id; empty where there is none. */
  readonly bootId: string;
  /** In clock ticks since the boot (proc_pid_stat(5), field 22); empty where there is no /proc. */
  readonly startTicks: string;
}

/** Written into the file in place of a record, by whoever decides that the attempt is never to run. */
const VOID = 'void\n';

/**
 * Reads what the attempt's shell has recorded: its pid, the boot and its line of /proc/<pid>/stat, each on a line.
 *
 * @returns undefined where there is no record; `void` where there never will be one
 */
export async function readProcessRecord(path: string): Promise<ProcessRecord | 'void' | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  if (text === VOID) return 'void';
  const [pid = '', bootId = '', stat = ''] = text.split('\n');
  return { pid: Number(pid), bootId, startTicks: parseStat(stat)?.startTicks ?? '' };
}

/** Makes sure that an attempt that has no record yet never gets one. @returns whether it had none */
export async function voidAttempt(path: string): Promise<boolean> {
  const own = `${path}.void`;
  await rm(own, { force: true });
  await writeFileDurably(own, VOID);
  try {
    await link(own, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(own);
  }
}

/** The exit code that an attempt's shell has left, and when. */
export async function readExit(path: string): Promise<{ readonly exitCode: number; readonly at: Date } | undefined> {
  const text = await readIfThere(path);
  if (text === undefined || !/^\d{1,3}\n$/.test(text)) return undefined;
  return { exitCode: Number(text), at: (await stat(path)).mtime };
}

/** Makes what another process has written and renamed survive a power cut. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(path));
}

/** Makes an empty file that only its owner can read, to be appended to. Throws `EEXIST` where it stands. */
export async function createFile(path: string): Promise<void> {
  const handle = await open(path, 'ax', PRIVATE_FILE_MODE);
  await handle.close();
}

/** The state letter and start time of a /proc/<pid>/stat line. The name in parentheses may hold anything. */
export function parseStat(line: string): { readonly state: string; readonly startTicks: string } | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state?.length !== 1 || startTicks === undefined || !/^\d+$/.test(startTicks)) return undefined;
  return { state, startTicks };
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    // A process that ends while it is looked at gives ESRCH.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return undefined;
    throw error;
  }
}
