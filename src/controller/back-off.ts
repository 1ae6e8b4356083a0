export interface BackOffOptions {
  /** The wait after the first failure, in milliseconds. */
  readonly firstMs: number;
  /** No wait is longer. */
  readonly longestMs: number;
}

/**
 * How long to wait after the `failures`-th failure in a row (from 1): twice as long each time.
 *
 * @param random - from 0 to below 1; a wait lies between half and the whole of it, so that many do not come back at once
 */
export function backOff(failures: number, { firstMs, longestMs }: BackOffOptions, random?: () => number): number {
  const whole = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs);
  return random === undefined ? whole : whole * (0.5 + random() / 2);
}
