import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatBackupId, parseBackupFileName } from '../backup/index.ts';
import { systemCode } from '../base/index.ts';
import { storageError } from '../store/index.ts';

/** What lies at a path that a user gave. Throws StoreError where it cannot be looked at. */
export async function kindOfPath(path: string): Promise<'folder' | 'file' | 'nothing'> {
  try {
    return (await lstat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return 'nothing';
    throw storageError(error, path);
  }
}

/** The id, in its folder, of the backup that a file belongs to by its name; undefined for files of other names. */
export function backupIdOfFile(path: string): string | undefined {
  const name = parseBackupFileName(basename(path));
  return name === undefined || name.part ? undefined : formatBackupId(name.timestamp, name.dirty);
}
