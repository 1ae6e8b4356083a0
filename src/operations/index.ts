export type { BackupReport, BackupRequest } from './take-backup/backup-request.ts';
export type { EtcdOverrides } from './take-backup/backup-source.ts';
export { OperationError, operationErrors, operationFindings } from './errors.ts';
export type { SnapshotInspection } from './inspect/inspect-snapshot.ts';
export type { Listing, ListRequest } from './list-backups.ts';
export {
  listBackups,
  pruneBackups,
  restoreHost,
  restoreMemberFrom,
  restoreQuorum,
  rollBackHost,
  snapshotStatus,
  takeBackup,
  verifyPath,
} from './on-demand.ts';
export type { PruneReport, PruneRequest } from './prune-backups.ts';
export type { BumpChoice, RestoreMemberReport, RestoreMemberRequest } from './restore/restore-member.ts';
export type { StatusReport } from './snapshot-status.ts';
export type { Surroundings } from './surroundings.ts';
export type { BackupVerification } from './verify-backup.ts';
export type { VerifyReport, VerifyRequest } from './verify-path.ts';
export { OVERRIDABLE, RecoveryError, recoveryErrors, recoveryFindings } from './restore/errors.ts';
export type { RecordEvent, RestoreSurroundings } from './restore/contracts.ts';
export type {
  InstructionsReport,
  RestoreHostRequest,
  RestoreOnHostRequest,
  RestorePreview,
  RestoreReport,
} from './restore/requests.ts';
