import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCode } from '../base/index.ts';
import { storageError } from './errors.ts';

/** A regular file of a repository. */
export interface StoredFile {
  /** Its name without folder. */
  readonly name: string;
  /** The folder it lies in: the one scanned or a direct sub-folder. */
  readonly folder: string;
  /** The direct sub-folder's name; absent for files of the folder scanned. */
  readonly subfolder?: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Time of the last change, milliseconds since 1970. */
  readonly mtimeMs: number;
}

/** Something that could not be looked into. */
export interface Unreadable {
  readonly path: string;
  readonly reason: string;
}

export interface FolderScan {
  readonly files: readonly StoredFile[];
  /** Names of the direct sub-folders. */
  readonly subfolders: readonly string[];
  readonly unreadable: readonly Unreadable[];
}

/** How many files are looked at together: enough to hide a network's latency, few enough for any file system. */
const AT_ONCE = 32;

/**
 * Lists the regular files of a folder and of its direct sub-folders, in no particular order. Symbolic links are not
 * followed, neither are they listed. A sub-folder or file that cannot be read is reported and passed over.
 *
 * @throws StoreError where the folder itself cannot be read
 */
export async function scanFolder(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<FolderScan> {
  const unreadable: Unreadable[] = [];
  const names: { readonly name: string; readonly subfolder?: string }[] = [];
  const subfolders: string[] = [];
  for (const entry of await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw storageError(error, path);
  })) {
    if (entry.isDirectory()) subfolders.push(entry.name);
    else if (entry.isFile()) names.push({ name: entry.name });
  }
  await eachBounded(subfolders, options.signal, async (subfolder) => {
    const inside = join(path, subfolder);
    try {
      for (const entry of await readdir(inside, { withFileTypes: true }))
        if (entry.isFile()) names.push({ name: entry.name, subfolder });
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') unreadable.push({ path: inside, reason: messageOf(error) });
    }
  });
  const files: StoredFile[] = [];
  await eachBounded(names, options.signal, async ({ name, subfolder }) => {
    const folder = subfolder === undefined ? path : join(path, subfolder);
    const file = join(folder, name);
    try {
      const { size, mtimeMs } = await lstat(file);
      files.push({ name, folder, ...(subfolder === undefined ? {} : { subfolder }), path: file, size, mtimeMs });
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') unreadable.push({ path: file, reason: messageOf(error) });
    }
  });
  return { files, subfolders, unreadable };
}

/** Runs `work` on every item, at most {@link AT_ONCE} at a time. Stops at the first failure or when the signal aborts. */
export async function eachBounded<T>(
  items: readonly T[],
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      signal?.throwIfAborted();
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
