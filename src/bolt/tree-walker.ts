import type { RandomAccess } from '../base/index.ts';
import { decodeBranch, type Child } from './branch.ts';
import { bucketsIn, type Bucket } from './bucket.ts';
import { damage, type BoltFindingCode, type FindingList } from './findings.ts';
import type { KeyAt } from './key-order.ts';
import type { BoltLayout } from './layout.ts';
import { checkLeafBounds, decodeLeaf, LeafEntries } from './leaf.ts';
import { decodePageHeader, FIRST_DATA_PAGE, PAGE_FLAG, pageTypeName, viewOf, type PageHeader } from './page.ts';
import { PageReader } from './page-reader.ts';
import { PageSet } from './page-set.ts';

/** A page and all below it, with the keys it may hold as its parent says. Plain data. */
export interface Subtree {
  readonly page: number;
  /** The page that refers to it; 0 for a bucket's root, whose header lies in another tree. */
  readonly parent: number;
  /** The lowest key it may hold; undefined where nothing limits it. */
  readonly low?: Uint8Array | undefined;
  /** The first key it may not hold; undefined where nothing limits it. */
  readonly high?: Uint8Array | undefined;
}

/** Told of every leaf page, in key order. The object and its buffer are reused: copy what must outlive the call. */
export type LeafVisitor = (entries: LeafEntries) => void;

export interface TreeWalkerOptions {
  readonly findings: FindingList;
  /** The pages met so far; a page met twice is reported and not walked again, so no walk is endless. */
  readonly pages?: PageSet | undefined;
  /** Told of the buckets in a leaf page after {@link LeafVisitor}; without it they are walked and checked. */
  readonly onBucket?: ((bucket: Bucket) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of pages were walked since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Deep enough for 2^32 pages with two children each; etcd's trees have a fifth of this, and it nests no buckets. */
const DEEPEST_TREE = 32;
const DEEPEST_NESTING = 32;

/** Pages between two siblings that are read along rather than skipped with another system call. */
const WIDEST_GAP = 8;

/** Walks trees of a bolt file page by page, checks each, and hands the leaves on. */
export class TreeWalker {
  readonly pages: PageSet;
  readonly #layout: BoltLayout;
  readonly #options: TreeWalkerOptions;
  readonly #findings: FindingList;
  readonly #reader: PageReader;
  readonly #entries = new LeafEntries();
  #visitor: LeafVisitor = () => undefined;
  #label = '';
  #nesting = 0;
  /** How far below the walk's top the leaves are; learnt from the first. */
  #leafDepth = -1;
  #leafPages = 1;
  #unreportedBytes = 0;

  constructor(source: RandomAccess, layout: BoltLayout, options: TreeWalkerOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#findings = options.findings;
    this.#reader = new PageReader(source, layout);
    this.pages = options.pages ?? new PageSet(layout.pageCount);
  }

  /**
   * Walks one subtree, and the buckets inside it.
   *
   * @param label - what the tree is, for messages (`bucket "key"`)
   * @throws BoltError if the system cannot read, the signal's reason if it aborts; never because of what the bytes say
   */
  walk(subtree: Subtree, label: string, visitor: LeafVisitor = () => undefined): void {
    this.#visitor = visitor;
    this.#label = label;
    this.#leafDepth = -1;
    this.#visit(subtree.page, subtree.parent, 0, keyOf(subtree.low), keyOf(subtree.high), 1);
    this.#tellBytes();
  }

  /** Walks a bucket: its tree, or its inline page. */
  walkBucket(bucket: Bucket, visitor: LeafVisitor = () => undefined): void {
    if (bucket.root !== undefined) {
      this.walk({ page: bucket.root, parent: 0 }, bucket.label, visitor);
    } else if (bucket.inline !== undefined) {
      const bytes = Buffer.from(bucket.inline.buffer, bucket.inline.byteOffset, bucket.inline.byteLength);
      const view = viewOf(bytes);
      const count = decodePageHeader(view, 0).count;
      const place = { bytes, view, start: 0, end: bytes.length, page: 0, count, label: bucket.label };
      decodeLeaf(this.#entries, place, this.#findings);
      this.#visitor = visitor;
      this.#label = bucket.label;
      this.#finishLeaf(visitor);
    }
  }

  /**
   * The children of a branch page, which counts as walked then; undefined if the page is no branch, which is not
   * reported: a walk of the same subtree will do that.
   */
  expand(subtree: Subtree, label: string): readonly Subtree[] | undefined {
    this.#label = label;
    if (!this.#inRange(subtree.page)) return undefined;
    const offset = this.#reader.fetch(subtree.page, 1, 1);
    if (offset < 0 || this.#reader.view.getUint16(offset + 8, true) !== PAGE_FLAG.branch) return undefined;
    const header = this.#enter(subtree.page, subtree.parent, 1);
    if (header === undefined) return [];
    const children = this.#childrenOf(subtree.page, header, keyOf(subtree.low), keyOf(subtree.high));
    return children.map((child, index) => {
      const next = children[index + 1];
      const high = next === undefined ? subtree.high : bytesOf(next);
      return { page: child.page, parent: subtree.page, low: bytesOf(child), high };
    });
  }

  #visit(
    page: number,
    parent: number,
    depth: number,
    low: KeyAt | undefined,
    high: KeyAt | undefined,
    ahead: number,
  ): void {
    if (depth > DEEPEST_TREE) {
      this.#report('BOLT_TOO_DEEP', page, `${this.#label} is more than ${DEEPEST_TREE} pages deep at page ${page}`);
      return;
    }
    const header = this.#enter(page, parent, ahead);
    if (header === undefined) return;
    if (header.flags === PAGE_FLAG.leaf) {
      this.#visitLeaf(page, depth, header, low, high, ahead);
    } else if (header.flags === PAGE_FLAG.branch) {
      const children = this.#childrenOf(page, header, low, high);
      for (let index = 0; index < children.length; index++) {
        const child = children[index];
        if (child === undefined) break;
        const run = depth + 1 === this.#leafDepth ? this.#runFrom(children, index) : 1;
        this.#visit(child.page, page, depth + 1, child, children[index + 1] ?? high, run);
      }
      this.#tellBytes();
    } else {
      this.#report('BOLT_PAGE_TYPE', page, `page ${page} of ${this.#label} is a ${pageTypeName(header.flags)}`);
    }
  }

  /** Reads a page's header, checks it and counts the page as walked; undefined if it cannot or must not be walked. */
  #enter(page: number, parent: number, ahead: number): PageHeader | undefined {
    if (!this.#inRange(page)) {
      const { pageCount } = this.#layout;
      const message = `${this.#from(parent)} refers to page ${page}; pages are ${FIRST_DATA_PAGE} to ${pageCount - 1}`;
      this.#report('BOLT_PAGE_OUT_OF_RANGE', page, message);
      return undefined;
    }
    if (!this.pages.add(page)) {
      this.#report('BOLT_PAGE_SHARED', page, `page ${page} is in use already when ${this.#from(parent)} refers to it`);
      return undefined;
    }
    const offset = this.#reader.fetch(page, 1, ahead);
    if (offset < 0) {
      this.#report('BOLT_TRUNCATED', page, `the file ends before page ${page}`);
      return undefined;
    }
    const header = decodePageHeader(this.#reader.view, offset);
    if (header.id !== page) this.#report('BOLT_PAGE_ID', page, `page ${page} says that it is page ${header.id}`);
    return header.overflow === 0 ? header : this.#enterOverflow(page, header);
  }

  #enterOverflow(page: number, header: PageHeader): PageHeader {
    if (page + header.overflow >= this.#layout.pageCount) {
      const message = `page ${page} claims ${header.overflow} further pages, more than the file has`;
      this.#report('BOLT_PAGE_OVERFLOW', page, message);
      return { ...header, overflow: 0 };
    }
    for (let next = page + 1; next <= page + header.overflow; next++) {
      if (this.pages.add(next)) continue;
      this.#report('BOLT_PAGE_SHARED', next, `page ${next} is in use already, but page ${page} claims it too`);
      // What follows is left out, so that pages which all claim each other are not read over and over.
      return { ...header, overflow: next - page - 1 };
    }
    return header;
  }

  #from(parent: number): string {
    return parent === 0 ? this.#label : `page ${parent} of ${this.#label}`;
  }

  #report(code: BoltFindingCode, page: number, message: string): void {
    this.#findings.add(damage(code, `page ${page}`, message));
  }

  #visitLeaf(
    page: number,
    depth: number,
    header: PageHeader,
    low: KeyAt | undefined,
    high: KeyAt | undefined,
    ahead: number,
  ): void {
    const pages = 1 + header.overflow;
    if (this.#leafDepth < 0) this.#leafDepth = depth;
    this.#leafPages = pages;
    const start = this.#fetchWhole(page, pages, ahead);
    if (start < 0) return;
    const { bytes, view } = this.#reader;
    const end = start + pages * this.#layout.pageSize;
    decodeLeaf(this.#entries, { bytes, view, start, end, page, count: header.count }, this.#findings);
    checkLeafBounds(this.#entries, low, high, this.#findings);
    this.#unreportedBytes += end - start;
    this.#finishLeaf(this.#visitor);
  }

  #finishLeaf(visitor: LeafVisitor): void {
    visitor(this.#entries);
    if (this.#entries.buckets === 0) return;
    const label = this.#label;
    const buckets = bucketsIn(this.#entries, label === ROOT_LABEL ? '' : label, this.#findings);
    for (const bucket of buckets) {
      if (this.#options.onBucket === undefined) this.#walkNested(bucket);
      else this.#options.onBucket(bucket);
    }
    this.#visitor = visitor;
    this.#label = label;
  }

  #walkNested(bucket: Bucket): void {
    if (this.#nesting >= DEEPEST_NESTING) {
      const message = `buckets are nested more than ${DEEPEST_NESTING} deep`;
      this.#findings.add(damage('BOLT_TOO_DEEP', bucket.label.slice(0, 200), message));
      return;
    }
    const leafDepth = this.#leafDepth;
    this.#nesting++;
    this.walkBucket(bucket);
    this.#nesting--;
    this.#leafDepth = leafDepth;
  }

  #childrenOf(page: number, header: PageHeader, low: KeyAt | undefined, high: KeyAt | undefined): readonly Child[] {
    const pages = 1 + header.overflow;
    const start = this.#fetchWhole(page, pages, 1);
    if (start < 0) return [];
    const size = pages * this.#layout.pageSize;
    this.#unreportedBytes += size;
    // A copy, since the buffer is reused for the children, and the children's bounds lie in it.
    const copy = Uint8Array.from(this.#reader.bytes.subarray(start, start + size));
    return decodeBranch(copy, page, low, high, this.#findings);
  }

  #fetchWhole(page: number, pages: number, ahead: number): number {
    const start = this.#reader.fetch(page, pages, ahead);
    if (start < 0) {
      this.#report('BOLT_PAGE_OVERFLOW', page, `page ${page} claims ${pages} pages, more than any page needs`);
    }
    return start;
  }

  /** How many pages to read from a child on, so that the siblings which follow it closely come along. */
  #runFrom(children: readonly Child[], index: number): number {
    const first = children[index]?.page ?? 0;
    if (this.#reader.holds(first)) return 1;
    const furthest = first + this.#reader.windowPages;
    let last = first;
    for (let next = index + 1; next < children.length; next++) {
      const page = children[next]?.page ?? 0;
      if (page <= last || page - last > WIDEST_GAP + this.#leafPages || page >= furthest) break;
      last = page;
    }
    return last - first + this.#leafPages;
  }

  #inRange(page: number): boolean {
    return page >= FIRST_DATA_PAGE && page < this.#layout.pageCount;
  }

  #tellBytes(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#unreportedBytes === 0) return;
    this.#options.onBytes?.(this.#unreportedBytes);
    this.#unreportedBytes = 0;
  }
}

/** The label of the tree that holds the top-level buckets. */
export const ROOT_LABEL = 'the root bucket';

function keyOf(key: Uint8Array | undefined): KeyAt | undefined {
  return key === undefined ? undefined : { view: viewOf(key), start: 0, end: key.length };
}

function bytesOf(key: KeyAt): Uint8Array {
  return Uint8Array.from(new Uint8Array(key.view.buffer, key.view.byteOffset + key.start, key.end - key.start));
}
