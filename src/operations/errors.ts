import { HoldfastError, type ErrorDetails, type ErrorTable, type Finding } from '../base/index.ts';

export const operationErrors = {
  OPERATION_REFUSED: {
    kind: 'needs-user',
    meaning: 'A check found something that must be mended first, mostly before the start.',
  },
  OPERATION_NOT_GOOD: {
    kind: 'permanent',
    meaning: 'What was taken or read is damaged or incomplete; it was not given a final name.',
  },
  OPERATION_NOTHING_FOUND: { kind: 'needs-user', meaning: 'The path names no snapshot, backup or folder of backups.' },
  OPERATION_TIMED_OUT: { kind: 'transient', meaning: 'The whole run took longer than --timeout allows.' },
} as const satisfies ErrorTable;

/** A verb could not be carried out. */
export class OperationError extends HoldfastError<keyof typeof operationErrors> {
  /** Everything that was found, where a check or a verification is what failed. */
  readonly findings: readonly Finding[];

  constructor(
    code: keyof typeof operationErrors,
    message: string,
    details: ErrorDetails & { readonly findings?: readonly Finding[] },
  ) {
    super(operationErrors[code], code, message, details);
    this.findings = details.findings ?? [];
  }
}

/** Codes of the findings that the verbs add to those of the subjects. */
export const operationFindings = {
  BACKUP_ROLLOUT_IN_PROGRESS:
    'An operator is rolling out a new revision, so snapshot and static pods may not belong together.',
  BACKUP_ROLLOUT_UNKNOWN: 'Whether an operator is rolling out could not be learned from the API server.',
  BACKUP_ROLLOUT_BEGAN:
    'An operator began to roll out while the backup was taken, so snapshot and static pods may not belong together.',
  BACKUP_CORRUPT_ALARM: 'etcd reports that a member’s data is corrupt.',
  BACKUP_NOSPACE_ALARM: 'etcd is over its space quota and refuses writes; it can still be backed up.',
  BACKUP_NO_ROOM: 'The file system has too little room for the backup.',
  BACKUP_NO_QUORUM: 'The cluster has no quorum; a snapshot of one member needs none, but may lack the latest writes.',
  BACKUP_MEMBER_UNREACHABLE: 'A member did not answer.',
  BACKUP_MEMBER_RUNNING: 'The member whose data directory is to be copied has not stopped.',
  BACKUP_LOG_AHEAD: 'Some writes lie only in the write-ahead log of the stopped member, and not in its database.',
  BACKUP_LOG_UNREADABLE: 'The write-ahead log of the stopped member cannot be read.',
  BACKUP_PROXY_NOT_SET: 'The cluster has a cluster-wide proxy that the environment does not name.',
  BACKUP_NO_LAYOUT: 'No control-plane layout was found on this host, so only the snapshot is saved.',
  BACKUP_KEYS_NOT_SAVED: 'Values in the snapshot are encrypted, and no keys are saved with it.',
  BACKUP_MANIFEST_UNREADABLE: 'A backup has a manifest that cannot be read or was changed.',
  BACKUP_RESOURCES_ABSENT: 'There is no archive of static pod resources beside the snapshot.',
  BACKUP_FILE_DIFFERS: 'A file is not the one that the manifest describes.',
  BACKUP_FILE_MISSING: 'A file that the manifest names is not there.',
} as const;
