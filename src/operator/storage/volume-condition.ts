import type { BackupFailure } from '../../crd/index.ts';
import type { EtcdBackupPass } from '../etcd-backup-status.ts';
import { hold } from '../reconcile.ts';
import type { UsableVolume } from './check-volume.ts';

/** Of an EtcdBackup: whether the place that it is to be written to can be had. Absent until that was looked at. */
export const VOLUME_READY = 'VolumeReady';

/** What `holdfast backup` reports of the file system that it writes to, as codes of errors and findings. */
const FOUND_BY_BACKUPS: ReadonlySet<string> = new Set([
  'BACKUP_NO_ROOM',
  'STORE_FULL',
  'STORE_QUOTA',
  'STORE_FILE_TOO_LARGE',
  'STORE_READ_ONLY',
  'STORE_DENIED',
  'STORE_IO',
]);

/** Says that the place cannot be had; an event tells of it once. */
export function volumeNotReady(pass: EtcdBackupPass, { code, message }: Pick<BackupFailure, 'code' | 'message'>): void {
  const before = conditionOf(pass);
  holdFalse(pass, code, message);
  if (before?.status !== 'False' || before.reason !== code)
    pass.events.push({ type: 'Warning', reason: 'VolumeNotReady', message: `${message} (${code})` });
}

export function volumeReady(pass: EtcdBackupPass, { message, isSmall }: UsableVolume): void {
  const before = conditionOf(pass);
  const reason = isSmall ? 'VolumeSmall' : 'VolumeUsable';
  hold(pass, { type: VOLUME_READY, status: 'True', reason, message });
  if (isSmall && before?.reason !== reason) pass.events.push({ type: 'Warning', reason, message });
}

/** Says so of a backup that fails for it, which has an event of its own. */
export function failedForVolume(pass: EtcdBackupPass, { code, message }: BackupFailure): void {
  holdFalse(pass, code, message);
}

/** Says so where it was the volume that a backup's Job failed for: it was full, or read-only. */
export function tellOfVolume(pass: EtcdBackupPass, failure: BackupFailure, findings: readonly string[]): void {
  const code = [failure.code, ...findings].find((each) => FOUND_BY_BACKUPS.has(each));
  if (code !== undefined) holdFalse(pass, code, failure.message);
}

function holdFalse(pass: EtcdBackupPass, reason: string, message: string): void {
  hold(pass, { type: VOLUME_READY, status: 'False', reason, message });
}

function conditionOf({
  status,
}: EtcdBackupPass): { readonly status: string; readonly reason?: string | undefined } | undefined {
  return status.conditions?.find(({ type }) => type === VOLUME_READY);
}
