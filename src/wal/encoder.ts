import { crc32c } from '../base/index.ts';
import { encodeFrame } from './frame.ts';
import { walRecord } from './raft-messages.ts';
import { encodeRecordBody, RECORD_TYPES, type RecordBody } from './record.ts';

/**
 * Encodes records one after the other, each with the checksum over the data of all before it (etcd
 * server/storage/wal/encoder.go). To continue a log, begin with the `crc` of its {@link WalEnd}.
 */
export class RecordEncoder {
  #crc: number;

  constructor(crc = 0) {
    this.#crc = crc;
  }

  /** The checksum so far. */
  get crc(): number {
    return this.#crc;
  }

  /** The record's frame: what is to be appended to the segment. */
  encode(body: RecordBody): Buffer {
    const data = encodeRecordBody(body);
    this.#crc = crc32c(data, this.#crc);
    return encodeFrame(walRecord.encode({ type: RECORD_TYPES[body.kind], crc: this.#crc, data: dataOf(body, data) }));
  }

  encodeAll(bodies: readonly RecordBody[]): Buffer {
    return Buffer.concat(bodies.map((body) => this.encode(body)));
  }
}

/** A `crc` record has no data at all; the others have some, always. */
function dataOf(body: RecordBody, data: Uint8Array): Uint8Array {
  return body.kind === 'crc' ? new Uint8Array(0) : data;
}
