import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { RecordEncoder } from './encoder.ts';
import { encodeFrame } from './frame.ts';
import { walRecord } from './raft-messages.ts';
import type { RecordBody } from './record.ts';
import { WalReader, type WalRecord } from './reader.ts';
import type { WalSegment } from './segment-bytes.ts';

const identity = { memberId: 0xa1n, clusterId: 0xc1n };
const metadata: RecordBody = { kind: 'metadata', identity };
const entry = (index: bigint, data: Uint8Array): RecordBody => ({
  kind: 'entry',
  entry: { type: 0, term: 2n, index, data },
});

function segment(number: number, bytes: Uint8Array): WalSegment {
  return { name: `segment ${number}`, source: inMemory(bytes) };
}

function read(...segments: readonly Uint8Array[]): { records: WalRecord[]; reader: WalReader } {
  const reader = new WalReader(segments.map((bytes, number) => segment(number, bytes)));
  return { records: [...reader.records()], reader };
}

/** Two segments of a log, the second one preallocated. */
function log(): { first: Buffer; second: Buffer; bodies: RecordBody[] } {
  const encoder = new RecordEncoder();
  const before: RecordBody[] = [
    { kind: 'crc' },
    metadata,
    entry(1n, Buffer.from('one')),
    entry(2n, Buffer.alloc(900, 7)),
  ];
  const after: RecordBody[] = [
    { kind: 'crc' },
    metadata,
    { kind: 'state', state: { term: 2n, vote: 0xa1n, commit: 2n } },
    entry(3n, Buffer.alloc(2000, 9)),
  ];
  const first = encoder.encodeAll(before);
  const second = Buffer.concat([encoder.encodeAll(after), Buffer.alloc(4096)]);
  return { first, second, bodies: [...before, ...after] };
}

function bodyOf(record: WalRecord): unknown {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== 'segment' && name !== 'offset'));
}

describe('a write-ahead log', () => {
  it('is read segment by segment, up to the room that was never written', () => {
    const { first, second, bodies } = log();
    const { records, reader } = read(first, second);
    expect(records.map(bodyOf)).toEqual(bodies);
    expect(reader.findings).toEqual([]);
    expect(reader.end).toMatchObject({ state: 'clean', segment: 'segment 1', offset: second.length - 4096 });
  });

  it('may be read from any of its segments on', () => {
    const { second, bodies } = log();
    const { records, reader } = read(second);
    expect(records.map(bodyOf)).toEqual(bodies.slice(4));
    expect(reader.end.state).toBe('clean');
  });

  it('can be continued where it ended', () => {
    const { first, second } = log();
    const { end } = read(first, second).reader;
    const more = new RecordEncoder(end.crc).encode(entry(4n, Buffer.from('four')));
    const { records, reader } = read(first, Buffer.concat([second.subarray(0, end.offset), more]));
    expect(records.at(-1)).toMatchObject({ kind: 'entry', entry: { index: 4n } });
    expect(reader.findings).toEqual([]);
  });

  it('is empty if there are no segments or they hold nothing', () => {
    expect(read().reader.end).toEqual({ state: 'clean', segment: '', offset: 0, crc: 0 });
    expect(read(Buffer.alloc(64)).reader.end).toMatchObject({ state: 'clean', offset: 0 });
  });

  it('gives back whatever was written, record by record', () => {
    const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const bodies = fc.array(
      fc.oneof(
        fc
          .record({ term: uint64, vote: uint64, commit: uint64 })
          .map((state): RecordBody => ({ kind: 'state', state })),
        fc.tuple(uint64, fc.uint8Array({ maxLength: 40 })).map(([index, data]) => entry(index, Buffer.from(data))),
        fc.array(uint64).map((voters): RecordBody => {
          const confState = { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: true };
          return { kind: 'snapshot', snapshot: { index: 1n, term: 1n, confState } };
        }),
      ),
    );
    fc.assert(
      fc.property(bodies, (written) => {
        const { records } = read(new RecordEncoder().encodeAll([{ kind: 'crc' }, metadata, ...written]));
        expect(records.slice(2).map(bodyOf)).toEqual(written.map((body) => comparable(body)));
      }),
    );
  });

  it('stops when it is told to', () => {
    const { first } = log();
    const reader = new WalReader([segment(0, first)], { signal: AbortSignal.abort(new Error('enough')) });
    expect(() => [...reader.records()]).toThrow('enough');
  });
});

/** Empty data comes back as an empty Uint8Array of another kind. */
function comparable(body: RecordBody): RecordBody {
  if (body.kind !== 'entry' || body.entry.data.length > 0) return body;
  return { kind: 'entry', entry: { ...body.entry, data: new Uint8Array(0) } };
}

describe('a log after a power cut', () => {
  it('is torn, wherever its last record was cut, and good up to that record', () => {
    const { first, second } = log();
    const written = second.subarray(0, second.length - 4096);
    const whole = read(first, second).records;
    const lastAt = whole.at(-1)?.offset ?? 0;
    for (let length = lastAt + 1; length < written.length; length += 13) {
      const { records, reader } = read(first, written.subarray(0, length));
      expect(records.length, `${length} bytes`).toBe(whole.length - 1);
      expect(reader.end).toMatchObject({ state: 'torn', segment: 'segment 1', offset: lastAt });
      expect(reader.findings).toMatchObject([{ severity: 'warning', code: 'WAL_TAIL_TORN' }]);
    }
  });

  it('is torn if a sector of its last record never reached the disk', () => {
    const { first, second } = log();
    second.fill(0, 1024, 1536);
    expect(read(first, second).reader.end.state).toBe('torn');
  });
});

describe('a damaged log', () => {
  const damagedEnd = (...segments: readonly Uint8Array[]): unknown => {
    const { reader } = read(...segments);
    expect(reader.end.state).toBe('damaged');
    return reader.findings.map(({ code, severity }) => [code, severity]);
  };

  it('does not match its checksum after a flipped bit', () => {
    const { first, second } = log();
    first.writeUInt8(first.readUInt8(200) ^ 1, 200);
    expect(damagedEnd(first, second)).toEqual([['WAL_RECORD_CHECKSUM', 'error']]);
  });

  it('is cut short in the middle: etcd repairs the last segment only', () => {
    const { first, second } = log();
    expect(damagedEnd(first.subarray(0, first.length - 9), second)).toEqual([['WAL_RECORD_DAMAGED', 'error']]);
  });

  it('does not continue the checksum of the segment before', () => {
    const { second } = log();
    const stranger = new RecordEncoder().encodeAll([{ kind: 'crc' }, metadata, entry(1n, Buffer.from('other'))]);
    expect(damagedEnd(stranger, second)).toEqual([['WAL_CHAIN_BROKEN', 'error']]);
  });

  it('holds a record of a type that no etcd writes', () => {
    const bytes = encodeFrame(walRecord.encode({ type: 9n, crc: 0, data: new Uint8Array(0) }));
    expect(damagedEnd(bytes)).toEqual([['WAL_RECORD_UNKNOWN', 'error']]);
  });

  it('holds a record that is no message', () => {
    expect(damagedEnd(encodeFrame(Buffer.alloc(8, 0xff)))).toEqual([['WAL_RECORD_DAMAGED', 'error']]);
  });

  it('never makes the reader fail: it gives what is good, and says what is not', () => {
    const { first, second } = log();
    const flip = fc.tuple(fc.nat(first.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 5 }), (flips) => {
        const bytes = Buffer.from(first);
        for (const [at, mask] of flips) bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
        const { reader } = read(bytes, second);
        expect(reader.findings.length > 0).toBe(reader.end.state !== 'clean');
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(() => read(noise)).not.toThrow();
      }),
    );
  });

  it('says WAL_READ_FAILED if the disk does not answer', () => {
    const source = {
      size: 4096,
      read: () => {
        throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      },
    };
    const reader = new WalReader([{ name: 'x.wal', source }]);
    expect(() => [...reader.records()]).toThrow(expect.objectContaining({ code: 'WAL_READ_FAILED', subject: 'x.wal' }));
  });
});
