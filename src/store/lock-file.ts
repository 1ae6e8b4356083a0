import { constants } from 'node:fs';
import { link, open, readdir, readFile, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { PRIVATE_FILE_MODE, systemCode } from '../base/index.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

const text = z.string().min(1).max(300);
const contentSchema = z.object({
  /** A random UUID, so that one lock is never taken for another. */
  token: z.uuid(),
  pid: z.int().positive(),
  host: z.string().max(300),
  startTicks: text.optional(),
  bootId: text.optional(),
  pidNamespace: text.optional(),
  machineId: text.optional(),
  /** When it was acquired, by its owner's clock; for people only. */
  since: text,
  /** What the owner does: `holdfast backup /var/backups`. */
  purpose: text,
});

/** What a lock file says. */
export type LockContent = Readonly<z.output<typeof contentSchema>>;

/** A lock file as found. */
export interface FoundLock {
  /** What tells this lock from every other one: its token; for one that cannot be read its inode. */
  readonly key: string;
  readonly path: string;
  /** Absent where the file is empty or damaged: its writer is at work, or died while it was. */
  readonly content: LockContent | undefined;
  /** Last sign of life, by the file server's clock. */
  readonly mtimeMs: number;
}

/** The file's bytes. They end in a line feed, which a heartbeat writes anew. */
export function encodeLock(content: LockContent): string {
  return `${JSON.stringify(content)}\n`;
}

/** Reads a lock file; undefined where there is none. */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { ino, mtimeMs } = await file.stat();
    const content = parseContent(await file.readFile('utf8'));
    return { key: content?.token ?? `inode-${ino}`, path, content, mtimeMs };
  } finally {
    await file.close();
  }
}

function parseContent(json: string): LockContent | undefined {
  try {
    return contentSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/** Writes a new file and gives back its time of change: now, by the file server's clock. */
export async function writeNew(path: string, content: string): Promise<number> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, PRIVATE_FILE_MODE);
  try {
    await file.writeFile(content);
    await file.sync();
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
  }
}

/**
 * Gives a file that is already whole a second name, if nothing has that name; false if something does. Without hard
 * links (FAT, some network file systems) the second one is created and written instead; whoever reads it before it is
 * whole takes it for one being written.
 */
export async function claim(from: string, name: string): Promise<boolean> {
  try {
    await link(from, name);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
  }
  try {
    await writeNew(name, await readFile(from, 'utf8'));
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Whether the owner of a lock is dead: by its process where that can be seen from here, else by its silence.
 *
 * @param serverNowMs - now by the file server's clock, so that hosts whose clocks differ judge alike
 * @param silentMs - how long a living owner may be silent
 */
export async function isDead(
  lock: FoundLock,
  own: ProcessIdentity,
  serverNowMs: number,
  silentMs: number,
): Promise<boolean> {
  const seen = lock.content === undefined ? 'unknown' : await isAlive(lock.content, own);
  return seen === 'unknown' ? serverNowMs - lock.mtimeMs > silentMs : seen === 'dead';
}

/** Removes a file that may be gone already. */
export async function removeQuietly(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
}

/** Removes what killed processes left beside a lock, once it has been silent for long enough. */
export async function sweep(path: string, serverNowMs: number, silentMs: number): Promise<void> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !/^(?:[0-9a-f-]{36}|inode-\d+)\.(?:new|after)$/.test(name.slice(prefix.length)))
      continue;
    const left = await readLock(join(folder, name));
    if (left !== undefined && serverNowMs - left.mtimeMs > silentMs) await removeQuietly(left.path);
  }
}
