import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, PRIVATE_FOLDER_MODE, systemCode } from '../../../base/index.ts';
import { writeFailed } from '../../../host/index.ts';
import { moveOnce } from './move.ts';

/**
 * Moves everything that lies in a folder into another one, one rename an entry; both folders stay, so that one may be
 * a mount point. Moving again moves what is left.
 *
 * @param keep - names that stay where they are
 * @throws RecoveryError, HostError HOST_WRITE_FAILED
 */
export async function moveContents(from: string, into: string, keep: readonly string[]): Promise<void> {
  const names = (await list(from)).filter((name) => !keep.includes(name)).sort();
  try {
    await makePrivateFolder(into);
  } catch (error) {
    throw writeFailed(into, error);
  }
  for (const name of names) await moveOnce(join(from, name), join(into, name));
}

/** Makes a folder that may be there already, 0700. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: PRIVATE_FOLDER_MODE, recursive: true });
  } catch (error) {
    throw writeFailed(path, error);
  }
}

/** Removes a folder if it is there and nothing is in it. */
export async function removeIfEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error: unknown) => {
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EBUSY')
      throw writeFailed(path, error);
  });
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw writeFailed(folder, error);
  }
}
