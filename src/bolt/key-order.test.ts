import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeysAt } from './key-order.ts';
import { viewOf } from './page.ts';

const key = fc.uint8Array({ maxLength: 12 });
/** Keys with a common start, which random ones hardly ever have. */
const pair = fc
  .tuple(key, key, key)
  .map(([shared, left, right]) => [Buffer.concat([shared, left]), Buffer.concat([shared, right])]);

describe('the order of keys', () => {
  it('is the order of their bytes, shorter first', () => {
    fc.assert(
      fc.property(pair, ([left = Buffer.alloc(0), right = Buffer.alloc(0)]) => {
        const order = compareKeysAt(
          { view: viewOf(left), start: 0, end: left.length },
          { view: viewOf(right), start: 0, end: right.length },
        );
        expect(Math.sign(order)).toBe(Buffer.compare(left, right));
      }),
    );
  });
});
