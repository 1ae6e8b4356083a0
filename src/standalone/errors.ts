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
  STANDALONE_ETCD: {
    kind: 'needs-user',
    meaning: 'The etcd for trial could not be started, or it has ended by itself.',
  },
  STANDALONE_CLAIM_MISSING: { kind: 'needs-user', meaning: 'A pod mounts a claim that does not exist.' },
  STANDALONE_CLAIM_PENDING: { kind: 'transient', meaning: 'A claim that a pod mounts has no volume yet.' },
  STANDALONE_CLAIM_LOST: { kind: 'needs-user', meaning: "A claim's volume is gone, or belongs to another claim." },
  STANDALONE_VOLUME_ELSEWHERE: {
    kind: 'needs-user',
    meaning: "A volume's node affinity names other nodes than this machine.",
  },
  STANDALONE_VOLUME_UNUSABLE: {
    kind: 'needs-user',
    meaning: "A volume's path is missing or no folder, or the volume is of a kind that the engine cannot mount.",
  },
  STANDALONE_VOLUME_NOT_REMOVED: {
    kind: 'needs-user',
    meaning: 'The folder of a volume that is to be deleted could not be removed; it stands or lies below `.removing`.',
  },
  STANDALONE_ACCESS_DAMAGED: {
    kind: 'needs-user',
    meaning: "A file that holds the engine's keys, certificates or tokens cannot be understood.",
  },
  STANDALONE_ACCESS_UNREADABLE: {
    kind: 'needs-user',
    meaning: "The folder that holds the engine's keys, certificates and tokens cannot be read or written.",
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
