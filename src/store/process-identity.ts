import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCode } from '../base/index.ts';

/**
 * Who a process is, so exactly that another process can tell whether it still lives. A process id alone is reused; the
 * id with its start time, inside one boot and one process-id namespace, is not (proc(5), /proc/pid/stat field 22).
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Start time in clock ticks since the boot; absent where there is no /proc. */
  readonly startTicks?: string | undefined;
  /** /proc/sys/kernel/random/boot_id: one value a boot, the same in all containers of a machine. */
  readonly bootId?: string | undefined;
  /** The process-id namespace, `pid:[4026531836]`: a container's pid 7 is not the host's. */
  readonly pidNamespace?: string | undefined;
  /** /etc/machine-id, so that two hosts that are both called `localhost` are not taken for one. */
  readonly machineId?: string | undefined;
}

/** What this process can say of itself. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const [stat, bootId, machineId, pidNamespace] = await Promise.all([
    readText('/proc/self/stat'),
    readText('/proc/sys/kernel/random/boot_id'),
    readText('/etc/machine-id'),
    readlink('/proc/self/ns/pid').catch(() => undefined),
  ]);
  const startTicks = stat === undefined ? undefined : parseStat(stat)?.startTicks;
  return { pid: process.pid, host: hostname(), startTicks, bootId, pidNamespace, machineId };
}

/**
 * Whether a process lives, as far as this one can know: `unknown` for a process of another machine or container.
 */
export async function isAlive(other: ProcessIdentity, own: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
  if (other.bootId === undefined || own.bootId === undefined) return 'unknown';
  if (other.bootId !== own.bootId) {
    const sameMachine = other.host === own.host && other.machineId !== undefined && other.machineId === own.machineId;
    return sameMachine ? 'dead' : 'unknown';
  }
  if (other.pidNamespace === undefined || other.pidNamespace !== own.pidNamespace) return 'unknown';
  const stat = await readText(`/proc/${other.pid}/stat`);
  if (stat === undefined) return isGone(other.pid) ? 'dead' : 'unknown';
  const found = parseStat(stat);
  if (found === undefined) return 'unknown';
  // A zombie holds nothing any more; it only waits for its parent to look.
  if (found.state === 'Z' || found.state === 'X') return 'dead';
  return found.startTicks === other.startTicks ? 'alive' : 'dead';
}

/** Asks the kernel, since /proc mounted with hidepid= hides other users' processes that live. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

/** The state letter and start time of a /proc/pid/stat line. The command in parentheses may itself hold spaces and parentheses. */
export function parseStat(line: string): { readonly state: string; readonly startTicks: string } | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state?.length !== 1 || startTicks === undefined || !/^\d+$/.test(startTicks)) return undefined;
  return { state, startTicks };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
