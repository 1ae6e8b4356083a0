import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRaftSnapshotName, decodeSegmentName, encodeRaftSnapshotName, encodeSegmentName } from './file-names.ts';

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('the name of a file in a data directory', () => {
  it('says a segment’s number and first entry in sixteen hexadecimal digits each', () => {
    expect(encodeSegmentName({ sequence: 1n, firstIndex: 0xab12n })).toBe('0000000000000001-000000000000ab12.wal');
    fc.assert(
      fc.property(uint64, uint64, (sequence, firstIndex) => {
        expect(decodeSegmentName(encodeSegmentName({ sequence, firstIndex }))).toEqual({ sequence, firstIndex });
      }),
    );
  });

  it('says a raft snapshot’s term and index', () => {
    expect(encodeRaftSnapshotName({ term: 1n, index: 3n })).toBe('0000000000000001-0000000000000003.snap');
    expect(decodeRaftSnapshotName('0000000000000002-0000000000000066.snap')).toEqual({ term: 2n, index: 0x66n });
  });

  it.each(['0.tmp', 'db', '0000000000000000-0000000000000000.wal.broken', '0000000000000066.snap.db', ''])(
    'is nobody’s if it is %j',
    (name) => {
      expect(decodeSegmentName(name)).toBeUndefined();
      expect(decodeRaftSnapshotName(name)).toBeUndefined();
    },
  );
});
