import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantityInBillionths } from './quantity.ts';

const billion = 1_000_000_000n;

describe('quantityInBillionths', () => {
  it.each([
    ['10Gi', 10n * 2n ** 30n * billion],
    ['200Gi', 200n * 2n ** 30n * billion],
    ['1.5Gi', 3n * 2n ** 29n * billion],
    ['100G', 100n * 10n ** 9n * billion],
    ['1e3', 1000n * billion],
    ['1E', 10n ** 18n * billion],
    ['100m', billion / 10n],
    ['.5', billion / 2n],
    ['5.', 5n * billion],
    ['-1k', -1000n * billion],
    ['0', 0n],
  ])('reads %s exactly', (text, worth) => {
    expect(quantityInBillionths(text)).toBe(worth);
  });

  it('reads a number as its text', () => {
    expect(quantityInBillionths(1024)).toBe(1024n * billion);
  });

  it('rounds up what is finer than a billionth', () => {
    expect(quantityInBillionths('0.0000000001')).toBe(1n);
    expect(quantityInBillionths('1e-40')).toBe(1n);
  });

  it('does not stumble over an absurd exponent', () => {
    expect(quantityInBillionths('1e999999999')).toBe(10n ** 49n);
  });

  it.each(['', 'Gi', '1GiB', '1 Gi', '0x10', '1e', '--1', '1.2.3', '1ki'])(
    'does not take %j for a quantity',
    (text) => {
      expect(quantityInBillionths(text)).toBeUndefined();
    },
  );

  it('orders whole numbers of bytes as numbers are ordered, far beyond 2^53', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 63n), fc.bigInt(0n, 2n ** 63n), (left, right) => {
        const [a, b] = [quantityInBillionths(String(left)) ?? -1n, quantityInBillionths(String(right)) ?? -1n];
        expect(a < b).toBe(left < right);
      }),
    );
  });
});
