import type { Clock } from '../base/index.ts';

/** What is left of one call's time, over all the requests that the call makes. */
export class Deadline {
  readonly totalMs: number;
  readonly #clock: Clock;
  readonly #end: number;

  constructor(totalMs: number, clock: Clock) {
    if (!(totalMs > 0)) throw new TypeError(`timeoutMs must be a positive number of milliseconds, not ${totalMs}`);
    this.totalMs = totalMs;
    this.#clock = clock;
    this.#end = clock.monotonicMs() + totalMs;
  }

  /** Milliseconds, at least one, so that a timer set to it still fires. */
  get remainingMs(): number {
    return Math.max(1, this.#end - this.#clock.monotonicMs());
  }
}
