import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalQuantity, compareQuantities, quantityBytes, quantityNano, quantityProblem } from './quantity.ts';

describe('a quantity', () => {
  // Written by kube-apiserver 1.36 for these capacities of a PersistentVolume.
  it.each([
    ['1024Mi', '1Gi'],
    ['0.5Gi', '512Mi'],
    ['1.5Gi', '1536Mi'],
    ['1000', '1k'],
    ['1000Mi', '1000Mi'],
    ['1536', '1536'],
    ['0.1', '100m'],
    ['.5', '500m'],
    ['1e3', '1e3'],
    ['1.5e3', '1500'],
    ['2e-3', '2e-3'],
    ['12E', '12E'],
    ['1023Ki', '1023Ki'],
    ['2048Ki', '2Mi'],
    ['1000000', '1M'],
    ['1Ei', '1Ei'],
    ['1.1Gi', '1181116006400m'],
    ['0.001Gi', '1073741824m'],
    ['1.0001m', '2m'],
    ['5n', '1m'],
    ['0', '0'],
  ])('%s is kept as %s', (given, kept) => {
    expect(canonicalQuantity(given)).toBe(kept);
  });

  it.each([
    ['', 'quantities must match the regular expression'],
    ['1.2.3', 'quantities must match the regular expression'],
    ['.', 'quantities must match the regular expression'],
    ['ten', 'quantities must match the regular expression'],
    ['10Xi', 'quantities must match the regular expression'],
    ['1mm', "unable to parse quantity's suffix"],
    ['1e', "unable to parse quantity's suffix"],
    ['1e1000000000', "unable to parse quantity's suffix"],
  ])('%j is refused', (given, problem) => {
    expect(quantityProblem(given)).toContain(problem);
    expect(() => quantityNano(given)).toThrow(RangeError);
    expect(() => canonicalQuantity(given)).toThrow(RangeError);
  });

  it('counts in whole bytes, rounded up', () => {
    expect(quantityBytes('200Gi')).toBe(200n * 2n ** 30n);
    expect(quantityBytes('1500m')).toBe(2n);
    expect(quantityBytes('-1500m')).toBe(-2n);
  });

  it('is compared by its amount, whatever its suffix', () => {
    expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
    expect(compareQuantities('1G', '1Gi')).toBe(-1);
    expect(compareQuantities('2', '1999m')).toBe(1);
  });

  const anyQuantity = fc
    .tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.constantFrom('m', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'E-2'))
    .map(([number, suffix]) => `${number}${suffix}`);

  it('has one canonical form, which is a fixed point', () => {
    fc.assert(
      fc.property(anyQuantity, (text) => {
        const kept = canonicalQuantity(text);
        return canonicalQuantity(kept) === kept && compareQuantities(kept, text) >= 0;
      }),
    );
  });
});
