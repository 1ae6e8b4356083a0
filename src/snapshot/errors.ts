import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const snapshotErrors = {
  SNAPSHOT_READ_FAILED: { kind: 'permanent', meaning: 'The system could not read a part of a snapshot file.' },
} as const satisfies ErrorTable;

/** A snapshot that could not be examined at all. Damage is never thrown: it comes out as findings. */
export class SnapshotError extends HoldfastError<keyof typeof snapshotErrors> {
  constructor(code: keyof typeof snapshotErrors, message: string, details: ErrorDetails) {
    super(snapshotErrors[code], code, message, details);
  }
}
