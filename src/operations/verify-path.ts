import { basename, dirname } from 'node:path';
import { scanRepository, type Backup } from '../backup/index.ts';
import { hasErrors } from '../base/index.ts';
import { backupIdOfFile, kindOfPath } from './backup-path.ts';
import { OperationError } from './errors.ts';
import { inspectSnapshotFile } from './inspect/inspect-snapshot.ts';
import type { Surroundings } from './surroundings.ts';
import { verifyBackup, type BackupVerification } from './verify-backup.ts';

export interface VerifyRequest {
  /** A folder of backups, a file of a backup, a backup's id in its folder, or any snapshot file. */
  readonly path: string;
  readonly resourcesDir: string | undefined;
}

export interface VerifyReport {
  readonly path: string;
  /** Whether everything that was examined is good. */
  readonly good: boolean;
  /** Newest first. */
  readonly backups: readonly BackupVerification[];
}

type Verifying = Pick<Surroundings, 'signal' | 'progress' | 'inspectWorker'>;

/**
 * Verifies whatever a path names.
 *
 * @throws OperationError `OPERATION_NOTHING_FOUND` where it names nothing that can be verified, and what {@link verifyBackup} throws
 */
export async function verifyPath(
  { path, resourcesDir }: VerifyRequest,
  surroundings: Verifying,
): Promise<VerifyReport> {
  const kind = await kindOfPath(path);
  if (kind === 'folder') {
    const { backups } = await scanRepository(path, { resourcesDir, signal: surroundings.signal });
    return verifyAll(path, backups, surroundings);
  }
  const wanted = kind === 'file' ? backupIdOfFile(path) : basename(path);
  if (wanted !== undefined) {
    const { backups } = await scanRepository(dirname(path), { resourcesDir, signal: surroundings.signal });
    return verifyAll(
      path,
      backups.filter(({ id }) => id === wanted),
      surroundings,
    );
  }
  return verifyBareSnapshot(path, surroundings);
}

async function verifyAll(path: string, backups: readonly Backup[], surroundings: Verifying): Promise<VerifyReport> {
  if (backups.length === 0) throw nothingFound(path);
  const verified: BackupVerification[] = [];
  for (const backup of backups) verified.push(await verifyBackup(backup, surroundings));
  return { path, good: verified.every(({ good }) => good), backups: verified };
}

/** A snapshot under a name of its own: etcdctl's, or a raw `member/snap/db`. */
async function verifyBareSnapshot(path: string, surroundings: Verifying): Promise<VerifyReport> {
  const snapshot = await inspectSnapshotFile(path, { hash: true }, surroundings);
  const good = !hasErrors(snapshot.findings);
  const verification = {
    id: basename(path),
    folder: dirname(path),
    good,
    snapshot,
    resources: undefined,
    findings: snapshot.findings,
  };
  return { path, good, backups: [verification] };
}

function nothingFound(path: string): OperationError {
  return new OperationError(
    'OPERATION_NOTHING_FOUND',
    `${path} names no snapshot, no backup and no folder of backups`,
    {
      subject: path,
      hint: 'Give a folder of backups, one file of a backup, or a snapshot; holdfast list <folder> shows what there is.',
    },
  );
}
