import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseCount, parseDuration, parseGigabytes } from './parse.ts';

describe('a duration', () => {
  it.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['45', 45_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '0', '0s', '-5s', '5x', 's', '5 m', '1e3s', '600h'])('%j is refused', (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
  });
});

it.each(['0', '-1', '1.5', 'abc', '', '1e3', '99999999999999999999'])('%j is no count', (text) => {
  expect(() => parseCount(text)).toThrow(InvalidArgumentError);
});

it('gigabytes may be fractions, above zero', () => {
  expect(parseGigabytes('0.5')).toBe(0.5);
  for (const text of ['0', '-1', 'x', '']) expect(() => parseGigabytes(text), text).toThrow(InvalidArgumentError);
});
