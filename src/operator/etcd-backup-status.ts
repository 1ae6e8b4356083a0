import type { ApiServerError, Job } from '../apiserver/index.ts';
import { formatBytes } from '../base/index.ts';
import { formatTime } from '../controller/index.ts';
import {
  etcdBackupConditions,
  outcomeOf,
  type BackupFailure,
  type EtcdBackup,
  type EtcdBackupCondition,
  type SucceededReport,
  type TakenBackup,
} from '../crd/index.ts';
import { hold, type Pass } from './reconcile.ts';

/** What a pass over an EtcdBackup can say of it. Reasons are the types, as the API has it; codes stand in `status.failure`. */
export type EtcdBackupPass = Pass<EtcdBackup>;

/** The backup waits, for a turn or for somebody. */
export function pending(pass: EtcdBackupPass, message: string): void {
  conclude(pass, 'BackupPending', message);
}

/** The API server does not do what the backup needs next; the operator comes back to it by itself. */
export function hindered(pass: EtcdBackupPass, { message, hint }: ApiServerError): void {
  if (outcomeOf({ status: pass.status }) !== 'BackupPending') return;
  const job = pass.status.backupJob?.name;
  pending(pass, `${job === undefined ? 'waiting' : executing(job)}: ${message}. ${hint}`);
}

/** A Job is there. */
export function started(pass: EtcdBackupPass, job: Job): void {
  const { name, namespace = '', creationTimestamp } = job.metadata;
  const message = executing(name);
  if (pass.status.backupJob === undefined) {
    pass.status.backupJob = { namespace, name };
    pass.events.push({ type: 'Normal', reason: 'BackupStarted', message });
  }
  pass.status.startTime ??= creationTimestamp === '' ? formatTime(pass.now) : creationTimestamp;
  pending(pass, message);
}

/** In the words of the reference's operator. */
export function executing(job: string): string {
  return `Executing job ${job} to save the backup`;
}

/** The backup was verified and stands. */
export function completed(pass: EtcdBackupPass, report: SucceededReport, at: string): void {
  const taken = takenFrom(report);
  pass.status.backup = taken;
  end(pass, 'BackupCompleted', describeTaken(taken), at);
}

/** There is no backup. */
export function failed(pass: EtcdBackupPass, failure: BackupFailure, at?: string): void {
  pass.status.failure = failure;
  end(pass, 'BackupFailed', failure.message, at, [`(${failure.code})`, failure.hint].filter(Boolean).join(' '));
}

/** A scheduled backup that is not taken. */
export function skipped(pass: EtcdBackupPass, message: string): void {
  end(pass, 'BackupSkipped', message);
}

/** `backup-nightly-2026-11-22_154400: revision 31407, hash 3866667823, 114.4 MiB, 3.2 s` */
export function describeTaken({ folder, revision, hash, size, seconds, forced = false }: TakenBackup): string {
  const mark = forced ? ', taken although a check refused and so marked __POSSIBLY_DIRTY__' : '';
  return `${folder}: revision ${revision}, hash ${hash}, ${size ?? '?'}, ${seconds.toFixed(1)} s${mark}`;
}

function takenFrom(report: SucceededReport): TakenBackup {
  const { kept, volume, certificatesExpireAt } = report;
  return {
    folder: report.folder,
    id: report.id,
    revision: report.revision,
    hash: report.hash,
    totalKey: report.totalKey,
    snapshotBytes: report.snapshotBytes,
    bytes: report.bytes,
    size: formatBytes(report.bytes),
    seconds: report.seconds,
    verifiedAt: report.verifiedAt,
    forced: report.forced,
    warnings: report.warnings,
    ...(volume && { volume }),
    ...(certificatesExpireAt !== undefined && { certificatesExpireAt }),
    ...(kept && { kept }),
  };
}

function end(
  pass: EtcdBackupPass,
  type: EtcdBackupCondition,
  message: string,
  at: string = formatTime(pass.now),
  more = '',
): void {
  pass.status.completionTime = at;
  conclude(pass, type, message);
  const words = more === '' ? message : `${message} ${more}`;
  pass.events.push({ type: type === 'BackupCompleted' ? 'Normal' : 'Warning', reason: type, message: words });
}

/** One condition is True; those that were before it stay, as False, with what they said. */
function conclude(pass: EtcdBackupPass, type: EtcdBackupCondition, message: string): void {
  for (const former of pass.status.conditions ?? [])
    if (former.type !== type && former.type in etcdBackupConditions && former.status === 'True')
      hold(pass, {
        type: former.type,
        status: 'False',
        reason: former.reason ?? former.type,
        message: former.message ?? '',
      });
  hold(pass, { type, status: 'True', reason: type, message });
}
