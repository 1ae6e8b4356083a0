import type { RandomAccess } from '../base/index.ts';
import type { BoltLayout } from './layout.ts';
import { viewOf } from './page.ts';
import { readAt } from './reading.ts';

/** Pages read by one system call at most; small enough to stay in the processor's cache until they are looked at. */
const WINDOW_BYTES = 256 * 1024;

/**
 * More than any page of etcd's: a page holds at least two entries, and an entry is one request (1.5 MiB by default).
 * A page that claims more is damaged, and must not make the reader take that much memory.
 */
const LARGEST_RUN_BYTES = 64 * 1024 * 1024;

/** Reads pages through one reused buffer, several neighbouring pages at a time. */
export class PageReader {
  /** Holds the pages of the last call; the next call may overwrite or replace it. */
  bytes: Buffer;
  view: DataView;
  readonly windowPages: number;
  readonly #source: RandomAccess;
  readonly #layout: BoltLayout;
  #first = 0;
  #end = 0;

  constructor(source: RandomAccess, layout: BoltLayout) {
    this.#source = source;
    this.#layout = layout;
    this.windowPages = Math.max(1, Math.floor(WINDOW_BYTES / layout.pageSize));
    this.bytes = Buffer.allocUnsafeSlow(this.windowPages * layout.pageSize);
    this.view = viewOf(this.bytes);
  }

  /** Whether a page is in the buffer already. */
  holds(page: number): boolean {
    return page >= this.#first && page < this.#end;
  }

  /**
   * Brings `pages` pages from `page` into the buffer, and up to `ahead` if it has to read anyway.
   *
   * @returns the offset of `page` in `bytes`, or -1 if the file does not have them, or if they are too many
   */
  fetch(page: number, pages: number, ahead: number): number {
    const { pageSize, pageCount } = this.#layout;
    if (page >= this.#first && page + pages <= this.#end) return (page - this.#first) * pageSize;
    if (page + pages > pageCount || pages * pageSize > LARGEST_RUN_BYTES) return -1;
    const wanted = Math.min(Math.max(pages, Math.min(ahead, this.windowPages)), pageCount - page);
    if (wanted * pageSize > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(wanted * pageSize);
      this.view = viewOf(this.bytes);
    }
    this.#end = 0;
    const read = readAt(this.#source, this.bytes.subarray(0, wanted * pageSize), page * pageSize);
    this.#first = page;
    this.#end = page + Math.floor(read / pageSize);
    return page + pages <= this.#end ? 0 : -1;
  }
}
