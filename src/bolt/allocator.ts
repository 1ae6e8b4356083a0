import { BoltError } from './errors.ts';
import type { BoltLayout } from './layout.ts';
import { FIRST_DATA_PAGE } from './page.ts';
import { PageSet, pageRuns } from './page-set.ts';
import { damaged } from './refusal.ts';

/** A page and those that follow it as its overflow. */
export interface PageRun {
  readonly page: number;
  readonly pages: number;
}

/** Page numbers are kept in 32 bits: 16 TiB of the usual pages. */
const MOST_PAGES = 0xffff_ffff;

/**
 * Hands out pages for a transaction and takes those back that it replaces. The latter are part of the old state, which
 * must stand until the new meta page is written, so they are free only for the next transaction.
 */
export class PageAllocator {
  readonly #layout: BoltLayout;
  /** Runs of free pages, ascending: where each starts, and how many pages are left of it. */
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  /** For each size, the first run that may still have that many pages: runs only shrink. */
  readonly #firstFit = new Map<number, number>();
  readonly #free: PageSet | undefined;
  readonly #released: PageSet;
  #releasedCount = 0;
  #remaining = 0;
  #highWater: number;

  /** @param free - pages that may be used at once; undefined if they are not known */
  constructor(layout: BoltLayout, free: PageSet | undefined) {
    this.#layout = layout;
    this.#highWater = layout.highWater;
    this.#free = free;
    this.#released = new PageSet(layout.pageCount);
    if (free === undefined) return;
    pageRuns(
      free.limit,
      (page) => free.has(page),
      (first, last) => {
        this.#starts.push(first);
        this.#lengths.push(last - first + 1);
        this.#remaining += last - first + 1;
      },
    );
  }

  /** The number of pages in all, those handed out included. */
  get highWater(): number {
    return this.#highWater;
  }

  /** Free pages after the transaction. */
  get freeCount(): number {
    return this.#remaining + this.#releasedCount;
  }

  /**
   * Neighbouring pages that the old state does not use; the file's end moves up if no free ones fit.
   *
   * @returns the first of them
   * @throws BoltError `BOLT_UNSUPPORTED` if the file would get too many pages
   */
  allocate(pages: number): number {
    const run = this.#findRun(pages);
    if (run >= 0) {
      const first = this.#starts[run] ?? 0;
      this.#starts[run] = first + pages;
      this.#lengths[run] = (this.#lengths[run] ?? 0) - pages;
      this.#remaining -= pages;
      return first;
    }
    const first = this.#highWater;
    if (first + pages > MOST_PAGES) {
      throw new BoltError('BOLT_UNSUPPORTED', `the bolt file would get more than ${MOST_PAGES} pages`, {
        hint: 'Defragment the database, then try again.',
      });
    }
    this.#highWater = first + pages;
    return first;
  }

  /**
   * Takes pages back that the old state uses and the new one does not.
   *
   * @throws BoltError `BOLT_DAMAGED` if they cannot be the old state's: out of range, free, or given back before
   */
  release(run: PageRun): void {
    for (let page = run.page; page < run.page + run.pages; page++) {
      if (page < FIRST_DATA_PAGE || page >= this.#layout.pageCount) {
        throw damaged(`page ${page} is in use, but the file has no such page`, `page ${page}`);
      }
      if (this.#free?.has(page) === true) throw damaged(`page ${page} is in use and free`, `page ${page}`);
      if (!this.#released.add(page)) throw damaged(`page ${page} is in use twice`, `page ${page}`);
      this.#releasedCount++;
    }
  }

  /** The pages that are free after the transaction, ascending. */
  listFree(): Uint32Array {
    const all = new PageSet(this.#layout.pageCount, this.#released.words.slice());
    for (const [index, first] of this.#starts.entries()) {
      const end = first + (this.#lengths[index] ?? 0);
      for (let page = first; page < end; page++) all.add(page);
    }
    const list = new Uint32Array(this.freeCount);
    let count = 0;
    for (const [index, word] of all.words.entries()) {
      if (word === 0) continue;
      for (let page = index * 32; page < index * 32 + 32; page++) if (all.has(page)) list[count++] = page;
    }
    return list;
  }

  #findRun(pages: number): number {
    let run = this.#firstFit.get(pages) ?? 0;
    while (run < this.#lengths.length && (this.#lengths[run] ?? 0) < pages) run++;
    this.#firstFit.set(pages, run);
    return run < this.#lengths.length ? run : -1;
  }
}
