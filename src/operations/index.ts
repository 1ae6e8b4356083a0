export type { BackupReport, BackupRequest } from './backup-request.ts';
export type { EtcdOverrides } from './backup-source.ts';
export { OperationError, operationErrors, operationFindings } from './errors.ts';
export type { SnapshotInspection } from './inspect-snapshot.ts';
export { listBackups, type Listing, type ListRequest } from './list-backups.ts';
export { pruneBackups, type PruneReport, type PruneRequest } from './prune-backups.ts';
export {
  restoreMemberFrom,
  type BumpChoice,
  type RestoreMemberReport,
  type RestoreMemberRequest,
} from './restore-member.ts';
export { snapshotStatus, type StatusReport } from './snapshot-status.ts';
export type { Surroundings } from './surroundings.ts';
export { takeBackup } from './take-backup.ts';
export type { BackupVerification } from './verify-backup.ts';
export { verifyPath, type VerifyReport, type VerifyRequest } from './verify-path.ts';
export { OVERRIDABLE, RecoveryError, recoveryErrors, recoveryFindings } from './restore/errors.ts';
export type { RecordEvent, RestoreSurroundings } from './restore/contracts.ts';
export type { RestoreHostRequest, RestoreOnHostRequest, RestorePreview, RestoreReport } from './restore/requests.ts';
export { restoreHost, rollBackHost } from './restore/restore-host.ts';
