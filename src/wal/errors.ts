import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const walErrors = {
  WAL_READ_FAILED: { kind: 'permanent', meaning: "The system could not read a part of a member's write-ahead log." },
  WAL_WRITE_FAILED: { kind: 'needs-user', meaning: 'The system could not write a write-ahead log or a raft snapshot.' },
  WAL_MISSING: { kind: 'needs-user', meaning: 'A folder holds no write-ahead log.' },
  WAL_EXISTS: { kind: 'needs-user', meaning: 'A write-ahead log or a raft snapshot of that name exists already.' },
  WAL_SNAPSHOT_MALFORMED: {
    kind: 'permanent',
    meaning: 'A raft snapshot file (.snap) is empty, cut short or damaged.',
  },
} as const satisfies ErrorTable;

/** What this folder throws. A damaged log is never thrown: it comes out as findings and as the log's end. */
export class WalError extends HoldfastError<keyof typeof walErrors> {
  constructor(code: keyof typeof walErrors, message: string, details: ErrorDetails) {
    super(walErrors[code], code, message, details);
  }
}
