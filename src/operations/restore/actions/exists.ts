import { lstat } from 'node:fs/promises';
import { systemCode } from '../../../base/index.ts';
import { storageError } from '../../../store/index.ts';

/** Whether a name is taken; a dangling link takes it too. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw storageError(error, path);
  }
}
