import { lstat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { scanRepository, type Backup } from '../../backup/index.ts';
import { backupIdOfFile, kindOfPath } from '../backup-path.ts';
import { OperationError } from '../errors.ts';

export interface FindBackupRequest {
  /** A folder of backups (the newest counts), a file of a backup, a backup's id in its folder, or any snapshot file. */
  readonly path: string;
  readonly resourcesDir: string | undefined;
  readonly signal: AbortSignal;
}

/** What is to be restored, and what else its folder holds. */
export interface FoundBackup {
  readonly backup: Backup;
  /** All of the folder: their manifests say how far the cluster had come. */
  readonly neighbours: readonly Backup[];
}

/**
 * Finds the backup that a path names. Of a folder it is the newest one that is whole.
 *
 * @throws OperationError `OPERATION_NOTHING_FOUND`, StoreError
 */
export async function findBackup({ path, resourcesDir, signal }: FindBackupRequest): Promise<FoundBackup> {
  const kind = await kindOfPath(path);
  const folder = kind === 'folder' ? path : dirname(path);
  const neighbours =
    kind === 'nothing' && (await kindOfPath(folder)) !== 'folder'
      ? []
      : (await scanRepository(folder, { resourcesDir, signal })).backups;
  if (kind === 'folder') {
    const whole = neighbours.find(({ state }) => state !== 'incomplete');
    if (whole === undefined) throw nothingFound(path);
    return { backup: whole, neighbours };
  }
  const id = kind === 'file' ? backupIdOfFile(path) : basename(path);
  const named = neighbours.find((each) => each.id === id);
  if (named !== undefined) return { backup: named, neighbours };
  if (kind === 'nothing') throw nothingFound(path);
  return { backup: await bareSnapshot(path), neighbours };
}

/** A snapshot under a name of its own: etcdctl's, or a copy of `member/snap/db`. */
async function bareSnapshot(path: string): Promise<Backup> {
  const { size, mtime } = await lstat(path);
  return {
    id: basename(path),
    folder: dirname(path),
    subfolder: undefined,
    timestamp: '',
    created: mtime,
    files: [{ kind: 'snapshot', path, size }],
    bytes: size,
    manifest: undefined,
    state: 'unverified',
    problems: [],
  };
}

function nothingFound(path: string): OperationError {
  return new OperationError('OPERATION_NOTHING_FOUND', `${path} names no backup that could be restored`, {
    subject: path,
    hint: 'Give a backup, one of its files, a snapshot, or a folder of backups; holdfast list <folder> shows what there is.',
  });
}
