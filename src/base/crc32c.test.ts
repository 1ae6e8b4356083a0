import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc32c, crc32c, makePortableCrc32c } from './crc32c.ts';

describe('CRC-32C', () => {
  const portable = makePortableCrc32c();

  it('gives the check value of the Castagnoli polynomial', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(portable(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('is the same by the processor and by the portable tables, also when continued', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (a, b) => {
        expect(portable(b, portable(a))).toBe(crc32c(b, crc32c(a)));
      }),
    );
  });

  it('of two joined parts follows from the parts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
        expect(combineCrc32c(crc32c(a), crc32c(b), b.length)).toBe(crc32c(Buffer.concat([a, b])));
      }),
    );
  });
});
