/** Time as an argument, so that schedules, ages and time-outs can be tested without waiting. */
export interface Clock {
  /** Wall time. */
  now(): Date;
  /** Milliseconds that only ever grow, for durations; the origin means nothing. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
