import { createHash, type Hash } from 'node:crypto';
import { messageOf, type Finding, type RandomAccess } from '../base/index.ts';
import { SnapshotError } from './errors.ts';
import { finding } from './findings.ts';

/** Bytes of the SHA-256 that etcd sends behind the database. */
export const TRAILER_SIZE = 32;

/**
 * Whether a file of this size ends in etcd's SHA-256. Databases are whole pages, so their size is a multiple of 512;
 * etcd itself tells by the same rule (etcdutl/snapshot/v3_snapshot.go, hasChecksum).
 */
export function hasTrailer(size: number): boolean {
  return size % 512 === TRAILER_SIZE;
}

/** Bytes of the database in a file of `size` bytes: all but the trailer, where there is one. */
export function contentSize(size: number): number {
  return hasTrailer(size) ? size - TRAILER_SIZE : size;
}

/** - `absent`: there is no SHA-256 to compare with, so nothing is known about the bytes. */
export type TrailerState = 'good' | 'mismatch' | 'absent';

export interface TrailerReport {
  readonly state: TrailerState;
  /** Bytes of the whole file. */
  readonly size: number;
  /** SHA-256 of the whole file, trailer included; lower-case hex, as `sha256sum` prints it. */
  readonly sha256: string;
  /** SHA-256 of the database alone; what the trailer should be. Equal to `sha256` where there is no trailer. */
  readonly sha256OfContent: string;
  /** What the trailer is; undefined where there is none. */
  readonly trailer: string | undefined;
}

/**
 * Hashes a snapshot as it passes by, in pieces of any size, and compares it with the SHA-256 at its end: one pass gives
 * the whole file's hash and the content's. The last 32 bytes are held back until more come.
 */
export class SnapshotHasher {
  readonly #hash: Hash = createHash('sha256');
  readonly #tail: Buffer = Buffer.alloc(TRAILER_SIZE);
  #tailSize = 0;
  #size = 0;

  update(bytes: Uint8Array): void {
    this.#size += bytes.length;
    const surplus = this.#tailSize + bytes.length - TRAILER_SIZE;
    if (surplus <= 0) {
      this.#tail.set(bytes, this.#tailSize);
      this.#tailSize += bytes.length;
      return;
    }
    const fromTail = Math.min(surplus, this.#tailSize);
    this.#hash.update(this.#tail.subarray(0, fromTail));
    this.#hash.update(bytes.subarray(0, surplus - fromTail));
    this.#tail.copyWithin(0, fromTail, this.#tailSize);
    this.#tail.set(bytes.subarray(surplus - fromTail), this.#tailSize - fromTail);
    this.#tailSize = TRAILER_SIZE;
  }

  /** The verdict on everything given so far. May be called once. */
  finish(): TrailerReport {
    const tail = this.#tail.subarray(0, this.#tailSize);
    const withTail = this.#hash.copy().update(tail).digest('hex');
    if (!hasTrailer(this.#size)) {
      const size = this.#size;
      return { state: 'absent', size, sha256: withTail, sha256OfContent: withTail, trailer: undefined };
    }
    const content = this.#hash.digest('hex');
    const trailer = tail.toString('hex');
    const state = content === trailer ? 'good' : 'mismatch';
    return { state, size: this.#size, sha256: withTail, sha256OfContent: content, trailer };
  }
}

export interface TrailerOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes were hashed since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads a whole snapshot and compares it with the SHA-256 at its end; some 2 GB a second.
 *
 * @throws SnapshotError `SNAPSHOT_READ_FAILED` if the system cannot read; the signal's reason if it aborts
 */
export function checkTrailer(source: RandomAccess, options: TrailerOptions = {}): TrailerReport {
  const hasher = new SnapshotHasher();
  const chunk = Buffer.allocUnsafeSlow(Math.max(1, Math.min(CHUNK_BYTES, source.size)));
  for (let position = 0; position < source.size;) {
    options.signal?.throwIfAborted();
    const read = readChunk(source, chunk, position);
    if (read === 0) break;
    hasher.update(chunk.subarray(0, read));
    options.onBytes?.(read);
    position += read;
  }
  return hasher.finish();
}

function readChunk(source: RandomAccess, chunk: Buffer, position: number): number {
  try {
    return source.read(chunk, position);
  } catch (cause) {
    throw new SnapshotError('SNAPSHOT_READ_FAILED', `cannot read the snapshot at ${position}: ${messageOf(cause)}`, {
      hint: 'Check the disk or the share that holds the file (the system log tells more), and copy the file elsewhere.',
      cause,
    });
  }
}

/** What a trailer's state means for the snapshot. */
export function trailerFindings(state: TrailerState): readonly Finding[] {
  if (state === 'mismatch') {
    const message = 'the bytes do not match the SHA-256 that etcd sent with them: the file was changed or cut short';
    return [finding('error', 'SNAPSHOT_HASH_MISMATCH', 'the last 32 bytes', message, 'Use another backup.')];
  }
  if (state === 'absent') {
    const message = 'the file has no SHA-256 at its end, so damage inside values cannot be seen';
    const hint =
      'A copy of member/snap/db looks like this; holdfast restore member takes it with --skip-hash-check. Prefer a snapshot from a live member.';
    return [finding('warning', 'SNAPSHOT_NO_HASH', 'the whole file', message, hint)];
  }
  return [];
}
