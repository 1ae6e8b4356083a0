import type { RandomAccess } from '../base/index.ts';
import { damage, type FindingList } from './findings.ts';
import { decodeMeta, META_PAGE_BYTES, type DecodedMeta, type Meta, type MetaDefect } from './meta.ts';
import { decodePageHeader, FIRST_DATA_PAGE, PAGE_FLAG, pageTypeName, viewOf } from './page.ts';
import { readAt } from './reading.ts';

/** Where everything is in a bolt file, as its newest intact meta page says. Plain data. */
export interface BoltLayout {
  readonly pageSize: number;
  /** Pages that may be referred to: those below the high water mark that the file really has. */
  readonly pageCount: number;
  /** The high water mark: pages in all, free ones included. Times `pageSize` it is what bbolt calls the size. */
  readonly highWater: number;
  /** The root page of the root bucket. */
  readonly root: number;
  /** The freelist's first page; undefined if free pages are not written down (etcd's default on Linux). */
  readonly freelist: number | undefined;
  readonly txid: bigint;
  /** Which meta page was used: 0 or 1. */
  readonly metaPage: 0 | 1;
}

const SMALLEST_PAGE = 1024;
/** bbolt looks for the second meta page up to here (db.go, getPageSizeFromSecondMeta). */
const LARGEST_PAGE = SMALLEST_PAGE << 14;
/** The bitmaps address pages with 32 bits: 16 TiB of the usual pages. */
const MOST_PAGES = 0xffff_ffff;

/**
 * Reads both meta pages and picks the newer intact one.
 *
 * @returns undefined if there is none or if it cannot be true; `findings` then says why
 * @throws BoltError if the system cannot read
 */
export function readLayout(source: RandomAccess, findings: FindingList): BoltLayout | undefined {
  const first = metaAt(source, 0);
  const pageSize = 'meta' in first ? first.meta.pageSize : findPageSize(source);
  const second: DecodedMeta =
    pageSize !== undefined && isPageSize(pageSize) ? metaAt(source, pageSize) : { defect: 'cut short' };
  const chosen = choose(first, second, findings);
  if (chosen === undefined) return undefined;
  checkMetaHeaders(source, chosen.meta.pageSize, first, second, findings);
  return toLayout(source, chosen.meta, chosen.page, findings);
}

function metaAt(source: RandomAccess, position: number): DecodedMeta {
  const bytes = new Uint8Array(META_PAGE_BYTES);
  return decodeMeta(bytes.subarray(0, readAt(source, bytes, position)));
}

function isPageSize(value: number): boolean {
  return value >= SMALLEST_PAGE && value <= LARGEST_PAGE && Number.isInteger(Math.log2(value));
}

/** With the first meta page gone, the second one's place is unknown: it lies where its own page size says. */
function findPageSize(source: RandomAccess): number | undefined {
  for (let size = SMALLEST_PAGE; size <= LARGEST_PAGE && size < source.size; size *= 2) {
    const found = metaAt(source, size);
    if ('meta' in found && found.meta.pageSize === size) return size;
  }
  return undefined;
}

function choose(
  first: DecodedMeta,
  second: DecodedMeta,
  findings: FindingList,
): { meta: Meta; page: 0 | 1 } | undefined {
  if ('meta' in first && 'meta' in second) {
    return second.meta.txid > first.meta.txid ? { meta: second.meta, page: 1 } : { meta: first.meta, page: 0 };
  }
  if ('meta' in first) {
    reportDamagedMeta(1, 'defect' in second ? second.defect : 'cut short', findings);
    return { meta: first.meta, page: 0 };
  }
  if ('meta' in second) {
    reportDamagedMeta(0, first.defect, findings);
    return { meta: second.meta, page: 1 };
  }
  const bigEndian = first.defect === 'big-endian';
  const message = bigEndian
    ? 'the file was written by a big-endian machine (s390x), whose bolt files are of another format'
    : `no intact meta page was found (page 0: ${first.defect}; none at any usual page size)`;
  const hint = bigEndian
    ? 'Use the tools of the machine that wrote it.'
    : 'The file is not an etcd database, or its start is destroyed. Use another backup.';
  findings.add(damage('BOLT_META_MISSING', 'page 0', message, hint));
  return undefined;
}

function reportDamagedMeta(page: 0 | 1, defect: MetaDefect, findings: FindingList): void {
  findings.add({
    severity: 'warning',
    code: 'BOLT_META_DAMAGED',
    where: `page ${page}`,
    message: `meta page ${page} is damaged (${defect}); meta page ${1 - page} was used`,
    hint: 'A crash while etcd wrote can leave this in a copy of member/snap/db; in a snapshot it means damage.',
  });
}

function checkMetaHeaders(
  source: RandomAccess,
  pageSize: number,
  first: DecodedMeta,
  second: DecodedMeta,
  findings: FindingList,
): void {
  for (const [page, decoded] of [first, second].entries()) {
    if ('defect' in decoded) continue;
    const bytes = new Uint8Array(META_PAGE_BYTES);
    readAt(source, bytes, page * pageSize);
    const header = decodePageHeader(viewOf(bytes), 0);
    if (header.id === page && header.flags === PAGE_FLAG.meta) continue;
    const code = header.id === page ? 'BOLT_PAGE_TYPE' : 'BOLT_PAGE_ID';
    const message = `meta page ${page} has the header of page ${header.id}, a ${pageTypeName(header.flags)}`;
    findings.add(damage(code, `page ${page}`, message));
  }
}

function toLayout(source: RandomAccess, meta: Meta, metaPage: 0 | 1, findings: FindingList): BoltLayout | undefined {
  const implausible = implausibility(meta);
  if (implausible !== undefined) {
    findings.add(damage('BOLT_META_IMPLAUSIBLE', `page ${metaPage}`, `meta page ${metaPage} ${implausible}`));
    return undefined;
  }
  const highWater = Number(meta.highWater);
  const present = Math.floor(source.size / meta.pageSize);
  if (present < highWater) {
    const message = `the file ends after ${present} of ${highWater} pages (${meta.pageSize} bytes each)`;
    findings.add(
      damage('BOLT_TRUNCATED', `page ${present}`, message, 'The file was cut short. Copy or take it again.'),
    );
  }
  return {
    pageSize: meta.pageSize,
    pageCount: Math.min(present, highWater),
    highWater,
    root: Number(meta.root),
    freelist: meta.freelist === undefined ? undefined : Number(meta.freelist),
    txid: meta.txid,
    metaPage,
  };
}

function implausibility(meta: Meta): string | undefined {
  if (!isPageSize(meta.pageSize)) return `names a page size of ${meta.pageSize}`;
  if (meta.highWater > MOST_PAGES) return `names ${meta.highWater} pages`;
  if (meta.root < FIRST_DATA_PAGE || meta.root >= meta.highWater) {
    return `places the root bucket on page ${meta.root} of ${meta.highWater}`;
  }
  if (meta.freelist !== undefined && (meta.freelist < FIRST_DATA_PAGE || meta.freelist >= meta.highWater)) {
    return `places the freelist on page ${meta.freelist} of ${meta.highWater}`;
  }
  return undefined;
}
