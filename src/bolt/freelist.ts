import type { RandomAccess } from '../base/index.ts';
import { damage, type FindingList } from './findings.ts';
import type { BoltLayout } from './layout.ts';
import {
  decodePageHeader,
  encodePageHeader,
  FIRST_DATA_PAGE,
  PAGE_FLAG,
  PAGE_HEADER_SIZE,
  pageTypeName,
  readPageId,
  viewOf,
  writePageId,
} from './page.ts';
import { PageSet } from './page-set.ts';
import { readAt } from './reading.ts';

/** A page header's 16-bit count says by this value that the real one is the first 64 bits of the list. */
const COUNT_IN_LIST = 0xffff;
const ID_SIZE = 8;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads the list of free pages and checks it. Source of the format: bbolt internal/common/page.go, FreelistPageIds.
 *
 * @param used - gets the pages that the list itself takes
 * @returns the free pages, or undefined if the file does not list them, or if the list cannot be read
 * @throws BoltError if the system cannot read
 */
export function readFreelist(
  source: RandomAccess,
  layout: BoltLayout,
  used: PageSet,
  findings: FindingList,
): PageSet | undefined {
  const page = layout.freelist;
  if (page === undefined) return undefined;
  const where = `page ${page}`;
  const head = new Uint8Array(PAGE_HEADER_SIZE + ID_SIZE);
  if (page >= layout.pageCount || readAt(source, head, page * layout.pageSize) < head.length) {
    findings.add(damage('BOLT_TRUNCATED', where, `the file ends before its freelist on page ${page}`));
    return undefined;
  }
  const header = decodePageHeader(viewOf(head), 0);
  if (header.id !== page) {
    findings.add(damage('BOLT_PAGE_ID', where, `page ${page} says that it is page ${header.id}`));
  }
  if (header.flags !== PAGE_FLAG.freelist) {
    const message = `page ${page}, where the freelist should be, is a ${pageTypeName(header.flags)}`;
    findings.add(damage('BOLT_PAGE_TYPE', where, message));
    return undefined;
  }
  if (page + header.overflow >= layout.pageCount) {
    const message = `the freelist on page ${page} claims ${header.overflow} further pages, more than the file has`;
    findings.add(damage('BOLT_PAGE_OVERFLOW', where, message));
    return undefined;
  }
  for (let next = page; next <= page + header.overflow; next++) used.add(next);
  const inList = header.count === COUNT_IN_LIST;
  const count = inList ? readPageId(viewOf(head), PAGE_HEADER_SIZE) : header.count;
  const start = PAGE_HEADER_SIZE + (inList ? ID_SIZE : 0);
  const room = ((1 + header.overflow) * layout.pageSize - start) / ID_SIZE;
  if (count > room) {
    const message = `the freelist on page ${page} claims ${count} entries, more than fit into its pages`;
    findings.add(damage('BOLT_FREELIST', where, message));
    return undefined;
  }
  return collect(source, layout, page * layout.pageSize + start, count, findings);
}

/** Bytes of a freelist page that names `count` pages, header included. */
export function freelistSize(count: number): number {
  return PAGE_HEADER_SIZE + (count + (count >= COUNT_IN_LIST ? 1 : 0)) * ID_SIZE;
}

/**
 * Encodes the list of free pages as {@link readFreelist} reads it.
 *
 * @param into - zeroed, of whole pages, at least {@link freelistSize} bytes
 * @param pages - the free pages, ascending
 */
export function encodeFreelist(
  into: Uint8Array,
  place: { readonly id: number; readonly overflow: number },
  pages: Uint32Array,
): void {
  const view = viewOf(into);
  const inList = pages.length >= COUNT_IN_LIST;
  const count = inList ? COUNT_IN_LIST : pages.length;
  encodePageHeader(view, 0, { ...place, flags: PAGE_FLAG.freelist, count });
  if (inList) writePageId(view, PAGE_HEADER_SIZE, pages.length);
  let at = PAGE_HEADER_SIZE + (inList ? ID_SIZE : 0);
  for (const page of pages) {
    writePageId(view, at, page);
    at += ID_SIZE;
  }
}

function collect(
  source: RandomAccess,
  layout: BoltLayout,
  position: number,
  count: number,
  findings: FindingList,
): PageSet {
  const free = new PageSet(layout.pageCount);
  const chunk = new Uint8Array(CHUNK_BYTES);
  const view = viewOf(chunk);
  for (let done = 0; done < count;) {
    const wanted = Math.min(CHUNK_BYTES / ID_SIZE, count - done);
    const read = readAt(source, chunk.subarray(0, wanted * ID_SIZE), position + done * ID_SIZE);
    if (read < wanted * ID_SIZE) break;
    for (let index = 0; index < wanted; index++) addFree(readPageId(view, index * ID_SIZE), layout, free, findings);
    done += wanted;
  }
  return free;
}

function addFree(page: number, layout: BoltLayout, free: PageSet, findings: FindingList): void {
  const where = `page ${layout.freelist ?? 0}`;
  if (page < FIRST_DATA_PAGE || page >= layout.highWater) {
    findings.add(damage('BOLT_FREELIST', where, `the freelist names page ${page} of ${layout.highWater}`));
  } else if (page < layout.pageCount && !free.add(page)) {
    findings.add(damage('BOLT_FREELIST', where, `the freelist names page ${page} twice`));
  }
}
