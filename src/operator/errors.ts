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
  OPERATOR_ROLLOUT_TOO_LONG: {
    kind: 'transient',
    meaning: 'An operator of OpenShift was rolling out a revision for longer than a backup waits for that.',
  },
  OPERATOR_UPDATE_AHEAD: {
    kind: 'permanent',
    meaning: 'A backup before an update could not start in time, so it would no longer be one from before.',
  },
  OPERATOR_CLAIM_LEAVING: {
    kind: 'needs-user',
    meaning: 'The PersistentVolumeClaim that a backup is to be written to is being deleted.',
  },
  OPERATOR_CLAIM_BLOCK: {
    kind: 'needs-user',
    meaning: 'The PersistentVolumeClaim that a backup is to be written to is a block device and has no file system.',
  },
  OPERATOR_CLAIM_READ_ONLY: {
    kind: 'needs-user',
    meaning: 'The PersistentVolumeClaim that a backup is to be written to allows reading alone.',
  },
  OPERATOR_CLAIM_UNBOUND: {
    kind: 'transient',
    meaning: 'The PersistentVolumeClaim that a backup is to be written to did not get a volume in time.',
  },
  OPERATOR_STORAGE_CLASS_NOT_FOUND: {
    kind: 'needs-user',
    meaning: 'The PersistentVolumeClaim that a backup is to be written to has no storage class that is there.',
  },
  OPERATOR_CLAIM_IN_USE: {
    kind: 'transient',
    meaning: 'A pod elsewhere has the volume that a backup is to be written to, and it cannot be had twice.',
  },
  OPERATOR_VOLUME_UNREACHABLE: {
    kind: 'needs-user',
    meaning: 'The volume that a backup is to be written to can be reached only from nodes that take no backups.',
  },
  OPERATOR_VOLUME_NODE_GONE: {
    kind: 'transient',
    meaning: 'No node is there from which the volume that a backup is to be written to can be reached.',
  },
  OPERATOR_VOLUME_NODE_NOT_READY: {
    kind: 'transient',
    meaning: 'The node from which the volume that a backup is to be written to can be reached was not ready in time.',
  },
  OPERATOR_NO_READY_NODE: {
    kind: 'transient',
    meaning: 'No control-plane node was ready in time to take a backup and to keep it.',
  },
  OPERATOR_JOB_NOT_STARTED: {
    kind: 'needs-user',
    meaning: "The pod of a backup's Job was not started in time; the message says what it waited for.",
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
