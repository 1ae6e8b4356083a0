import { HoldfastError } from '../base/index.ts';

/** Whether somebody foresaw this failure, so that its code and kind say what to do. */
export function isForeseen(thrown: unknown): thrown is HoldfastError {
  return thrown instanceof HoldfastError;
}
