import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainSchedule, scheduleProblem, timeZoneProblem } from './cron-syntax.ts';

describe('a schedule', () => {
  it.each([
    ['20 4 * * *', '20 4 * * *'],
    ['*/15 4-6 * * MON', '0,15,30,45 4,5,6 * * 1'],
    ['  1 2 3 4 5 ', '1 2 3 4 5'],
    ['1,, * * * *', '1 * * * *'],
    ['50/5 * * * *', '50,55 * * * *'],
    ['5/70 * * * *', '5 * * * *'],
    ['? * ? jan-dec/6 SUN', '* * * 1,7 0'],
    ['* * */2 * 1', '* * 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * 1'],
    ['* * 1,*/1 * *', '* * * * *'],
    ['@daily', '0 0 * * *'],
    ['@weekly', '0 0 * * 0'],
  ])('%j means %j', (schedule, plain) => {
    expect(plainSchedule(schedule)).toBe(plain);
    expect(scheduleProblem(schedule)).toBeUndefined();
  });

  // The sentences are kube-apiserver's.
  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['', 'expected exactly 5 fields, found 0: []'],
    ['@foo', 'unrecognized descriptor: @foo'],
    ['@every 1h', '@every is not supported by holdfast standalone'],
    ['61 * * * *', 'end of range (61) above maximum (59): 61'],
    ['0 24 * * *', 'end of range (24) above maximum (23): 24'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-3 * * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['* * L * *', 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'],
    ['-1 * * * *', 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'],
    [
      'constructor * * * *',
      'failed to parse int from constructor: strconv.Atoi: parsing "constructor": invalid syntax',
    ],
    [', * * * *', 'the field "," names no time'],
  ])('%j is refused', (schedule, problem) => {
    expect(scheduleProblem(schedule)).toBe(problem);
    expect(() => plainSchedule(schedule)).toThrow(RangeError);
  });

  const field = (least: number, most: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 1, max: 30 }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 4 }).map((all) => all.join(',')),
    );
  const anySchedule = fc
    .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
    .map((all) => all.join(' '));

  it('in its plain form means the same, and can be read by croner', () => {
    fc.assert(
      fc.property(anySchedule, (schedule) => {
        const plain = plainSchedule(schedule);
        expect(plainSchedule(plain)).toBe(plain);
        expect(() => new Cron(plain, { mode: '5-part', paused: true, timezone: 'UTC' })).not.toThrow();
      }),
    );
  });
});

describe('a time zone', () => {
  it.each(['UTC', 'Etc/UTC', 'Asia/Tokyo', 'US/Pacific', 'America/St_Johns', 'EST', 'Etc/GMT+5', 'GB'])(
    '%s is known',
    (zone) => {
      expect(timeZoneProblem(zone)).toBeUndefined();
    },
  );

  it.each(['asia/tokyo', 'utc', 'Mars/One', '../x', 'GMT+5', '+05', 'Asia//Tokyo', '/UTC', 'A/' + 'x'.repeat(15)])(
    '%s is not',
    (zone) => {
      expect(timeZoneProblem(zone)).toBe(`unknown time zone ${zone}`);
    },
  );

  it('is named', () => {
    expect(timeZoneProblem('')).toBe('timeZone must be nil or non-empty string');
    expect(timeZoneProblem('Local')).toContain('must be an explicit time zone');
  });
});
