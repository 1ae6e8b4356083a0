/**
 * When runs are due around the days on which clocks are set, as a person with a calendar and a table of offsets writes it
 * down: nothing here asks a library for a time zone. All of it lies in a year that is over, so no law changes it any more.
 */

/** What a schedule of one zone has to come to in one month. */
export interface Plan {
  readonly series: string;
  readonly schedule: string;
  readonly timeZone: string;
  /** In UTC; each of them once, and no others. */
  readonly runs: readonly Date[];
}

/** One month, both ends in UTC. */
export interface Month {
  readonly start: string;
  readonly end: string;
  readonly plans: readonly Plan[];
}

const DAY_MS = 24 * 3_600_000;

/** So many runs, a day apart in UTC, from the one at `first` (`2025-03-07 03:20`) to the one on the day `last`. */
function daily(first: string, last: string): Date[] {
  const [, clock = ''] = first.split(' ');
  const end = Date.parse(`${last}T${clock}Z`);
  const runs: Date[] = [];
  for (let at = Date.parse(`${first.replace(' ', 'T')}Z`); at <= end; at += DAY_MS) runs.push(new Date(at));
  return runs;
}

function once(at: string): Date[] {
  return [new Date(`${at.replace(' ', 'T')}Z`)];
}

function plan(series: string, schedule: string, timeZone: string, ...runs: readonly Date[][]): Plan {
  return { series, schedule, timeZone, runs: runs.flat() };
}

/**
 * New York skips 02:00 to 03:00 on 9 March (07:00 UTC), Berlin skips 02:00 to 03:00 on 30 March (01:00 UTC), Lord Howe
 * repeats 01:30 to 02:00 on 6 April (until 15:00 UTC of the 5th it is 11 hours ahead, then 10:30). Tokyo leaves its clocks
 * alone. Berlin and New York run for the whole month, the others around a change.
 */
export const spring: Month = {
  start: '2025-03-07T00:00:00Z',
  end: '2025-04-08T00:00:00Z',
  plans: [
    plan(
      'berlin',
      '20 4 * * *',
      'Europe/Berlin',
      daily('2025-03-07 03:20', '2025-03-29'),
      daily('2025-03-30 02:20', '2025-04-07'),
    ),
    plan(
      'new-york',
      '20 4 * * *',
      'America/New_York',
      daily('2025-03-07 09:20', '2025-03-08'),
      daily('2025-03-09 08:20', '2025-04-07'),
    ),
    plan(
      'lord-howe',
      '20 4 * * *',
      'Australia/Lord_Howe',
      daily('2025-04-01 17:20', '2025-04-04'),
      daily('2025-04-05 17:50', '2025-04-07'),
    ),
    plan('tokyo', '20 4 * * *', 'Asia/Tokyo', daily('2025-03-25 19:20', '2025-04-07')),
    // At the moment at which the clock goes from 02:00 to 03:00.
    plan(
      'berlin-skipped',
      '30 2 * * *',
      'Europe/Berlin',
      daily('2025-03-27 01:30', '2025-03-29'),
      once('2025-03-30 01:00'),
      daily('2025-03-31 00:30', '2025-04-02'),
    ),
    plan(
      'new-york-skipped',
      '30 2 * * *',
      'America/New_York',
      daily('2025-03-07 07:30', '2025-03-08'),
      once('2025-03-09 07:00'),
      daily('2025-03-10 06:30', '2025-03-11'),
    ),
    // The first of the two times 01:45 on the 6th is at 14:45 UTC of the 5th; the second, at 15:15, passes by.
    plan(
      'lord-howe-repeated',
      '45 1 * * *',
      'Australia/Lord_Howe',
      daily('2025-04-03 14:45', '2025-04-05'),
      daily('2025-04-06 15:15', '2025-04-07'),
    ),
  ],
};

/**
 * Lord Howe skips 02:00 to 02:30 on 5 October (15:30 UTC of the 4th), Berlin repeats 02:00 to 03:00 on 26 October (until
 * 01:00 UTC it is two hours ahead, then one), New York repeats 01:00 to 02:00 on 2 November (until 06:00 UTC it is four
 * hours behind, then five).
 */
export const autumn: Month = {
  start: '2025-10-02T00:00:00Z',
  end: '2025-11-04T00:00:00Z',
  plans: [
    plan(
      'berlin',
      '20 4 * * *',
      'Europe/Berlin',
      daily('2025-10-22 02:20', '2025-10-25'),
      daily('2025-10-26 03:20', '2025-11-03'),
    ),
    plan(
      'new-york',
      '20 4 * * *',
      'America/New_York',
      daily('2025-10-29 08:20', '2025-11-01'),
      daily('2025-11-02 09:20', '2025-11-03'),
    ),
    plan(
      'lord-howe',
      '20 4 * * *',
      'Australia/Lord_Howe',
      daily('2025-10-02 17:50', '2025-10-03'),
      daily('2025-10-04 17:20', '2025-10-07'),
    ),
    plan('tokyo', '20 4 * * *', 'Asia/Tokyo', daily('2025-10-22 19:20', '2025-10-28')),
    // The first of the two times 02:30 on the 26th is at 00:30 UTC; the second, at 01:30, passes by.
    plan(
      'berlin-repeated',
      '30 2 * * *',
      'Europe/Berlin',
      daily('2025-10-23 00:30', '2025-10-26'),
      daily('2025-10-27 01:30', '2025-10-29'),
    ),
    // The first of the two times 01:30 on the 2nd is at 05:30 UTC; the second, at 06:30, passes by.
    plan(
      'new-york-repeated',
      '30 1 * * *',
      'America/New_York',
      daily('2025-10-30 05:30', '2025-11-02'),
      daily('2025-11-03 06:30', '2025-11-03'),
    ),
    // At the moment at which the clock goes from 02:00 to 02:30.
    plan(
      'lord-howe-skipped',
      '15 2 * * *',
      'Australia/Lord_Howe',
      daily('2025-10-02 15:45', '2025-10-03'),
      once('2025-10-04 15:30'),
      daily('2025-10-05 15:15', '2025-10-07'),
    ),
  ],
};
