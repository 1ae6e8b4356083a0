import { describe, expect, it } from 'vitest';
import { age, humanDuration } from './human-duration.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('humanDuration', () => {
  it.each([
    [-3 * SECOND, '<invalid>'],
    [-1 * SECOND, '0s'],
    [0, '0s'],
    [119 * SECOND, '119s'],
    [2 * MINUTE, '2m'],
    [9 * MINUTE + 59 * SECOND, '9m59s'],
    [10 * MINUTE + 1, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 59 * MINUTE, '7h59m'],
    [8 * HOUR + 59 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [7 * DAY + 23 * HOUR, '7d23h'],
    [8 * DAY + 23 * HOUR, '8d'],
    [2 * 365 * DAY, '2y'],
    [7 * 365 * DAY + 5 * DAY, '7y5d'],
    [8 * 365 * DAY + 5 * DAY, '8y'],
  ])('writes %i ms as %s', (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text);
  });

  it('knows no age of an object without a time', () => {
    expect(age('', new Date(0))).toBe('<unknown>');
    expect(age('2026-11-23T10:00:00Z', new Date('2026-11-23T10:00:51Z'))).toBe('51s');
  });
});
