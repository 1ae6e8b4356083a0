import { systemClock, type Clock } from './clock.ts';

/** A clock that can also wake one up, so that schedules and back-offs can be tested without waiting. */
export interface Time extends Clock {
  /**
   * Calls `run` once, `ms` milliseconds from now at the earliest (0 and below: as soon as possible).
   *
   * @returns takes the call back; does nothing once it has been made
   */
  after(ms: number, run: () => void, options?: AfterOptions): () => void;
}

export interface AfterOptions {
  /** The process does not end while this is waited for. Default: false, as for a deadline of other work. */
  readonly keepsProcess?: boolean;
}

/** Node holds timers in 31 bits; longer ones are chained. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemTime: Time = {
  ...systemClock,
  after(ms, run, { keepsProcess = false } = {}) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const part = Math.min(Math.max(left, 0), LONGEST_TIMER_MS);
      timer = setTimeout(() => (left > part ? wait(left - part) : run()), part);
      if (!keepsProcess) timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
