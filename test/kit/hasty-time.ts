import { systemTime, type Time } from '../../src/base/index.ts';

/**
 * A clock that runs faster than the world's from the moment it is made, so that back-offs and schedules pass while a test
 * looks on. Processes beside it keep the world's time, as machines whose clocks differ do.
 *
 * @param speed - how many of its seconds pass in one
 */
export function hastyTime(speed: number): Time {
  const start = Date.now();
  const origin = performance.now();
  const elapsed = (): number => (performance.now() - origin) * speed;
  return {
    now: () => new Date(start + elapsed()),
    monotonicMs: elapsed,
    after: (ms, run) => systemTime.after(ms / speed, run),
  };
}
