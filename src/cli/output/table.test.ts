import { describe, expect, it } from 'vitest';
import { formatAge, formatTable } from './table.ts';

describe('a table', () => {
  it('pads its columns to their widest cell, without trailing blanks', () => {
    expect(
      formatTable(
        ['NAME', 'SIZE'],
        [
          ['a', '1'],
          ['longer', '1000000'],
        ],
      ),
    ).toBe('NAME    SIZE\na       1\nlonger  1000000');
  });

  it('counts wide characters as two columns', () => {
    const [, first = '', second = ''] = formatTable(
      ['N', 'S'],
      [
        ['海藻', 'x'],
        ['ab', 'y'],
      ],
    ).split('\n');
    expect(first).toBe('海藻  x');
    expect(second).toBe('ab    y');
  });
});

it.each([
  [0, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [3 * 3600_000, '3h'],
  [49 * 3600_000, '2d'],
  [-5000, '0s'],
])('%d ms ago is %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
