import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const standaloneErrors = {
  STANDALONE_STORE_UNREADABLE: {
    kind: 'needs-user',
    meaning: "The folder that holds the engine's objects cannot be opened, read or locked.",
  },
  STANDALONE_STORE_DAMAGED: {
    kind: 'needs-user',
    meaning:
      "The file that holds the engine's objects is damaged before its end, so objects would be lost by going on.",
  },
  STANDALONE_STORE_NEWER: {
    kind: 'needs-user',
    meaning: "The file that holds the engine's objects was written by a newer Holdfast.",
  },
  STANDALONE_STORE_FULL: {
    kind: 'needs-user',
    meaning: "The disk that holds the engine's objects is full; the write was refused and nothing changed.",
  },
  STANDALONE_STORE_WRITE_FAILED: {
    kind: 'transient',
    meaning:
      "The engine's objects could not be written; the write was refused and nothing that was acknowledged is lost.",
  },
  STANDALONE_STORE_CLOSED: {
    kind: 'permanent',
    meaning: "The engine's objects were asked for after they were closed.",
  },
  STANDALONE_LISTEN: {
    kind: 'needs-user',
    meaning: "The engine's API cannot listen at the address that was asked for.",
  },
} as const satisfies ErrorTable;

/** What {@link StandaloneError.code} can be. */
export type StandaloneErrorCode = keyof typeof standaloneErrors;

/** A failure of the embedded engine. No message holds a token or an object's content. */
export class StandaloneError extends HoldfastError<StandaloneErrorCode> {
  constructor(code: StandaloneErrorCode, message: string, details: ErrorDetails) {
    super(standaloneErrors[code], code, message, details);
  }
}
