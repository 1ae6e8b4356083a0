import type { WritableAccess } from '../base/index.ts';
import { PageAllocator } from './allocator.ts';
import { BoltError } from './errors.ts';
import { FindingList } from './findings.ts';
import { encodeFreelist, freelistSize, readFreelist } from './freelist.ts';
import { readLayout, type BoltLayout } from './layout.ts';
import { decodeMeta, encodeMeta, META_PAGE_BYTES, type Meta } from './meta.ts';
import { NodeSource } from './node-source.ts';
import { PageSet } from './page-set.ts';
import { metaPages } from './page-use.ts';
import { PageWriter } from './page-writer.ts';
import { readAt } from './reading.ts';
import { damaged, refuseDamage } from './refusal.ts';
import type { SpillTarget } from './spill.ts';
import { ROOT_LABEL, TreeWalker } from './tree-walker.ts';
import { bucketMissing, WritableBucket, type Lifetime } from './writable-bucket.ts';
import { bucketLabel } from './bucket.ts';

/** Page numbers and counts of elements are kept in so many bits; larger pages would not do. */
const LARGEST_PAGE = 65_536;

export interface UpdateOptions {
  /**
   * What to do about a file that does not list its free pages (etcd's on Linux): `true` walks and checks the whole file
   * first, about 1 s a GB, and reuses what no tree uses; `false` reuses nothing, so that the file grows by what changes,
   * and leaves the rest to whoever opens it. A file with a list is not affected. Default: false.
   */
  readonly findFreePages?: boolean | undefined;
  /** Ends the walks of whole trees (`findFreePages`, deleted buckets) with its reason; nothing is written then. */
  readonly signal?: AbortSignal | undefined;
}

/** The buckets of a file inside a write transaction. Valid until the transaction ends. */
export interface BoltTransaction {
  /** A top-level bucket; undefined if there is none of that name. */
  bucket(name: Uint8Array): WritableBucket | undefined;
  /** A top-level bucket that has to be there. Throws BoltError `BOLT_BUCKET_MISSING`. */
  requireBucket(name: Uint8Array): WritableBucket;
  createBucketIfMissing(name: Uint8Array): WritableBucket;
  /** Removes a bucket and everything in it; false if there was none. */
  deleteBucket(name: Uint8Array): boolean;
  /** The names of the top-level buckets, ascending. */
  bucketNames(): Generator<Uint8Array, void, undefined>;
}

/**
 * Changes a bolt file in one transaction: all of it or nothing.
 *
 * Changed pages are written where the old state has none, then flushed, then the other meta page is written and flushed:
 * whenever it is interrupted, the file opens as the old or as the new state. Free pages are listed if they were before;
 * a file without a list stays so, as etcd on Linux keeps it (bbolt finds the free pages when it opens such a file).
 * If `change` changes nothing, nothing is written. Memory and writes are in proportion to the change (and to the list
 * of free pages, if there is one). The file is not locked: nobody else may write to it meanwhile.
 *
 * @param change - must not be async; what it throws is thrown on, and nothing is written then
 * @returns what `change` returns
 * @throws BoltError `BOLT_DAMAGED`, `BOLT_READ_FAILED` before anything is written; `BOLT_UNSUPPORTED` with the old state
 * intact; `BOLT_WRITE_FAILED`, likewise unless it was the last flush that failed; the signal's reason if it aborts
 */
export function updateBolt<R>(
  access: WritableAccess,
  change: (transaction: BoltTransaction) => R,
  options: UpdateOptions = {},
): R {
  const state = readState(access, options);
  const lifetime: Lifetime = { over: false };
  const source = new NodeSource(access, state.layout, state.free);
  const { root, sequence } = state.meta;
  const top = new WritableBucket({
    source,
    lifetime,
    label: '',
    depth: 0,
    root: Number(root),
    sequence,
    origin: undefined,
  });
  try {
    const result = change(transactionOver(top));
    if (top.isChanged) commit(access, state, top, options);
    return result;
  } finally {
    lifetime.over = true;
  }
}

/** What a transaction starts from. */
interface OldState {
  readonly layout: BoltLayout;
  readonly meta: Meta;
  /** The free pages, if they are known. */
  readonly free: PageSet | undefined;
}

function readState(access: WritableAccess, options: UpdateOptions): OldState {
  const findings = new FindingList();
  const layout = readLayout(access, findings);
  refuseDamage(findings);
  if (layout === undefined) throw damaged('no usable meta page', 'page 0');
  if (layout.pageSize > LARGEST_PAGE) {
    const message = `the bolt file has pages of ${layout.pageSize} bytes; at most ${LARGEST_PAGE} can be written`;
    throw new BoltError('BOLT_UNSUPPORTED', message, { hint: 'Defragment the database on the machine that wrote it.' });
  }
  const bytes = new Uint8Array(META_PAGE_BYTES);
  const decoded = decodeMeta(bytes.subarray(0, readAt(access, bytes, layout.metaPage * layout.pageSize)));
  if ('defect' in decoded) throw damaged(`meta page ${layout.metaPage}: ${decoded.defect}`, `page ${layout.metaPage}`);
  const listed = readFreelist(access, layout, metaPages(layout), findings);
  refuseDamage(findings);
  const find = listed === undefined && options.findFreePages === true;
  return { layout, meta: decoded.meta, free: find ? findFreePages(access, layout, options) : listed };
}

function findFreePages(access: WritableAccess, layout: BoltLayout, { signal }: UpdateOptions): PageSet {
  const findings = new FindingList();
  const walker = new TreeWalker(access, layout, { findings, pages: metaPages(layout), signal });
  walker.walk({ page: layout.root, parent: 0 }, ROOT_LABEL);
  refuseDamage(findings);
  const free = new PageSet(layout.pageCount);
  for (let page = 0; page < layout.pageCount; page++) if (!walker.pages.has(page)) free.add(page);
  return free;
}

function transactionOver(top: WritableBucket): BoltTransaction {
  return {
    bucket: (name) => top.bucket(name),
    requireBucket(name) {
      const bucket = top.bucket(name);
      if (bucket === undefined) throw bucketMissing(bucketLabel('', name));
      return bucket;
    },
    createBucketIfMissing: (name) => top.createBucketIfMissing(name),
    deleteBucket: (name) => top.deleteBucket(name),
    *bucketNames() {
      for (const { key, value } of top.entries()) if (value === undefined) yield key;
    },
  };
}

function commit(access: WritableAccess, state: OldState, top: WritableBucket, options: UpdateOptions): void {
  const { layout, meta, free } = state;
  const { pageSize } = layout;
  const allocator = new PageAllocator(layout, free);
  // Everything is read, and so known to be good, before anything is written.
  top.prepare((origin) => allocator.release(origin));
  releaseDeleted(access, layout, top, allocator, options);
  releaseFreelist(access, layout, allocator);
  options.signal?.throwIfAborted();
  const writer = new PageWriter(access, pageSize);
  const target: SpillTarget = { allocator, writer, pageSize };
  const root = top.write(target);
  const freelist = layout.freelist === undefined ? undefined : writeFreelist(target);
  writer.sync();
  // Where bbolt will look for it: its number's parity names the meta page (bbolt internal/common/meta.go, Write).
  const metaPage = layout.metaPage === 0 ? 1 : 0;
  const txid = meta.txid + (((meta.txid + 1n) & 1n) === BigInt(metaPage) ? 1n : 2n);
  encodeMeta(writer.pages(metaPage, 1), metaPage, {
    pageSize,
    root: BigInt(root),
    sequence: top.sequence,
    freelist: freelist === undefined ? undefined : BigInt(freelist),
    highWater: BigInt(allocator.highWater),
    txid,
  });
  writer.sync();
}

function releaseDeleted(
  access: WritableAccess,
  layout: BoltLayout,
  top: WritableBucket,
  allocator: PageAllocator,
  { signal }: UpdateOptions,
): void {
  const findings = new FindingList();
  for (const bucket of top.deletedBuckets()) {
    const walker = new TreeWalker(access, layout, { findings, signal });
    walker.walkBucket(bucket);
    refuseDamage(findings);
    for (const [index, word] of walker.pages.words.entries()) {
      if (word === 0) continue;
      for (let page = index * 32; page < index * 32 + 32; page++) {
        if (walker.pages.has(page)) allocator.release({ page, pages: 1 });
      }
    }
  }
}

function releaseFreelist(access: WritableAccess, layout: BoltLayout, allocator: PageAllocator): void {
  const page = layout.freelist;
  if (page === undefined) return;
  const used = new PageSet(layout.pageCount);
  // Read once already, so it is good; this time only for the pages that it takes.
  readFreelist(access, layout, used, new FindingList());
  for (let next = page; used.has(next); next++) allocator.release({ page: next, pages: 1 });
}

function writeFreelist({ allocator, writer, pageSize }: SpillTarget): number {
  // Taking the pages for the list may make it shorter, never longer.
  const pages = Math.ceil(freelistSize(allocator.freeCount) / pageSize);
  const page = allocator.allocate(pages);
  encodeFreelist(writer.pages(page, pages), { id: page, overflow: pages - 1 }, allocator.listFree());
  return page;
}
