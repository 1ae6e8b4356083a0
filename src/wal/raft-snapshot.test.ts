import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WalError } from './errors.ts';
import { snapEnvelope } from './raft-messages.ts';
import { decodeRaftSnapshot, encodeRaftSnapshot, type RaftSnapshot } from './raft-snapshot.ts';

const confState = {
  voters: [1n, 2n ** 64n - 1n],
  learners: [3n],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};
const snapshot: RaftSnapshot = { index: 7n, term: 2n, confState, data: Buffer.from('{"Root":{}}') };

describe('a raft snapshot file', () => {
  it('decodes to what was encoded', () => {
    expect(decodeRaftSnapshot(encodeRaftSnapshot(snapshot), 'x.snap')).toEqual(snapshot);
  });

  it('is refused where etcd refuses it: empty, without content, or with a wrong checksum', () => {
    const refused = (bytes: Uint8Array): unknown =>
      expect(() => decodeRaftSnapshot(bytes, 'x.snap')).toThrow(
        expect.objectContaining({ code: 'WAL_SNAPSHOT_MALFORMED', subject: 'x.snap' }),
      );
    refused(new Uint8Array(0));
    refused(snapEnvelope.encode({ crc: 1, data: new Uint8Array(0) }));
    refused(snapEnvelope.encode({ crc: 1, data: Buffer.from('x') }));
    const bytes = Buffer.from(encodeRaftSnapshot(snapshot));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
    refused(bytes);
  });

  it('gives a WalError and nothing else for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          decodeRaftSnapshot(noise, 'x.snap');
        } catch (error) {
          expect(error).toBeInstanceOf(WalError);
        }
      }),
    );
  });
});
