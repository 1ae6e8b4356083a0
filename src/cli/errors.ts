import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const cliErrors = {
  CLI_OPTION_INVALID: { kind: 'needs-user', meaning: 'An option or variable has a value that it cannot have.' },
  CLI_OPTIONS_CONFLICT: { kind: 'needs-user', meaning: 'Two options exclude each other, or one lacks another.' },
  CLI_PASSWORD_UNREADABLE: { kind: 'needs-user', meaning: 'The password could not be read.' },
} as const satisfies ErrorTable;

/** The command line, or the environment that stands in for it, is wrong. */
export class CliError extends HoldfastError<keyof typeof cliErrors> {
  constructor(code: keyof typeof cliErrors, message: string, details: ErrorDetails) {
    super(cliErrors[code], code, message, details);
  }
}
