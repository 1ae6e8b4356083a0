import { expect, it } from 'vitest';
import { toJson } from './json.ts';

it('writes 64-bit values as numbers while they are exact, and as decimal strings beyond', () => {
  expect(toJson({ revision: 31407n, largest: 2n ** 53n - 1n, index: 2n ** 63n })).toBe(
    '{"revision":31407,"largest":9007199254740991,"index":"9223372036854775808"}',
  );
});
