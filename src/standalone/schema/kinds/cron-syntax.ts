/**
 * The syntax of a CronJob's schedule, refused with the sentences of Kubernetes' own parser (robfig/cron, parser.go).
 * It is stricter than most: five fields, Sunday is 0 alone, no `L` or `#`.
 */

interface FieldRules {
  readonly least: number;
  readonly most: number;
  readonly names: Readonly<Record<string, number>>;
}

const numbered = (names: readonly string[], first: number): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name, index) => [name, index + first]));

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly FieldRules[] = [
  { least: 0, most: 59, names: {} },
  { least: 0, most: 23, names: {} },
  { least: 1, most: 31, names: {} },
  { least: 1, most: 12, names: numbered(MONTHS, 1) },
  { least: 0, most: 6, names: numbered(DAYS, 0) },
];

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const ZONE_PREFIX = /^(?:CRON_)?TZ=\S+\s*/;

/**
 * A schedule in its plainest form, that every cron library reads alike: five fields of `*` or of numbers.
 * `*\/15 4-6 * * MON` becomes `0,15,30,45 4,5,6 * * 1`. A field is `*` only where Kubernetes takes it as "any": that decides
 * whether day of month and day of week must both fit.
 *
 * @throws RangeError with Kubernetes' sentence for a text that is no schedule
 */
export function plainSchedule(schedule: string): string {
  const text = schedule.replace(ZONE_PREFIX, '').trim();
  if (text.startsWith('@every ')) throw new RangeError('@every is not supported by holdfast standalone');
  if (text.startsWith('@')) {
    const meaning = Object.hasOwn(DESCRIPTORS, text) ? DESCRIPTORS[text] : undefined;
    if (meaning === undefined) throw new RangeError(`unrecognized descriptor: ${text}`);
    return meaning;
  }
  const fields = text.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== FIELDS.length) {
    throw new RangeError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  return FIELDS.map((rules, index) => plainField(fields[index] ?? '', rules)).join(' ');
}

/** What is wrong with a schedule; undefined where nothing is. */
export function scheduleProblem(schedule: string): string | undefined {
  try {
    plainSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function plainField(field: string, rules: FieldRules): string {
  const ranges = field
    .split(',')
    .filter((part) => part !== '')
    .map((part) => readRange(part, rules));
  if (ranges.length === 0) throw new RangeError(`the field ${JSON.stringify(field)} names no time`);
  if (ranges.some(({ isAny }) => isAny)) return '*';
  const values = new Set(ranges.flatMap(({ start, end, step }) => every(start, end, step)));
  return [...values].sort((a, b) => a - b).join(',');
}

const every = (start: number, end: number, step: number): number[] =>
  Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);

interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly isAny: boolean;
}

function readRange(part: string, rules: FieldRules): Range {
  const [range = '', stepText, ...moreSteps] = part.split('/');
  const [first = '', last, ...moreEnds] = range.split('-');
  const isStar = first === '*' || first === '?';
  const start = isStar ? rules.least : valueOf(first, rules.names);
  if (!isStar && moreEnds.length > 0) throw new RangeError(`too many hyphens: ${part}`);
  let end = last === undefined || isStar ? start : valueOf(last, rules.names);
  if (moreSteps.length > 0) throw new RangeError(`too many slashes: ${part}`);
  const step = stepText === undefined ? 1 : valueOf(stepText, {});
  // `5/10` means from 5 on.
  if (isStar || (stepText !== undefined && last === undefined)) end = rules.most;
  checkRange({ start, end, step, isAny: isStar && step === 1 }, rules, part);
  return { start, end, step, isAny: isStar && step === 1 };
}

function checkRange({ start, end, step }: Range, { least, most }: FieldRules, part: string): void {
  if (start < least) throw new RangeError(`beginning of range (${start}) below minimum (${least}): ${part}`);
  if (end > most) throw new RangeError(`end of range (${end}) above maximum (${most}): ${part}`);
  if (start > end) throw new RangeError(`beginning of range (${start}) beyond end of range (${end}): ${part}`);
  if (step === 0) throw new RangeError(`step of range should be a positive number: ${part}`);
}

function valueOf(text: string, names: FieldRules['names']): number {
  const name = text.toLowerCase();
  const named = Object.hasOwn(names, name) ? names[name] : undefined;
  if (named !== undefined) return named;
  if (!/^[+-]?[0-9]+$/.test(text)) {
    const shown = JSON.stringify(text);
    throw new RangeError(`failed to parse int from ${text}: strconv.Atoi: parsing ${shown}: invalid syntax`);
  }
  const value = Number(text);
  if (value < 0) throw new RangeError(`negative number (${value}) not allowed: ${text}`);
  return value;
}

const ZONE_PART = /^[A-Za-z._0-9+][-A-Za-z._0-9+]{0,13}$/;

/** What is wrong with a time zone; undefined where it is one of the IANA database, spelled as there. */
export function timeZoneProblem(zone: string): string | undefined {
  if (zone === '') return 'timeZone must be nil or non-empty string';
  if (zone.toLowerCase() === 'local') {
    return 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
  }
  const parts = zone.split('/');
  const isName = parts.every((part) => ZONE_PART.test(part) && part !== '.' && part !== '..') && /^[A-Z]/.test(zone);
  return isName && isKnownZone(zone) ? undefined : `unknown time zone ${zone}`;
}

/** JavaScript takes zones in any case; Kubernetes reads them from files, whose names are spelled in one way. */
function isKnownZone(zone: string): boolean {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions();
    return timeZone.toLowerCase() !== zone.toLowerCase() || timeZone === zone;
  } catch {
    return false;
  }
}
