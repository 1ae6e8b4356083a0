import type { BackupFailure } from '../../crd/index.ts';
import type { EtcdBackupPass } from '../etcd-backup-status.ts';
import { hold } from '../reconcile.ts';
import type { UsableVolume } from './check-volume.ts';

/**
 * Of an EtcdBackup: False while the place that it is to be written to cannot be had, and where that was why it failed; else
 * absent. It is never True, since kubectl shows as the status whatever is.
 */
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
  const isNews = !pass.status.conditions?.some(({ type, reason }) => type === VOLUME_READY && reason === code);
  holdFalse(pass, code, message);
  if (isNews) pass.events.push({ type: 'Warning', reason: 'VolumeNotReady', message: `${message} (${code})` });
}

/** @param volume - undefined: the disk of a node */
export function volumeReady(pass: EtcdBackupPass, volume: UsableVolume | undefined): void {
  const { conditions } = pass.status;
  if (conditions !== undefined) pass.status.conditions = conditions.filter(({ type }) => type !== VOLUME_READY);
  if (volume?.isSmall === true) pass.events.push({ type: 'Warning', reason: 'VolumeSmall', message: volume.message });
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
