import { readdir, readFile } from 'node:fs/promises';

/** A process as /proc shows it. */
export interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
  /** The process group. */
  readonly group: number;
  readonly args: readonly string[];
}

/** The processes that live and have this text in one of their arguments; zombies do not live. */
export async function processesWith(text: string): Promise<readonly FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => readProcess(pid).catch(() => undefined)));
  return found.filter((each) => each !== undefined).filter(({ args }) => args.some((arg) => arg.includes(text)));
}

async function readProcess(pid: number): Promise<FoundProcess | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [state = '', parent = '', group = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  return { pid, parent: Number(parent), group: Number(group), args };
}

/** Sends a signal; that the process has ended meanwhile is no failure. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
