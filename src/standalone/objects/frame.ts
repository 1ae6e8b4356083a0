import { crc32c } from '../../base/index.ts';

/**
 * A frame of the log: the payload's length and its CRC-32C (both 32 bits, little-endian), then the payload. A frame is
 * written and made durable as a whole before the next one is begun, so only the last one of a file can be torn.
 */
export const FRAME_HEADER_BYTES = 8;

/** Far above what one write of the store can come to; a length beyond it is damage. */
export const LONGEST_PAYLOAD = 256 * 1024 * 1024;

export function encodeFrame(payload: Uint8Array): Buffer {
  if (payload.length > LONGEST_PAYLOAD) throw new RangeError(`a frame of ${payload.length} bytes is too long`);
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32c(payload), 4);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/** The payload of the frame that starts at `offset`; undefined where no whole and unharmed frame stands there. */
export function decodeFrame(bytes: Buffer, offset: number): Buffer | undefined {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const length = bytes.readUInt32LE(offset);
  const start = offset + FRAME_HEADER_BYTES;
  // No payload is empty, so a stretch of zeros is never taken for frames.
  if (length === 0 || length > LONGEST_PAYLOAD || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return crc32c(payload) === bytes.readUInt32LE(offset + 4) ? payload : undefined;
}

/**
 * Whether an unharmed frame whose payload begins with `opening` stands anywhere behind `offset`. If so, what lies at
 * `offset` was not torn while it was written: it was whole once, since the later frame was written after it.
 */
export function hasFrameBehind(bytes: Buffer, offset: number, opening: string): boolean {
  let at = bytes.indexOf(opening, offset + FRAME_HEADER_BYTES + 1);
  while (at !== -1) {
    if (decodeFrame(bytes, at - FRAME_HEADER_BYTES) !== undefined) return true;
    at = bytes.indexOf(opening, at + 1);
  }
  return false;
}
