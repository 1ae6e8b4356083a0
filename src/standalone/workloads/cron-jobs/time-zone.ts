import { WorkloadError } from '../errors.ts';

/** How far two wall times around one instant can lie apart: Samoa once left out a whole day. */
const WIDEST_SHIFT_MS = 26 * 3_600_000;

/**
 * A zone's wall clock. A wall time is written as the instant at which a clock in UTC would show it, in milliseconds.
 */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;

  /** @throws WorkloadError `WORKLOAD_TIME_ZONE_UNKNOWN` */
  constructor(name: string) {
    this.name = name;
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch (error) {
      throw new WorkloadError('WORKLOAD_TIME_ZONE_UNKNOWN', `unknown time zone ${name}`, {
        subject: name,
        hint: 'Give a name of the IANA time zone database, such as Europe/Berlin or Etc/UTC.',
        cause: error,
      });
    }
  }

  /** What the clock shows at an instant, to the second. */
  wallAt(instant: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** By how much the clock is ahead of UTC. */
  offsetAt(instant: number): number {
    return this.wallAt(instant) - Math.floor(instant / 1000) * 1000;
  }

  /**
   * When the clock shows a wall time for the first time; where it never does, because it is set forward over it, the
   * instant at which it is set forward. Never decreases as `wall` grows.
   */
  firstInstantOf(wall: number): number {
    // The offset in force there is one of those a day before and after; the greater one gives the earlier instant.
    const before = this.offsetAt(wall - WIDEST_SHIFT_MS);
    const after = this.offsetAt(wall + WIDEST_SHIFT_MS);
    for (const offset of [Math.max(before, after), Math.min(before, after)]) {
      if (this.wallAt(wall - offset) === wall) return wall - offset;
    }
    return this.#firstAtOrAfter(wall);
  }

  /** Where the offset changes first between two instants; `end` where it does not. */
  nextChange(start: number, end: number): number {
    const offset = this.offsetAt(start);
    let [low, high] = [start, end];
    // Zones change at most twice within days (Ramadan in Morocco), so steps of a day find the first change.
    const day = 24 * 3_600_000;
    while (low + day < high && this.offsetAt(low + day) === offset) low += day;
    high = Math.min(low + day, high);
    if (this.offsetAt(high) === offset) return high;
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000;
      if (this.offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  /** The end of a gap: the first instant at which the clock shows `wall` or something later. */
  #firstAtOrAfter(wall: number): number {
    let [low, high] = [wall - WIDEST_SHIFT_MS, wall + WIDEST_SHIFT_MS];
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000;
      if (this.wallAt(middle) < wall) low = middle;
      else high = middle;
    }
    return high;
  }
}

/** The zone of this process (`TZ`, or the host's own). */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
