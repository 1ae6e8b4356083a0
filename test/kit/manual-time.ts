import type { Time } from '../../src/base/index.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/**
 * Time that stands still until a test moves it. Wall time and monotonic time move together; the latter starts at 0.
 */
export class ManualTime implements Time {
  readonly #start: number;
  #elapsed = 0;
  /** In the order in which they were set; of two that are due at one instant the older one fires first. */
  readonly #timers = new Set<Timer>();

  constructor(start: Date) {
    this.#start = start.getTime();
  }

  now(): Date {
    return new Date(this.#start + this.#elapsed);
  }

  monotonicMs(): number {
    return this.#elapsed;
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + Math.max(ms, 0), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** When the next timer fires; undefined where none is set. */
  get nextTimerAt(): Date | undefined {
    const next = this.#next();
    return next === undefined ? undefined : new Date(this.#start + next.at);
  }

  /**
   * Moves time by `ms` and calls, in order and each at its own instant, every timer that falls due, those included that are
   * set on the way. `advance(0)` fires what is due now. Promises that a timer settles go on only when the test awaits.
   */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.run();
    }
    this.#elapsed = end;
  }

  /**
   * Moves time by `ms` as a machine does that sleeps meanwhile: what falls due fires once, late, when it wakes. What is set
   * then counts from there.
   */
  sleep(ms: number): void {
    this.#elapsed += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.#elapsed).sort((one, other) => one.at - other.at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.run();
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  }
}
