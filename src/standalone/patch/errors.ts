import { HoldfastError, type ErrorDetails, type ErrorTable } from '../../base/index.ts';

export const patchErrors = {
  PATCH_MALFORMED: { kind: 'permanent', meaning: 'A patch, or a directive in it, is not of the form of its type.' },
  PATCH_TOO_LARGE: { kind: 'permanent', meaning: 'A JSON patch holds more operations than allowed.' },
  PATCH_NOT_APPLICABLE: { kind: 'permanent', meaning: 'A JSON patch does not fit the object that it was sent for.' },
  PATCH_UNFIT: { kind: 'permanent', meaning: "A patch contradicts the schema of the object's kind." },
} as const satisfies ErrorTable;

/** What {@link PatchError.code} can be. */
export type PatchErrorCode = keyof typeof patchErrors;

/**
 * What kube-apiserver answers to each. A patch that contradicts the schema is an internal error to it: its libraries do
 * not tell bad patches from their own faults (apiserver, handlers/patch.go: interpretStrategicMergePatchError).
 */
const answers = {
  PATCH_MALFORMED: { status: 400, reason: 'BadRequest' },
  PATCH_TOO_LARGE: { status: 413, reason: 'RequestEntityTooLarge' },
  PATCH_NOT_APPLICABLE: { status: 422, reason: 'Invalid' },
  PATCH_UNFIT: { status: 500, reason: 'InternalError' },
} as const satisfies Record<PatchErrorCode, { status: number; reason: string }>;

/** A patch that cannot be applied; the object is as it was. */
export class PatchError extends HoldfastError<PatchErrorCode> {
  constructor(code: PatchErrorCode, message: string, details: Partial<ErrorDetails> = {}) {
    super(patchErrors[code], code, message, { hint: 'Correct the patch and send it again.', ...details });
  }

  /** The HTTP status of kube-apiserver's answer. */
  get status(): number {
    return answers[this.code].status;
  }

  /** The `reason` in the Status of kube-apiserver's answer. */
  get reason(): string {
    return answers[this.code].reason;
  }
}
