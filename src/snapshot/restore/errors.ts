import { HoldfastError, type ErrorDetails, type ErrorTable } from '../../base/index.ts';

export const restoreErrors = {
  RESTORE_IDENTITY_INVALID: {
    kind: 'needs-user',
    meaning: 'The name, the initial cluster and the advertised peer URLs do not describe a cluster with this member.',
  },
  RESTORE_RELEASE_UNSUPPORTED: {
    kind: 'needs-user',
    meaning: 'The snapshot cannot be restored for this etcd release.',
  },
  RESTORE_BUMP_INVALID: { kind: 'needs-user', meaning: 'The revision cannot be raised by this amount.' },
  RESTORE_TARGET_EXISTS: { kind: 'needs-user', meaning: 'The target of a restore exists and is not empty.' },
  RESTORE_SNAPSHOT_UNUSABLE: {
    kind: 'permanent',
    meaning: 'A snapshot lacks what a restore needs, so no data directory can be made from it.',
  },
  RESTORE_READ_FAILED: { kind: 'permanent', meaning: 'The system could not read a file that a restore needs.' },
  RESTORE_WRITE_FAILED: { kind: 'needs-user', meaning: 'The system could not write the new data directory.' },
} as const satisfies ErrorTable;

/** A restore that cannot be done. Whenever it is thrown, the target is as it was before. */
export class RestoreError extends HoldfastError<keyof typeof restoreErrors> {
  constructor(code: keyof typeof restoreErrors, message: string, details: ErrorDetails) {
    super(restoreErrors[code], code, message, details);
  }
}
