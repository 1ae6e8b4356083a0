import type { OperatorErrorCode } from '../errors.ts';

/** What keeps a backup from the place that it is to be written to. */
export interface StorageProblem {
  readonly code: OperatorErrorCode;
  readonly message: string;
  readonly hint: string;
  /**
   * - `for good`: it does not go by itself, so the backup fails at once.
   * - `perhaps soon`: it may pass, so the backup waits for a while.
   * - `in a moment`: so it is with everything that has just been made; it is no news before it has lasted.
   */
  readonly passes: 'for good' | 'perhaps soon' | 'in a moment';
}
