import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const operatorErrors = {
  OPERATOR_CLAIM_NOT_FOUND: {
    kind: 'needs-user',
    meaning: 'The PersistentVolumeClaim that a backup is to be written to is not in the namespace openshift-etcd.',
  },
  OPERATOR_CLAIM_LOST: {
    kind: 'needs-user',
    meaning: 'The PersistentVolumeClaim that a backup is to be written to has lost its volume.',
  },
  OPERATOR_JOB_REFUSED: { kind: 'needs-user', meaning: 'The API server does not let the Job of a backup be made.' },
  OPERATOR_JOB_NAME_TAKEN: {
    kind: 'needs-user',
    meaning: 'A Job that belongs to somebody else has the name that the Job of a backup must have.',
  },
  OPERATOR_JOB_GONE: { kind: 'permanent', meaning: 'The Job of a backup was removed before it had ended.' },
  OPERATOR_JOB_DEADLINE: { kind: 'permanent', meaning: 'The Job of a backup was at work for longer than it may be.' },
  OPERATOR_JOB_FAILED: { kind: 'permanent', meaning: 'The Job of a backup failed and did not report why.' },
  OPERATOR_NO_REPORT: {
    kind: 'permanent',
    meaning: 'The Job of a backup ended well but did not report a backup, so there is no proof of one.',
  },
  OPERATOR_REQUEST_NAME_TAKEN: {
    kind: 'needs-user',
    meaning: 'An EtcdBackup that belongs to another run has the name that the EtcdBackup of a scheduled run must have.',
  },
  OPERATOR_REQUEST_FAILED: { kind: 'permanent', meaning: 'The backup that a scheduled run asked for failed.' },
  OPERATOR_REQUEST_SKIPPED: {
    kind: 'permanent',
    meaning: 'The backup that a scheduled run asked for was skipped, since the one before it was still at work.',
  },
  OPERATOR_REQUEST_GONE: {
    kind: 'permanent',
    meaning: 'The EtcdBackup of a scheduled run was removed before its outcome was known.',
  },
  OPERATOR_REQUEST_TIMEOUT: {
    kind: 'transient',
    meaning: 'The outcome of the backup that a scheduled run asked for was not known in time.',
  },
  OPERATOR_HEALTH_ADDRESS: {
    kind: 'needs-user',
    meaning: 'The address for metrics and health checks cannot be listened on.',
  },
  OPERATOR_IMAGE_UNKNOWN: {
    kind: 'needs-user',
    meaning: 'The operator was not told the image of backups, and cannot read it from its own pod.',
  },
  OPERATOR_LEASE_LOST: {
    kind: 'transient',
    meaning: 'An operator led and could not renew its lease in time, so it ended; another replica goes on.',
  },
} as const satisfies ErrorTable;

export type OperatorErrorCode = keyof typeof operatorErrors;

/** What keeps a controller, or the pod of a scheduled run, from its work. */
export class OperatorError extends HoldfastError<OperatorErrorCode> {
  constructor(code: OperatorErrorCode, message: string, details: ErrorDetails) {
    super(operatorErrors[code], code, message, details);
  }
}
