import { spawn, type ChildProcess } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { guarded } from './programs.ts';
import { succeed } from './run-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A place that runs full: what is written beyond its size fails. It goes when the running test has finished. */
export interface SmallDisk {
  /** Where to write. The test can read and list it too, from outside. */
  readonly folder: string;
  /** Turns a command line into the one that meets the limit. Run nothing else in the folder. */
  wrap(argv: readonly string[]): readonly string[];
  /** What a write beyond the size fails with. */
  readonly errorCode: 'ENOSPC' | 'EFBIG';
  /**
   * `disk`: a file system of that size, so free space can be asked for and all files together count.
   * `file`: each file may grow to that size.
   */
  readonly limits: 'disk' | 'file';
  /** Makes a `disk` read-only, or lets it be written to again. */
  remount(how: 'ro' | 'rw'): Promise<void>;
}

// The new mount namespace belongs to this one process, so the file system goes when it does, whatever happens.
const HOLDER = 'mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$2" && echo mounted && exec cat >/dev/null';

/**
 * Mounts a small file system where the machine lets us (as root, or in a user namespace of our own), and limits the
 * size of files elsewhere; every machine can do that. Ask `limits` which it became.
 */
export async function smallDisk({ bytes }: { readonly bytes: number }): Promise<SmallDisk> {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const point = await temporaryFolder();
  const holder = await startHolder(['unshare', ...user, '--mount', 'sh', '-c', HOLDER, 'sh', String(bytes), point]);
  if (holder?.pid === undefined) return limitedFiles(bytes);
  const ended = new Promise((resolve) => holder.once('exit', resolve));
  onTestFinished(async () => {
    holder.kill('SIGKILL');
    await ended;
  });
  return {
    // The kernel shows that process's files here, to whoever may trace it.
    folder: `/proc/${holder.pid}/root${point}`,
    wrap: (argv) => argv,
    errorCode: 'ENOSPC',
    limits: 'disk',
    remount: async (how) => {
      const inside = ['nsenter', '--target', String(holder.pid), ...(user.length > 0 ? ['--user'] : []), '--mount'];
      await succeed([...inside, 'mount', '-o', `remount,${how},size=${bytes}`, point]);
    },
  };
}

/** A folder whose files may each grow to so many bytes (a multiple of 512) and no further, by `ulimit -f`. */
export async function limitedFiles(bytes: number): Promise<SmallDisk> {
  const blocks = String(Math.floor(bytes / 512));
  return {
    folder: await temporaryFolder(),
    // Node ignores the signal that comes with the limit, so the write fails with an error code.
    wrap: (argv) => ['sh', '-c', 'ulimit -f "$1"; shift; exec "$@"', 'sh', blocks, ...argv],
    errorCode: 'EFBIG',
    limits: 'file',
    remount: () => Promise.reject(new Error('there is no disk to remount')),
  };
}

/** Resolves to the running process once it has mounted, or to undefined where it cannot. */
function startHolder([program = '', ...args]: readonly string[]): Promise<ChildProcess | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    guarded(child);
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
    child.stdout.once('data', () => resolve(child));
  });
}
