import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const boltErrors = {
  BOLT_READ_FAILED: { kind: 'permanent', meaning: 'The system could not read a part of a bolt file.' },
} as const satisfies ErrorTable;

/** The only thing this folder throws by itself. Damage is never thrown: it comes out as findings. */
export class BoltError extends HoldfastError<keyof typeof boltErrors> {
  constructor(code: keyof typeof boltErrors, message: string, details: ErrorDetails) {
    super(boltErrors[code], code, message, details);
  }
}
