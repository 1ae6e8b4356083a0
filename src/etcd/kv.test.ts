import fc from 'fast-check';
import { expect, it } from 'vitest';
import { prefixEnd } from './kv.ts';

it('a prefix ends where its last byte is raised by one', () => {
  expect(Buffer.from(prefixEnd(Buffer.from('/registry/'))).toString()).toBe('/registry0');
});

it('bytes that cannot be raised are dropped, and a prefix of such bytes alone has no end', () => {
  expect([...prefixEnd(Uint8Array.of(1, 255, 255))]).toEqual([2]);
  expect([...prefixEnd(Uint8Array.of(255))]).toEqual([0]);
  expect([...prefixEnd(new Uint8Array(0))]).toEqual([0]);
});

it('a range from a prefix to its end holds a key exactly if the key starts with it', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(bytes, bytes, (prefix, key) => {
      const end = prefixEnd(prefix);
      const open = end.length === 1 && end[0] === 0;
      const inRange = Buffer.compare(prefix, key) <= 0 && (open || Buffer.compare(key, end) < 0);
      expect(inRange).toBe(Buffer.from(key.subarray(0, prefix.length)).equals(prefix));
    }),
  );
});
