import { messageOf, type RandomAccess } from '../base/index.ts';
import { WalError } from './errors.ts';

/** One file of the log. */
export interface WalSegment {
  /** The file's name; see {@link decodeSegmentName}. */
  readonly name: string;
  readonly source: RandomAccess;
}

const CHUNK_BYTES = 256 * 1024;

/** Reads a segment from front to back, a chunk at a time. What it hands out stays valid: chunks are not reused. */
export class SegmentBytes {
  readonly #segment: WalSegment;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;
  #position = 0;

  constructor(segment: WalSegment) {
    this.#segment = segment;
  }

  /** Where the next byte lies in the file. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return Math.max(0, this.#segment.source.size - this.#position);
  }

  /** The next `count` bytes, or fewer at the end. */
  take(count: number): Buffer {
    if (this.#position + count > this.#chunkAt + this.#chunk.length) this.#fill(Math.max(count, CHUNK_BYTES));
    const from = this.#position - this.#chunkAt;
    const taken = this.#chunk.subarray(from, from + count);
    this.#position += taken.length;
    return taken;
  }

  #fill(wanted: number): void {
    const { name, source } = this.#segment;
    const chunk = Buffer.allocUnsafeSlow(Math.min(wanted, this.remaining));
    try {
      this.#chunk = chunk.subarray(0, source.read(chunk, this.#position));
    } catch (cause) {
      throw new WalError('WAL_READ_FAILED', `cannot read ${name} at ${this.#position}: ${messageOf(cause)}`, {
        hint: 'Check the disk that holds the data directory; the system log tells more.',
        subject: name,
        cause,
      });
    }
    this.#chunkAt = this.#position;
  }
}
