import { Cron } from 'croner';

export interface Schedule {
  /** Five fields, or one of the macros that a CronJob takes (`@daily`). */
  readonly schedule: string;
  /** A name of the IANA time zone database; undefined: the zone of this process. */
  readonly timeZone?: string | undefined;
}

/**
 * When a schedule is due next, after a moment. A time that the clock leaves out comes right after the gap, one that it shows
 * twice comes once.
 *
 * @returns undefined where that is never (30 February), or where the schedule or the zone cannot be read
 */
export function nextRun({ schedule, timeZone }: Schedule, after: Date): Date | undefined {
  try {
    const cron = new Cron(schedule, {
      mode: '5-part',
      // A CronJob takes "5/10" too.
      sloppyRanges: true,
      fixedTimeRule: 'no-wildcard',
      ...(timeZone === undefined ? {} : { timezone: timeZone }),
    });
    return cron.nextRun(after) ?? undefined;
  } catch {
    return undefined;
  }
}
