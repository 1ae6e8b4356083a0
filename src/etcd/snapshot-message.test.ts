import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { protobuf } from '../base/index.ts';
import { decodeSnapshotMessage } from './snapshot-message.ts';

/** The same message by schema, as the judge. */
const schema = protobuf.message({
  header: protobuf.nested(1, protobuf.message({ clusterId: protobuf.uint64(1) })),
  remainingBytes: protobuf.uint64(2),
  blob: protobuf.bytes(3),
  storageVersion: protobuf.string(4),
});

describe('a message of a snapshot stream', () => {
  it('decodes to what a schema would find in it', () => {
    const message = fc.record({
      header: fc.option(fc.record({ clusterId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }), { nil: undefined }),
      remainingBytes: fc.bigInt({ min: 0n, max: 2n ** 50n }),
      blob: fc.uint8Array({ maxLength: 300 }),
      storageVersion: fc.string(),
    });
    fc.assert(
      fc.property(message, (value) => {
        const decoded = decodeSnapshotMessage(schema.encode(value));
        expect({ ...decoded, blob: [...decoded.blob] }).toEqual({
          remainingBytes: Number(value.remainingBytes),
          blob: [...value.blob],
          storageVersion: value.storageVersion,
        });
      }),
    );
  });

  it('shares its memory with the bytes it came in', () => {
    const bytes = schema.encode({ remainingBytes: 5n, blob: Buffer.from('abc') });
    expect(decodeSnapshotMessage(bytes).blob.buffer).toBe(bytes.buffer);
  });

  it('is a message or a ProtobufError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        try {
          decodeSnapshotMessage(noise);
        } catch (error) {
          expect(error).toBeInstanceOf(protobuf.ProtobufError);
        }
      }),
    );
  });
});
