import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as pb from './protobuf.ts';

const inner = pb.message({ name: pb.string(1), peers: pb.repeatedString(2) });
const outer = pb.message({
  id: pb.uint64(1),
  revision: pb.int64(2),
  small: pb.int32(3),
  learner: pb.bool(4),
  blob: pb.bytes(5),
  inner: pb.nested(6, inner),
  members: pb.repeated(7, inner),
  ids: pb.repeatedUint64(8),
});

describe('a protobuf message', () => {
  it('decodes to what was encoded, whatever its values', () => {
    const innerValue = fc.record({ name: fc.string(), peers: fc.array(fc.string()) });
    const value = fc.record({
      id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      revision: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      small: fc.integer(),
      learner: fc.boolean(),
      blob: fc.uint8Array(),
      inner: fc.option(innerValue, { nil: undefined }),
      members: fc.array(innerValue),
      ids: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    });
    fc.assert(
      fc.property(value, (message) => {
        const decoded = outer.decode(outer.encode(message));
        expect({ ...decoded, blob: [...decoded.blob] }).toEqual({ ...message, blob: [...message.blob] });
      }),
    );
  });

  it('writes the bytes that the protocol-buffer documentation shows', () => {
    expect(Buffer.from(pb.message({ a: pb.int32(1) }).encode({ a: 150 })).toString('hex')).toBe('089601');
    expect(Buffer.from(pb.message({ b: pb.string(2) }).encode({ b: 'testing' })).toString('hex')).toBe(
      '120774657374696e67',
    );
  });

  it('reads packed numbers and skips fields that the schema does not name', () => {
    const packed = Buffer.from('42030102037d010203047900000000000000000a01ff', 'hex');
    expect(pb.message({ ids: pb.repeatedUint64(8) }).decode(packed).ids).toEqual([1n, 2n, 3n]);
  });

  it('rejects every cut-off message that ends inside a field, and never reads past the end', () => {
    const whole = outer.encode({ id: 300n, blob: Buffer.from('abc') });
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      if (length === 0 || length === 3) expect(() => outer.decode(cut)).not.toThrow();
      else expect(() => outer.decode(cut), `${length} bytes`).toThrow(pb.ProtobufError);
    }
  });

  it('survives random bytes: a message or a ProtobufError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        try {
          outer.decode(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(pb.ProtobufError);
        }
      }),
    );
  });
});
