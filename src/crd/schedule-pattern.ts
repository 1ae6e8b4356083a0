/**
 * The patterns that openshift/api sets for a Backup's schedule and time zone (config/v1alpha1/types_backup.go). They let a
 * little more through than a CronJob takes (their first alternative is not tied to the end, nor the second to the start):
 * what slips through is refused by the CronJob's own checks and reported as a condition.
 */

const MINUTE = '(?:[0-9]|(?:[1-5][0-9]))';
const HOUR = '(?:[0-9]|1[0-9]|2[0-3])';
const DAY = '(?:[1-9]|(?:[12][0-9])|3[01])';
const MONTH = '(?:[1-9]|1[012]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)';
const WEEKDAY = '(?:[0-6]|SUN|MON|TUE|WED|THU|FRI|SAT)';

/** A value, a range or a list of values. */
function values(value: string): string {
  return `${value}(?:(?:\\-${value})?|(?:\\,${value})*)`;
}

/** `*` or values. */
function plain(value: string): string {
  return `(\\*|${values(value)})`;
}

/** The same, and steps from the start or from a value. */
function stepped(value: string): string {
  return `(\\*|(?:\\*|${value})\\/${value}|${values(value)})`;
}

const FIELDS = [stepped(MINUTE), stepped(HOUR), plain(DAY), plain(MONTH), plain(WEEKDAY)].join(' ');

export const SCHEDULE_PATTERN = `^(@(annually|yearly|monthly|weekly|daily|hourly))|${FIELDS}$`;
export const TIME_ZONE_PATTERN = '^([A-Za-z_]+([+-]*0)*|[A-Za-z_]+(\\/[A-Za-z_]+){1,2})(\\/GMT[+-]\\d{1,2})?$';
