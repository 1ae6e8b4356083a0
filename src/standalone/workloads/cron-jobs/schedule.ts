import { Cron } from 'croner';
import { messageOf } from '../../../base/index.ts';
import { plainSchedule } from '../../schema/index.ts';
import { WorkloadError } from '../errors.ts';
import { TimeZone } from './time-zone.ts';

const HOUR_MS = 3_600_000;
/** As far back as {@link Schedule.previous} looks: leap days are eight years apart around 2100. */
const LONGEST_LOOK_BACK_MS = 9 * 366 * 24 * HOUR_MS;

/**
 * When a CronJob runs. What happens as clocks are set forward or back depends on whether the expression leaves out hours:
 *
 * - It names hours (`20 4 * * *`, `0 0-5 * * *`): these are times of the day. Runs that fall into time that is skipped
 *   happen once, as the clock has been set forward; one in time that is repeated happens the first time alone.
 * - It takes every hour (`0 * * * *`, `0,30 * * * *`, `@hourly`): this is a rhythm. It goes by elapsed time: nothing
 *   happens for the skipped time, which nobody lived through, and everything twice in the repeated.
 *
 * Kubernetes' own controller (robfig/cron) treats both as the second, and so leaves out or doubles a daily run once a year.
 */
export class Schedule {
  readonly zone: TimeZone;
  /** Over wall times alone: to it, each is an instant in UTC. */
  readonly #pattern: Cron;
  readonly #isRhythm: boolean;
  #around: { readonly previous: Date | undefined; readonly next: Date | undefined } = {
    previous: undefined,
    next: undefined,
  };

  /**
   * @param zone - a name of the IANA time zone database
   * @throws WorkloadError `WORKLOAD_SCHEDULE_INVALID`, `WORKLOAD_TIME_ZONE_UNKNOWN`
   */
  constructor(expression: string, zone: string) {
    const plain = parse(expression);
    this.zone = new TimeZone(zone);
    this.#pattern = new Cron(plain, { mode: '5-part', timezone: 'UTC' });
    const hours = plain.split(' ')[1] ?? '*';
    this.#isRhythm = hours === '*' || hours.split(',').length === 24;
  }

  /** The first run after an instant; undefined where none ever comes (`0 0 30 2 *`). */
  next(after: Date): Date | undefined {
    const instant = this.#isRhythm ? this.#nextByRhythm(after.getTime()) : this.#nextByWallClock(after.getTime());
    return instant === undefined ? undefined : new Date(instant);
  }

  /** The last run at or before an instant; undefined where there was none within nine years. */
  previous(until: Date): Date | undefined {
    for (let span = HOUR_MS; span <= 2 * LONGEST_LOOK_BACK_MS; span *= 2) {
      let found = this.next(new Date(until.getTime() - Math.min(span, LONGEST_LOOK_BACK_MS)));
      if (found === undefined || found > until) continue;
      for (let later = this.next(found); later !== undefined && later <= until; later = this.next(later)) found = later;
      return found;
    }
    return undefined;
  }

  /** Both neighbours of an instant, in one; cheap while the instant stays between the same two. */
  around(now: Date): { readonly previous: Date | undefined; readonly next: Date | undefined } {
    const { previous, next } = this.#around;
    const isStill = previous !== undefined && next !== undefined && previous <= now && now < next;
    if (!isStill) this.#around = { previous: this.previous(now), next: this.next(now) };
    return this.#around;
  }

  /** How many runs lie after `after` and not after `until`; stops counting at `limit`. */
  count(after: Date, until: Date, limit: number): number {
    let count = 0;
    for (let run = this.next(after); run !== undefined && run <= until && count < limit; run = this.next(run)) count++;
    return count;
  }

  #nextByWallClock(after: number): number | undefined {
    let wall = this.#nextWall(this.zone.wallAt(after));
    for (; wall !== undefined; wall = this.#nextWall(wall)) {
      const instant = this.zone.firstInstantOf(wall);
      if (instant > after) return instant;
    }
    return undefined;
  }

  /** Stretches of one offset, one after the other. */
  #nextByRhythm(after: number): number | undefined {
    let at = after;
    let offset = this.zone.offsetAt(at);
    let wall = this.#nextWall(at + offset);
    while (wall !== undefined) {
      const instant = wall - offset;
      const change = this.zone.nextChange(at, instant);
      const newOffset = this.zone.offsetAt(change);
      if (newOffset === offset) return instant;
      at = change;
      offset = newOffset;
      wall = this.#nextWall(change + offset - 1000);
    }
    return undefined;
  }

  #nextWall(wall: number): number | undefined {
    return this.#pattern.nextRun(new Date(wall))?.getTime();
  }
}

/** Kubernetes' syntax, written so that croner, which takes more, reads it alike. */
function parse(expression: string): string {
  try {
    return plainSchedule(expression);
  } catch (error) {
    throw new WorkloadError('WORKLOAD_SCHEDULE_INVALID', messageOf(error), {
      subject: expression,
      hint: 'Give five fields, as in `20 4 * * *` (minute, hour, day of month, month, day of week), or a macro such as @daily.',
      cause: error,
    });
  }
}

/** An instant as a zone's clock shows it, with the offset: `2026-03-29T03:00:00+02:00`, or `…Z` where there is none. */
export function formatInZone(instant: Date, zone: TimeZone): string {
  const wall = new Date(zone.wallAt(instant.getTime())).toISOString().slice(0, 19);
  const minutes = Math.trunc(zone.offsetAt(instant.getTime()) / 60_000);
  if (minutes === 0) return `${wall}Z`;
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  return `${wall}${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}
