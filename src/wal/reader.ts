import { crc32c, messageOf, type Finding } from '../base/index.ts';
import { finding, type WalFindingCode } from './findings.ts';
import { decodeFrameLength, FRAME_HEADER_SIZE, isUnwritten, looksTorn } from './frame.ts';
import { walRecord } from './raft-messages.ts';
import { decodeRecordBody, RECORD_TYPES, type RecordBody } from './record.ts';
import { SegmentBytes, type WalSegment } from './segment-bytes.ts';

/** A record and where it was found. */
export type WalRecord = RecordBody & {
  readonly segment: string;
  /** Where its frame starts in the segment. */
  readonly offset: number;
};

/**
 * How a log ends.
 *
 * - `clean`: with the last whole record.
 * - `torn`: in the middle of the last record, as a power cut leaves it. etcd keeps a copy (`.broken`) and cuts the
 *   segment at `offset` when it starts (wal.Repair); nothing that was acknowledged is lost.
 * - `damaged`: with a record that is wrong in another way. etcd refuses to start.
 */
export interface WalEnd {
  readonly state: 'clean' | 'torn' | 'damaged';
  /** The segment in which reading ended; empty if there was none. */
  readonly segment: string;
  /** The first byte behind the last good record of that segment. */
  readonly offset: number;
  /** The checksum so far: the next record continues it. */
  readonly crc: number;
}

export interface WalReaderOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of records were read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** etcd reads no larger record: its size is bounded by the file's, 64 MB and one request. */
const LARGEST_RECORD = 512 * 1024 * 1024;
const RECORDS_PER_REPORT = 1024;

/** A record that cannot be used: what etcd would make of it, and why. */
class BadRecord {
  readonly torn: boolean;
  readonly code: WalFindingCode;
  readonly problem: string;

  constructor(torn: boolean, code: WalFindingCode, problem: string) {
    this.torn = torn;
    this.code = code;
    this.problem = problem;
  }
}

/**
 * Reads the records of a log, segment by segment, in bounded memory, and verifies the checksum that runs through them.
 * Behaves towards damage as etcd's reader does (server/storage/wal/decoder.go), but never throws because of it.
 */
export class WalReader {
  readonly #segments: readonly WalSegment[];
  readonly #options: WalReaderOptions;
  readonly #findings: Finding[] = [];
  #end: WalEnd = { state: 'clean', segment: '', offset: 0, crc: 0 };

  /** @param segments - in the order of their sequence numbers, without gaps; the first may be any of the log */
  constructor(segments: readonly WalSegment[], options: WalReaderOptions = {}) {
    this.#segments = segments;
    this.#options = options;
  }

  /** Where and how the log ends; final once {@link records} is exhausted. */
  get end(): WalEnd {
    return this.#end;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /**
   * The records in order, as far as they are good. Meant for one pass.
   *
   * @throws WalError `WAL_READ_FAILED` if the system cannot read; the signal's reason if it aborts
   */
  *records(): Generator<WalRecord, void> {
    let crc = 0;
    for (const [index, segment] of this.#segments.entries()) {
      const reader = new SegmentReader(segment, crc, index === this.#segments.length - 1);
      for (let count = 0; ; count++) {
        if (count % RECORDS_PER_REPORT === 0) this.#options.signal?.throwIfAborted();
        const offset = reader.offset;
        const body = reader.next();
        if (body instanceof BadRecord) {
          this.#stop(reader, body);
          return;
        }
        if (body === undefined) break;
        this.#options.onBytes?.(reader.offset - offset);
        yield { ...body, segment: segment.name, offset };
      }
      crc = reader.crc;
      this.#end = { state: 'clean', segment: segment.name, offset: reader.offset, crc };
    }
  }

  #stop(reader: SegmentReader, bad: BadRecord): void {
    const { name, offset, crc } = reader;
    this.#end = { state: bad.torn ? 'torn' : 'damaged', segment: name, offset, crc };
    const where = `${name} at ${offset}`;
    if (bad.torn) {
      const message = `the last record of ${name} was half written (${bad.problem})`;
      const hint = 'Nothing to do: etcd cuts the record off when it starts. It was never acknowledged.';
      this.#findings.push(finding('warning', 'WAL_TAIL_TORN', where, message, hint));
    } else {
      const hint = 'etcd does not start from this log. Restore the member from a backup.';
      this.#findings.push(finding('error', bad.code, where, `the record at ${offset} of ${name} ${bad.problem}`, hint));
    }
  }
}

/** Reads one segment; `offset` and `crc` are those behind the last good record. */
class SegmentReader {
  readonly name: string;
  readonly #bytes: SegmentBytes;
  readonly #isLast: boolean;
  offset = 0;
  crc: number;

  constructor(segment: WalSegment, crc: number, isLast: boolean) {
    this.name = segment.name;
    this.crc = crc;
    this.#isLast = isLast;
    this.#bytes = new SegmentBytes(segment);
  }

  /** The next record's body; undefined at the end. */
  next(): RecordBody | BadRecord | undefined {
    const header = this.#bytes.take(FRAME_HEADER_SIZE);
    if (header.length === 0) return undefined;
    if (header.length < FRAME_HEADER_SIZE) return this.#cutShort('its length is cut short');
    if (isUnwritten(header)) return undefined;
    const { record, padding } = decodeFrameLength(header);
    if (record + padding > Math.min(this.#bytes.remaining, LARGEST_RECORD)) {
      return this.#cutShort(`it claims ${record} bytes, ${this.#bytes.remaining} are left in the file`);
    }
    const bodyAt = this.#bytes.position;
    const framed = this.#bytes.take(record + padding);
    if (framed.length < record + padding) return this.#cutShort('the file became shorter');
    const result = this.#decode(framed.subarray(0, record));
    if (result instanceof BadRecord) {
      return this.#isLast && looksTorn(framed, bodyAt) ? new BadRecord(true, result.code, result.problem) : result;
    }
    this.offset = this.#bytes.position;
    return result;
  }

  /** etcd repairs the last segment only. */
  #cutShort(problem: string): BadRecord {
    return new BadRecord(this.#isLast, 'WAL_RECORD_DAMAGED', `is cut short: ${problem}`);
  }

  #decode(bytes: Uint8Array): RecordBody | BadRecord {
    try {
      const { type, crc, data } = walRecord.decode(bytes);
      if (type === RECORD_TYPES.crc) return this.#follow(crc);
      const sum = crc32c(data, this.crc);
      if (sum !== crc) return new BadRecord(false, 'WAL_RECORD_CHECKSUM', 'does not match its checksum');
      const body = decodeRecordBody(type, data);
      if (body === undefined) return new BadRecord(false, 'WAL_RECORD_UNKNOWN', `is of the unknown type ${type}`);
      this.crc = sum;
      return body;
    } catch (error) {
      return new BadRecord(false, 'WAL_RECORD_DAMAGED', `cannot be decoded: ${messageOf(error)}`);
    }
  }

  /** A log may begin with any segment, so the first checksum found is taken as it is. */
  #follow(crc: number): RecordBody | BadRecord {
    if (this.crc !== 0 && crc !== this.crc) {
      return new BadRecord(false, 'WAL_CHAIN_BROKEN', 'does not continue the checksum of what precedes it');
    }
    this.crc = crc;
    return { kind: 'crc' };
  }
}
