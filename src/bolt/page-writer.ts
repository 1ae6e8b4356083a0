import { messageOf, systemCode, type WritableAccess } from '../base/index.ts';
import { BoltError } from './errors.ts';

/** How much is gathered before it goes to the system, if pages are neighbours. */
const BATCH_BYTES = 1024 * 1024;

/** Writes pages, neighbours together. Nothing may be read back through the same access before {@link flush}. */
export class PageWriter {
  readonly #access: WritableAccess;
  readonly #pageSize: number;
  #batch: Buffer = Buffer.alloc(0);
  #first = 0;
  #used = 0;

  constructor(access: WritableAccess, pageSize: number) {
    this.#access = access;
    this.#pageSize = pageSize;
  }

  /** Zeroed room for neighbouring pages; what is put there before the next call will be written. */
  pages(first: number, count: number): Buffer {
    const bytes = count * this.#pageSize;
    const follows = this.#first + this.#used / this.#pageSize === first;
    if (!follows || this.#used + bytes > this.#batch.length) this.flush();
    if (this.#used === 0) {
      if (bytes > this.#batch.length) this.#batch = Buffer.alloc(Math.max(bytes, BATCH_BYTES));
      this.#first = first;
    }
    const room = this.#batch.subarray(this.#used, this.#used + bytes);
    room.fill(0);
    this.#used += bytes;
    return room;
  }

  /**
   * Hands everything to the system.
   *
   * @throws BoltError `BOLT_WRITE_FAILED`
   */
  flush(): void {
    if (this.#used === 0) return;
    const position = this.#first * this.#pageSize;
    const bytes = this.#batch.subarray(0, this.#used);
    this.#used = 0;
    attempt(`write ${bytes.length} bytes at ${position}`, () => this.#access.write(bytes, position));
  }

  /**
   * Returns once everything is on the disk.
   *
   * @throws BoltError `BOLT_WRITE_FAILED`
   */
  sync(): void {
    this.flush();
    attempt('flush the file to the disk', () => this.#access.sync());
  }
}

function attempt(what: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const full = systemCode(cause) === 'ENOSPC' || systemCode(cause) === 'EDQUOT';
    throw new BoltError('BOLT_WRITE_FAILED', `cannot ${what}: ${messageOf(cause)}`, {
      hint: full
        ? 'Free space on the disk that holds the file, then run the command again.'
        : 'Check the disk or the share that holds the file (the system log tells more), then run the command again.',
      cause,
    });
  }
}
