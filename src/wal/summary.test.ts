import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { RecordEncoder } from './encoder.ts';
import { encodeSegmentName } from './file-names.ts';
import { confChange, CONF_CHANGE_TYPES, ENTRY_TYPES } from './raft-messages.ts';
import type { RecordBody } from './record.ts';
import type { WalSegment } from './segment-bytes.ts';
import { summarizeWal, type WalSummary } from './summary.ts';

const metadata: RecordBody = { kind: 'metadata', identity: { memberId: 0xa1n, clusterId: 0xc1n } };
const request = (index: bigint, term = 1n, data = 'put'): RecordBody => ({
  kind: 'entry',
  entry: { type: ENTRY_TYPES.normal, term, index, data: Buffer.from(data) },
});
const addition = (index: bigint, nodeId: bigint): RecordBody => ({
  kind: 'entry',
  entry: {
    type: ENTRY_TYPES.confChange,
    term: 1n,
    index,
    data: confChange.encode({ id: 1n, type: CONF_CHANGE_TYPES.addNode, nodeId, context: Buffer.from('{}') }),
  },
});
const committed = (commit: bigint, term = 1n): RecordBody => ({ kind: 'state', state: { term, vote: 0xa1n, commit } });
const mark = (index: bigint): RecordBody => ({ kind: 'snapshot', snapshot: { index, term: 1n, confState: undefined } });

function segments(...parts: readonly (readonly RecordBody[])[]): readonly WalSegment[] {
  const encoder = new RecordEncoder();
  return parts.map((part, sequence) => ({
    name: encodeSegmentName({ sequence: BigInt(sequence), firstIndex: 0n }),
    source: inMemory(encoder.encodeAll([{ kind: 'crc' }, ...part])),
  }));
}

const summarize = (bodies: readonly RecordBody[], after?: bigint): WalSummary =>
  summarizeWal(segments([metadata, mark(0n), ...bodies]), { after });

describe('what a log says of its member', () => {
  it('is whose it is, how far it got and what it voted', () => {
    expect(summarize([addition(1n, 0xa1n), request(2n), request(3n), committed(2n)])).toMatchObject({
      identity: { memberId: 0xa1n, clusterId: 0xc1n },
      hardState: { term: 1n, vote: 0xa1n, commit: 2n },
      lastIndex: 3n,
      lastTerm: 1n,
      requests: 1,
      uncommittedRequests: 1,
      confChanges: [{ index: 1n, change: { type: CONF_CHANGE_TYPES.addNode, nodeId: 0xa1n } }],
      end: { state: 'clean' },
      findings: [],
    });
  });

  it('counts only what follows the index asked for, and no empty entries', () => {
    const log = [
      addition(1n, 0xa1n),
      request(2n),
      request(3n, 2n, ''),
      request(4n),
      addition(5n, 0xb1n),
      committed(5n),
    ];
    expect(summarize(log, 2n)).toMatchObject({ requests: 1, confChanges: [{ index: 5n }], lastIndex: 5n });
  });

  it('forgets entries that a new leader replaced', () => {
    const log = [request(1n), request(2n), addition(3n, 0xb1n), request(2n, 2n), committed(2n, 2n)];
    expect(summarize(log)).toMatchObject({ lastIndex: 2n, lastTerm: 2n, requests: 2, confChanges: [], findings: [] });
  });

  it('names the raft snapshots up to the last committed entry', () => {
    const { snapshots } = summarize([request(1n), mark(1n), request(2n), mark(2n), committed(1n)]);
    expect(snapshots.map(({ index }) => index)).toEqual([0n, 1n]);
  });

  it('goes on behind a snapshot that a leader sent', () => {
    const log = [request(1n), mark(100n), committed(100n), request(101n), committed(101n)];
    expect(summarize(log)).toMatchObject({ lastIndex: 101n, findings: [] });
  });
});

describe('what is wrong with a log as a whole', () => {
  const codes = (summary: WalSummary): readonly string[] => summary.findings.map(({ code }) => code);

  it('is that entries are missing', () => {
    expect(codes(summarize([request(1n), request(4n), committed(4n)]))).toEqual(['WAL_ENTRY_GAP']);
  });

  it('is that it ends before its last committed entry', () => {
    expect(codes(summarize([request(1n), committed(7n)]))).toEqual(['WAL_COMMIT_BEYOND_END']);
  });

  it('is that a segment is missing', () => {
    const [first, , third] = segments([metadata, request(1n)], [metadata, request(2n)], [metadata, committed(2n)]);
    if (first === undefined || third === undefined) throw new Error('no segments');
    expect(codes(summarizeWal([first, third]))).toEqual(['WAL_SEGMENT_MISSING']);
  });

  it('is that it belongs to two members', () => {
    const other: RecordBody = { kind: 'metadata', identity: { memberId: 0xb1n, clusterId: 0xc1n } };
    const summary = summarizeWal(segments([metadata, request(1n)], [other, committed(1n)]));
    expect(codes(summary)).toEqual(['WAL_IDENTITY_CONFLICT']);
    expect(summary.identity?.memberId).toBe(0xa1n);
  });

  it('is that it does not say whose it is', () => {
    expect(codes(summarizeWal(segments([request(1n), committed(1n)])))).toEqual(['WAL_IDENTITY_MISSING']);
  });

  it('is that a membership change cannot be decoded', () => {
    const bad: RecordBody = {
      kind: 'entry',
      entry: { type: ENTRY_TYPES.confChange, term: 1n, index: 1n, data: Buffer.alloc(3, 0xff) },
    };
    expect(codes(summarize([bad, committed(1n)]))).toEqual(['WAL_RECORD_DAMAGED']);
  });
});
