import { readdir } from 'node:fs/promises';
import { systemCode } from '../../../base/index.ts';
import { parseStat, readIfThere, type ProcessRecord } from './attempt-files.ts';

/** Whether the very process that was recorded lives. A zombie does not: it only waits for its parent to look. */
export async function isAlive({ pid, bootId, startTicks }: ProcessRecord): Promise<boolean> {
  if (!(await isThisBoot(bootId))) return false;
  const stat = parseStat((await readIfThere(`/proc/${pid}/stat`)) ?? '');
  if (startTicks === '') return exists(pid);
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** Whether anything of a process group lives, its leader or what that has left behind. */
export async function isGroupAlive(record: ProcessRecord): Promise<boolean> {
  if (!(await isThisBoot(record.bootId)) || !exists(-record.pid)) return false;
  if (await isAlive(record)) return true;
  // The kernel gives a number away again only when no group has it any more; but zombies still count there.
  const stats = await Promise.all((await processIds()).map((pid) => readIfThere(`/proc/${pid}/stat`)));
  return stats.some((line = '') => {
    const [state, , group] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return group === String(record.pid) && state !== 'Z' && state !== 'X';
  });
}

/** Sends a signal to all processes of a group; nothing where there is none. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

async function isThisBoot(bootId: string): Promise<boolean> {
  const current = (await readIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? '';
  return current === bootId;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

async function processIds(): Promise<readonly string[]> {
  try {
    return (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
