import { constants } from 'node:fs';
import { open, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PRIVATE_FILE_MODE, syncFolder, systemCode } from '../base/index.ts';
import { storageError } from './errors.ts';

/** Where {@link probeWritable} writes; it holds nothing, so one left by a killed process is simply written again. */
const PROBE_NAME = '.holdfast.probe';
/** Enough that a file system with no block left, or an exhausted quota, says so. */
const PROBE_BYTES = 4096;

/**
 * Proves that files can be written to an existing folder: creates a small one, flushes it and removes it.
 * Throws StoreError with the reason (read-only, denied, full, no such folder …).
 */
export async function probeWritable(folder: string): Promise<void> {
  const path = join(folder, PROBE_NAME);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  let file: FileHandle | undefined;
  try {
    file = await open(path, flags, PRIVATE_FILE_MODE);
    await file.writeFile(Buffer.alloc(PROBE_BYTES));
    await file.sync();
  } catch (error) {
    throw storageError(error, folder);
  } finally {
    await file?.close();
    if (file !== undefined) await removeFile(path);
  }
}

/**
 * Removes a file and makes the removal durable. Gives back false where it was gone already.
 * Throws StoreError where it cannot be removed.
 */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw storageError(error, path);
  }
}

/**
 * Removes a folder if nothing is left in it, durably. Gives back false where it holds something or is gone already.
 * Throws StoreError where it cannot be removed for another reason.
 */
export async function removeEmptyFolder(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return false;
    throw storageError(error, path);
  }
}
