import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyValueReader } from './key-value.ts';
import { encodeKeyValue } from './test-etcd.ts';

const reader = new KeyValueReader();

function read(bytes: Uint8Array, start = 0): boolean {
  return reader.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, bytes.length);
}

const revision = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });

describe('an encoded key-value', () => {
  it('is read as it was written, wherever it lies', () => {
    const fields = fc.record({
      key: fc.uint8Array(),
      value: fc.uint8Array({ maxLength: 300 }),
      createRevision: revision,
      modRevision: revision,
      version: revision,
      lease: revision,
    });
    fc.assert(
      fc.property(fields, fc.nat(9), (message, offset) => {
        const bytes = Buffer.concat([Buffer.alloc(offset), encodeKeyValue(message)]);
        expect(read(bytes, offset)).toBe(true);
        expect(bytes.subarray(reader.keyStart, reader.keyEnd)).toEqual(Buffer.from(message.key));
        expect(bytes.subarray(reader.valueStart, reader.valueEnd)).toEqual(Buffer.from(message.value));
        expect(BigInt(reader.createRevision)).toBe(message.createRevision);
        expect(BigInt(reader.modRevision)).toBe(message.modRevision);
        expect(BigInt(reader.version)).toBe(message.version);
        expect(BigInt(reader.lease)).toBe(message.lease);
      }),
    );
  });

  it('may have fields that a later etcd adds', () => {
    const known = encodeKeyValue({ key: Buffer.from('k'), version: 3n });
    const later = [0x38, 0x80, 0x01, 0x41, 1, 2, 3, 4, 5, 6, 7, 8, 0x4a, 2, 1, 2, 0x55, 1, 2, 3, 4, 0x80, 0x01, 5];
    expect(read(Buffer.concat([Buffer.from(later), known, Buffer.from(later)]))).toBe(true);
    expect(reader.version).toBe(3);
    expect(reader.keyEnd - reader.keyStart).toBe(1);
  });

  it.each([
    ['a key that runs past the end', [0x0a, 5, 1, 2]],
    ['a value that runs past the end', [0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a number that does not end', [0x18, 0x80]],
    ['a number of more than ten bytes', [0x18, ...Array<number>(10).fill(0xff), 1]],
    ['a key that is a number', [0x08, 1]],
    ['a revision that is a string', [0x12, 1, 0]],
    ['a group', [0x3b]],
    ['a later field that runs past the end', [0x4a, 9, 1]],
    ['field number 0', [0x02, 0]],
  ])('is refused with %s', (_what, bytes) => {
    expect(read(Uint8Array.from(bytes))).toBe(false);
  });

  it('of any bytes is read or refused, never beyond its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        if (!read(bytes)) return;
        expect(reader.keyEnd).toBeLessThanOrEqual(bytes.length);
        expect(reader.valueEnd).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});
