import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCode } from '../base/index.ts';
import { storageError } from './errors.ts';

/** The folder itself, or the nearest of its parents that exists. */
async function nearestExisting(path: string): Promise<string> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      await stat(at);
      return at;
    } catch (error) {
      const code = systemCode(error);
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || at === dirname(at)) throw storageError(error, at);
    }
  }
}

/**
 * Bytes that this process may still write to the file system of a folder, which need not exist yet. Quotas are not
 * seen. Throws StoreError where the path cannot be looked at.
 */
export async function freeSpace(path: string): Promise<number> {
  return (await volumeSpace(path)).freeBytes;
}

/**
 * The size of the file system of a folder, and what this process may still write to it, in bytes. Quotas are not seen.
 * Throws StoreError where the path cannot be looked at.
 */
export async function volumeSpace(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
  const existing = await nearestExisting(path);
  try {
    const { bavail, blocks, bsize } = await statfs(existing);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch (error) {
    throw storageError(error, existing);
  }
}

/** Whether two folders, which need not exist yet, lie on one file system, so that their space is shared. */
export async function sameFileSystem(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([nearestExisting(a), nearestExisting(b)]);
  const [statA, statB] = await Promise.all([stat(first), stat(second)]);
  return statA.dev === statB.dev;
}
