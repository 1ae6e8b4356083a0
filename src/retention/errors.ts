import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const retentionErrors = {
  RETENTION_POLICY_INVALID: {
    kind: 'needs-user',
    meaning: 'A retention policy asks for something that cannot be: fewer than one backup, or no bytes at all.',
  },
} as const satisfies ErrorTable;

/** A retention policy that nobody can follow. Wrong lists of backups are a caller's mistake and throw `TypeError`. */
export class RetentionError extends HoldfastError<keyof typeof retentionErrors> {
  constructor(code: keyof typeof retentionErrors, message: string, details: ErrorDetails) {
    super(retentionErrors[code], code, message, details);
  }
}
