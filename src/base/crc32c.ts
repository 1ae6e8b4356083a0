import { createRequire } from 'node:module';

/**
 * CRC-32C (Castagnoli), as etcd uses for its hashes and its write-ahead log.
 *
 * The native module does some 7 GB/s with the processor's own instruction; where it cannot be loaded (an unusual
 * platform, a single-file executable) the tables below do about 1 GB/s.
 */
export type Crc32c = (bytes: Uint8Array, initial?: number) => number;

const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256, one after the other: slice k advances a byte by k further bytes. */
function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[value] = crc;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256] ?? 0;
    tables[index] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/** The portable implementation: slicing by eight. */
export function makePortableCrc32c(): Crc32c {
  const tables = makeTables();
  const slice = (index: number, value: number): number => tables[index * 256 + (value & 0xff)] ?? 0;
  return (bytes, initial = 0) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let crc = ~initial;
    let at = 0;
    for (; at + 8 <= bytes.length; at += 8) {
      const low = crc ^ view.getUint32(at, true);
      const high = view.getUint32(at + 4, true);
      crc =
        slice(7, low) ^
        slice(6, low >>> 8) ^
        slice(5, low >>> 16) ^
        slice(4, low >>> 24) ^
        slice(3, high) ^
        slice(2, high >>> 8) ^
        slice(1, high >>> 16) ^
        slice(0, high >>> 24);
    }
    for (; at < bytes.length; at++) crc = (crc >>> 8) ^ slice(0, crc ^ view.getUint8(at));
    return ~crc >>> 0;
  };
}

function loadNative(): Crc32c | undefined {
  try {
    const module: unknown = createRequire(import.meta.url)('@node-rs/crc32');
    if (typeof module === 'object' && module !== null && 'crc32c' in module && typeof module.crc32c === 'function') {
      return module.crc32c as Crc32c;
    }
  } catch {
    // No build for this platform, or none beside a single-file executable: the portable one serves.
  }
  return undefined;
}

export const crc32c: Crc32c = loadNative() ?? makePortableCrc32c();

/** A 32 by 32 matrix over GF(2), one column a word. */
type Matrix = Uint32Array;

function times(matrix: Matrix, vector: number): number {
  let sum = 0;
  for (let row = 0, rest = vector; rest !== 0; rest >>>= 1, row++) if (rest & 1) sum ^= matrix[row] ?? 0;
  return sum >>> 0;
}

function squared(matrix: Matrix): Matrix {
  return matrix.map((row) => times(matrix, row));
}

/**
 * The CRC of two byte strings joined, from the CRC of each and the second one's length, so that parts of one file can
 * be checked by several threads. (Appending n zero bytes is a linear map over GF(2); its powers of two come by squaring.)
 */
export function combineCrc32c(first: number, second: number, secondLength: number): number {
  if (secondLength === 0) return first >>> 0;
  const oneBit = new Uint32Array(32);
  oneBit[0] = POLYNOMIAL;
  for (let row = 1; row < 32; row++) oneBit[row] = 1 << (row - 1);
  let operator = squared(squared(squared(oneBit)));
  let crc = first >>> 0;
  for (let rest = secondLength; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) crc = times(operator, crc);
    operator = squared(operator);
  }
  return (crc ^ second) >>> 0;
}
