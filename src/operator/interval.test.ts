import { describe, expect, it } from 'vitest';
import type { CronJob } from '../apiserver/index.ts';
import { intervalOf } from './interval.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const HOURS = 3_600;

describe('The interval of a schedule', () => {
  it.each([
    ['20 4 * * *', 'UTC', 24],
    ['0 */6 * * *', 'UTC', 6],
    ['0 9-17 * * 1-5', 'UTC', 64],
    ['0 0 1 * *', 'UTC', 31 * 24],
    // The clock of Berlin is not set within the days that count.
    ['20 4 * * *', 'Europe/Berlin', 24],
  ])('of %s in %s is %i hours at the longest', (schedule, timeZone, hours) => {
    const spec = { schedule, timeZone } as CronJob['spec'];
    expect(intervalOf({ spec }, { defaultTimeZone: undefined }, NOW)).toBe(hours * HOURS);
    expect(intervalOf({ spec }, { defaultTimeZone: undefined }, NOW)).toBe(hours * HOURS);
  });

  it('is not there where nothing is ever due', () => {
    const spec = { schedule: '0 0 30 2 *' } as CronJob['spec'];
    expect(intervalOf({ spec }, { defaultTimeZone: 'UTC' }, NOW)).toBeUndefined();
  });
});
