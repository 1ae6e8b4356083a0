import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const boltErrors = {
  BOLT_READ_FAILED: { kind: 'permanent', meaning: 'The system could not read a part of a bolt file.' },
  BOLT_WRITE_FAILED: {
    kind: 'permanent',
    meaning:
      'The system could not write or flush a bolt file; it holds its old state, or, after the last flush, the new one.',
  },
  BOLT_DAMAGED: {
    kind: 'permanent',
    meaning: 'A bolt file that was to be changed is damaged where the change had to read it; nothing was written.',
  },
  BOLT_UNSUPPORTED: {
    kind: 'permanent',
    meaning: 'A bolt file that was to be changed has a page size or a number of pages that cannot be written.',
  },
  BOLT_NOT_EMPTY: {
    kind: 'needs-user',
    meaning: 'A new bolt file was to be made where there is something already; nothing was written.',
  },
  BOLT_BUCKET_MISSING: {
    kind: 'permanent',
    meaning: 'A bolt file lacks a bucket that was to be changed; nothing was written.',
  },
  BOLT_WRONG_KIND: {
    kind: 'permanent',
    meaning:
      'A key of a bolt file holds a bucket where a value is wanted, or a value where a bucket is; nothing was written.',
  },
} as const satisfies ErrorTable;

/**
 * The only thing this folder throws by itself. Readers never throw for damage: it comes out as findings. A write
 * transaction does (`BOLT_DAMAGED`), before it has written anything.
 */
export class BoltError extends HoldfastError<keyof typeof boltErrors> {
  constructor(code: keyof typeof boltErrors, message: string, details: ErrorDetails) {
    super(boltErrors[code], code, message, details);
  }
}
