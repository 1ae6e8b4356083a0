import { WorkloadError } from './errors.ts';

/**
 * The five fields of a cron expression as Kubernetes reads them (robfig/cron v3, `ParseStandard`), each spelled out.
 * Other dialects' extensions (`L`, `W`, `#`, a day 7, ranges that wrap) are refused here as they are there.
 */
export interface CronFields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Undefined for `*` and `?`: then the weekday alone decides. Where both are given, either one is enough. */
  readonly days: readonly number[] | undefined;
  readonly months: readonly number[];
  readonly weekdays: readonly number[] | undefined;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  /** In the order of their numbers, from `min` on. */
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** @throws WorkloadError `WORKLOAD_SCHEDULE_INVALID`, in words like those of robfig/cron */
export function parseCronExpression(expression: string): CronFields {
  const text = expression.trim();
  if (text.startsWith('@')) {
    const macro = MACROS[text];
    if (macro === undefined) throw refusal(expression, `unrecognized descriptor: ${text}`);
    return parseCronExpression(macro);
  }
  const parts = text.split(/\s+/);
  const [minute, hour, day, month, weekday] = parts;
  if (parts.length !== 5 || minute === undefined || hour === undefined)
    throw refusal(
      expression,
      `expected exactly 5 fields, found ${text === '' ? 0 : parts.length}: [${parts.join(' ')}]`,
    );
  const field = (part: string | undefined, bounds: Bounds): ParsedField => parseField(expression, part ?? '', bounds);
  const days = field(day, { min: 1, max: 31 });
  const weekdays = field(weekday, { min: 0, max: 6, names: WEEKDAYS });
  return {
    minutes: field(minute, { min: 0, max: 59 }).values,
    hours: field(hour, { min: 0, max: 23 }).values,
    days: days.isStar ? undefined : days.values,
    months: field(month, { min: 1, max: 12, names: MONTHS }).values,
    weekdays: weekdays.isStar ? undefined : weekdays.values,
  };
}

interface ParsedField {
  readonly values: readonly number[];
  /** Whether `*` or `?` stands in it without a step: it then leaves the choice of the day to the other field. */
  readonly isStar: boolean;
}

function parseField(expression: string, text: string, bounds: Bounds): ParsedField {
  const values = new Set<number>();
  let isStar = false;
  const ranges = text.split(',').filter((range) => range !== '');
  if (ranges.length === 0) throw refusal(expression, `empty field: ${text}`);
  for (const range of ranges) {
    const { start, end, step, star } = parseRange(expression, range, bounds);
    for (let value = start; value <= end; value += step) values.add(value);
    isStar ||= star && step === 1;
  }
  return { values: [...values].sort((a, b) => a - b), isStar };
}

function parseRange(
  expression: string,
  text: string,
  bounds: Bounds,
): { readonly start: number; readonly end: number; readonly step: number; readonly star: boolean } {
  const [span = '', stepText, ...moreSteps] = text.split('/');
  if (moreSteps.length > 0) throw refusal(expression, `too many slashes: ${text}`);
  const [low = '', high, ...moreHighs] = span.split('-');
  if (moreHighs.length > 0) throw refusal(expression, `too many hyphens: ${text}`);
  const star = low === '*' || low === '?';
  const step = stepText === undefined ? 1 : parseNumber(expression, stepText);
  const start = star ? bounds.min : parseValue(expression, low, bounds);
  let end = start;
  if (star) end = bounds.max;
  else if (high !== undefined) end = parseValue(expression, high, bounds);
  // `5/15` means `5-59/15`.
  else if (stepText !== undefined) end = bounds.max;
  if (start < bounds.min)
    throw refusal(expression, `beginning of range (${start}) below minimum (${bounds.min}): ${text}`);
  if (end > bounds.max) throw refusal(expression, `end of range (${end}) above maximum (${bounds.max}): ${text}`);
  if (start > end) throw refusal(expression, `beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw refusal(expression, `step of range should be a positive number: ${text}`);
  return { start, end, step, star };
}

function parseValue(expression: string, text: string, bounds: Bounds): number {
  const named = bounds.names?.indexOf(text.toLowerCase()) ?? -1;
  return named === -1 ? parseNumber(expression, text) : named + bounds.min;
}

function parseNumber(expression: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw refusal(expression, `failed to parse int from ${text}`);
  return Number(text);
}

function refusal(expression: string, reason: string): WorkloadError {
  return new WorkloadError('WORKLOAD_SCHEDULE_INVALID', reason, {
    subject: expression,
    hint: 'Give five fields, as in `20 4 * * *` (minute, hour, day of month, month, day of week), or a macro such as @daily.',
  });
}
