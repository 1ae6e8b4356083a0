/**
 * How a record lies in a segment. Source: etcd server/storage/wal/encoder.go and decoder.go: eight bytes of length,
 * little-endian, then the record, then zeros up to a multiple of eight, so that a length is never torn. The length's
 * top byte is 0x80 + the number of zeros, or 0 if there are none. A length of zero is room that was never written.
 */
export const FRAME_HEADER_SIZE = 8;
/** What a disk writes whole or not at all. */
const SECTOR = 512;

export interface FrameLength {
  /** Bytes of the record. */
  readonly record: number;
  /** Zeros behind it, as the length says; etcd believes any number from 0 to 7. */
  readonly padding: number;
}

export function encodeFrame(record: Uint8Array): Buffer {
  const padding = (8 - (record.length % 8)) % 8;
  const frame = Buffer.alloc(FRAME_HEADER_SIZE + record.length + padding);
  frame.writeUIntLE(record.length, 0, 6);
  if (padding > 0) frame[7] = 0x80 | padding;
  frame.set(record, FRAME_HEADER_SIZE);
  return frame;
}

/** @param header - the first eight bytes of a frame; `record` may come out above 2^53, larger than any file */
export function decodeFrameLength(header: Buffer): FrameLength {
  const top = header.readUInt8(7);
  const record = header.readUIntLE(0, 6) + header.readUInt8(6) * 2 ** 48;
  return { record, padding: (top & 0x80) === 0 ? 0 : top & 7 };
}

/** Whether eight bytes begin no frame but room that was never written. */
export function isUnwritten(header: Buffer): boolean {
  return header.readBigUInt64LE() === 0n;
}

/**
 * Whether a bad record looks half written: one of the sectors that it covers is all zeros (decoder.isTornEntry).
 *
 * @param body - the record with its padding
 * @param position - where in its segment `body` starts
 */
export function looksTorn(body: Uint8Array, position: number): boolean {
  for (let from = 0; from < body.length;) {
    const to = Math.min(body.length, from + SECTOR - ((position + from) % SECTOR));
    if (body.subarray(from, to).every((byte) => byte === 0)) return true;
    from = to;
  }
  return false;
}
