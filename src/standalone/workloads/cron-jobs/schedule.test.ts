import { describe, expect, it } from 'vitest';
import { formatInZone, Schedule } from './schedule.ts';
import { localTimeZone, TimeZone } from './time-zone.ts';

const zones = [
  'UTC',
  'Asia/Kolkata',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/Nuuk',
  'Asia/Beirut',
  'America/Santiago',
  'Pacific/Chatham',
  'Pacific/Apia',
];

function instantsOf(schedule: Schedule, from: number, to: number): number[] {
  const found = [];
  for (let run = schedule.next(new Date(from - 1)); run !== undefined && run.getTime() < to; run = schedule.next(run))
    found.push(run.getTime());
  return found;
}

function runs(expression: string, zone: string, from: string, to: string): string[] {
  const schedule = new Schedule(expression, zone);
  const found: string[] = [];
  const end = new Date(to);
  for (let run = schedule.next(new Date(from)); run !== undefined && run < end; run = schedule.next(run))
    found.push(formatInZone(run, schedule.zone));
  return found;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What is to come out, found without any of the code under test: by stepping through every minute. */
function wallClockMinutes(zone: string, from: number, to: number): { instant: number; wall: number }[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const found = [];
  for (let instant = from; instant < to; instant += MINUTE)
    found.push({ instant, wall: Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) });
  return found;
}

/** Days around which the offset changes, so that not every minute of three years has to be looked at. */
function daysOfChange(zone: string, from: number, to: number): number[] {
  const clock = new TimeZone(zone);
  const days = [];
  for (let day = from; day < to; day += DAY) if (clock.offsetAt(day) !== clock.offsetAt(day + DAY)) days.push(day);
  return days;
}

describe('a schedule that names hours', () => {
  it('runs right after the gap when its time is skipped, once', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-31T00:00Z')).toEqual([
      '2026-03-29T03:00:00+02:00',
      '2026-03-30T02:30:00+02:00',
    ]);
  });

  it('runs once for several runs that are skipped together', () => {
    expect(runs('*/20 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual([
      '2026-03-29T03:00:00+02:00',
    ]);
  });

  it('runs the first time alone when its time is repeated', () => {
    expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-27T00:00Z')).toEqual([
      '2026-10-25T02:30:00+02:00',
      '2026-10-26T02:30:00+01:00',
    ]);
    const between = new Schedule('30 2 * * *', 'Europe/Berlin').next(new Date('2026-10-25T01:15Z'));
    expect(between?.toISOString()).toBe('2026-10-26T01:30:00.000Z');
  });

  it('runs after a gap that reaches into the next day', () => {
    expect(runs('30 23 * * *', 'America/Nuuk', '2026-03-28T12:00Z', '2026-03-30T12:00Z')).toEqual([
      '2026-03-29T00:00:00-01:00',
      '2026-03-29T23:30:00-01:00',
    ]);
  });

  it('runs after a gap of half an hour', () => {
    expect(runs('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00Z', '2026-10-04T20:00Z')).toEqual([
      '2026-10-04T02:30:00+11:00',
      '2026-10-05T02:15:00+11:00',
    ]);
  });

  it('makes up for the day that Samoa left out as the next one begins', () => {
    expect(runs('20 4 * * *', 'Pacific/Apia', '2011-12-29T12:00Z', '2012-01-01T00:00Z')).toEqual([
      '2011-12-29T04:20:00-10:00',
      '2011-12-31T00:00:00+14:00',
      '2011-12-31T04:20:00+14:00',
      '2012-01-01T04:20:00+14:00',
    ]);
  });

  it('keeps every hour but one of a list as the clock is set forward', () => {
    expect(runs('0 */2 * * *', 'America/New_York', '2026-03-08T04:30Z', '2026-03-08T11:00Z')).toEqual([
      '2026-03-08T00:00:00-05:00',
      '2026-03-08T03:00:00-04:00',
      '2026-03-08T04:00:00-04:00',
      '2026-03-08T06:00:00-04:00',
    ]);
  });

  it.each(zones)('runs once for every day in %s, over three years', (zone) => {
    // Samoa's last change is in this span; all others still change their clocks, or never did.
    const from = Date.parse(zone === 'Pacific/Apia' ? '2010-01-01T00:00Z' : '2026-01-01T00:00Z');
    for (const [hour, minute] of [
      [0, 0],
      [2, 15],
      [23, 30],
    ] as const) {
      const schedule = new Schedule(`${minute} ${hour} * * *`, zone);
      const wall = (instant: number): number => schedule.zone.wallAt(instant);
      const firstDay = Math.floor(wall(from) / DAY) * DAY + DAY;
      let run = schedule.zone.firstInstantOf(firstDay) - 1000;
      for (let day = firstDay; day < from + 3 * 365 * DAY; day += DAY) {
        const planned = day + (hour * 60 + minute) * MINUTE;
        // The midnight of the day that Samoa left out is the next day's.
        if (wall(run) === planned) continue;
        const next = schedule.next(new Date(run))?.getTime() ?? NaN;
        // Either on time, or, in a gap, right at its end.
        if (wall(next) !== planned) expect(wall(next - 1000)).toBeLessThan(planned);
        expect(wall(next)).toBeGreaterThanOrEqual(planned);
        run = next;
      }
    }
  });

  it.each(zones)('agrees with a walk through every minute around the changes of %s', (zone) => {
    for (const day of daysOfChange(zone, Date.parse('2026-01-01T00:00Z'), Date.parse('2029-01-01T00:00Z'))) {
      const minutes = wallClockMinutes(zone, day - DAY, day + 3 * DAY);
      const schedule = new Schedule('5,30 0-3,23 * * *', zone);
      const wanted = new Set<number>();
      let seen = -Infinity;
      for (const { instant, wall } of minutes) {
        // Every wall time that is new since the last minute: one, or all of a gap, or none in repeated time.
        const first = seen === -Infinity ? wall : seen + MINUTE;
        for (let w = first; w <= wall; w += MINUTE) {
          const time = new Date(w);
          if ([5, 30].includes(time.getUTCMinutes()) && [0, 1, 2, 3, 23].includes(time.getUTCHours()))
            wanted.add(instant);
        }
        seen = Math.max(seen, wall);
      }
      expect(instantsOf(schedule, day - DAY, day + 3 * DAY)).toEqual([...wanted]);
    }
  });
});

describe('a schedule of every hour', () => {
  it('goes by elapsed time as clocks are set forward and back', () => {
    expect(runs('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30Z', '2026-03-29T02:30Z')).toEqual([
      '2026-03-29T01:00:00+01:00',
      '2026-03-29T03:00:00+02:00',
      '2026-03-29T04:00:00+02:00',
    ]);
    expect(runs('@hourly', 'Europe/Berlin', '2026-10-24T23:30Z', '2026-10-25T02:30Z')).toEqual([
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T03:00:00+01:00',
    ]);
  });

  it.each(zones)('agrees with a walk through every minute around the changes of %s', (zone) => {
    for (const day of daysOfChange(zone, Date.parse('2026-01-01T00:00Z'), Date.parse('2029-01-01T00:00Z'))) {
      const schedule = new Schedule('*/15 * * * *', zone);
      const wanted = wallClockMinutes(zone, day - DAY, day + 3 * DAY)
        .filter(({ wall }) => ((wall / MINUTE) % 60) % 15 === 0)
        .map(({ instant }) => instant);
      expect(instantsOf(schedule, day - DAY, day + 3 * DAY)).toEqual(wanted);
    }
  });
});

describe('looking back', () => {
  it.each(zones)('finds the run before any instant in %s', (zone) => {
    for (const expression of ['20 4 * * *', '*/10 * * * *', '0 0 1 * *', '30 2 * * 0']) {
      const schedule = new Schedule(expression, zone);
      let at = schedule.next(new Date('2026-09-30T00:00Z'));
      for (let count = 0; count < 20 && at !== undefined; count++) {
        const following = schedule.next(at);
        if (following === undefined) throw new Error('no run');
        expect(schedule.previous(at)).toEqual(at);
        expect(schedule.previous(new Date(following.getTime() - 1))).toEqual(at);
        at = following;
      }
    }
  });

  it('finds a leap day, and nothing for a day that never comes', () => {
    const leap = new Schedule('0 0 29 2 *', 'UTC');
    expect(leap.previous(new Date('2027-06-01T00:00Z'))?.toISOString()).toBe('2024-02-29T00:00:00.000Z');
    expect(leap.next(new Date('2027-06-01T00:00Z'))?.toISOString()).toBe('2028-02-29T00:00:00.000Z');
    const never = new Schedule('0 0 30 2 *', 'UTC');
    expect(never.next(new Date('2026-01-01T00:00Z'))).toBeUndefined();
    expect(never.previous(new Date('2026-01-01T00:00Z'))).toBeUndefined();
  });

  it('counts missed runs up to a limit', () => {
    const schedule = new Schedule('0 * * * *', 'UTC');
    const [from, to] = [new Date('2026-01-01T00:00Z'), new Date('2026-01-03T12:30Z')];
    expect(schedule.count(from, to, 1000)).toBe(60);
    expect(schedule.count(from, to, 7)).toBe(7);
  });
});

it('writes an instant with its offset, as Go does', () => {
  expect(formatInZone(new Date('2026-07-01T00:00Z'), new TimeZone('Etc/UTC'))).toBe('2026-07-01T00:00:00Z');
  expect(formatInZone(new Date('2026-07-01T00:00Z'), new TimeZone('Asia/Kolkata'))).toBe('2026-07-01T05:30:00+05:30');
  expect(formatInZone(new Date('2026-01-01T00:00Z'), new TimeZone('America/St_Johns'))).toBe(
    '2025-12-31T20:30:00-03:30',
  );
  expect(new TimeZone(localTimeZone()).name).toBe(localTimeZone());
});

it.each([
  ['often', 'expected exactly 5 fields, found 1: [often]'],
  ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  ['@reboot', 'unrecognized descriptor: @reboot'],
])('refuses what Kubernetes refuses: %s', (expression, message) => {
  expect(() => new Schedule(expression, 'UTC')).toThrow(
    expect.objectContaining({ code: 'WORKLOAD_SCHEDULE_INVALID', message }),
  );
});

it('reads days as Kubernetes does: either of two fields is enough, and a step is no star', () => {
  expect(runs('0 0 13 * fri', 'UTC', '2026-11-01T00:00Z', '2026-11-15T00:00Z').map((run) => run.slice(8, 10))).toEqual([
    '06',
    '13',
  ]);
  expect(
    runs('0 0 */15 * mon', 'UTC', '2026-11-01T00:00Z', '2026-11-17T00:00Z').map((run) => run.slice(8, 10)),
  ).toEqual(['02', '09', '16']);
});

it('refuses a zone that nobody knows', () => {
  expect(() => new Schedule('@daily', 'Middle/Earth')).toThrow(
    expect.objectContaining({ code: 'WORKLOAD_TIME_ZONE_UNKNOWN', message: 'unknown time zone Middle/Earth' }),
  );
});
