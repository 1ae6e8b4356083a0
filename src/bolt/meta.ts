import { encodePageHeader, PAGE_FLAG, PAGE_HEADER_SIZE, viewOf } from './page.ts';

/**
 * The meta record that follows the header of pages 0 and 1. Source: bbolt internal/common/meta.go: magic, version,
 * page size, flags (32 bits each), root bucket (page, sequence), freelist page, high water mark, transaction id and the
 * FNV-1a checksum of what precedes it (64 bits each).
 */
export interface Meta {
  /** Bytes of a page. */
  readonly pageSize: number;
  /** The page of the root bucket's root. */
  readonly root: bigint;
  readonly sequence: bigint;
  /** The freelist's first page, or undefined if free pages were not written down (`NoFreelistSync`, etcd's default). */
  readonly freelist: bigint | undefined;
  /** The number of pages: the first page number that was never used. */
  readonly highWater: bigint;
  readonly txid: bigint;
}

/** Why a meta page cannot be used. */
export type MetaDefect = 'cut short' | 'wrong magic' | 'big-endian' | 'unknown version' | 'wrong checksum';

export type DecodedMeta = { readonly meta: Meta } | { readonly defect: MetaDefect };

const META_SIZE = 64;
const CHECKSUM_AT = 56;
/** How much of a page {@link decodeMeta} needs. */
export const META_PAGE_BYTES: number = PAGE_HEADER_SIZE + META_SIZE;

export const MAGIC = 0xed0cdaed;
export const VERSION = 2;
export const NO_FREELIST = 0xffff_ffff_ffff_ffffn;

/** Decodes the meta of a page that starts at the first byte of `page`. */
export function decodeMeta(page: Uint8Array): DecodedMeta {
  if (page.length < META_PAGE_BYTES) return { defect: 'cut short' };
  const record = page.subarray(PAGE_HEADER_SIZE, META_PAGE_BYTES);
  const view = viewOf(record);
  if (view.getUint32(0, true) !== MAGIC) {
    return { defect: view.getUint32(0, false) === MAGIC ? 'big-endian' : 'wrong magic' };
  }
  if (view.getUint32(4, true) !== VERSION) return { defect: 'unknown version' };
  if (view.getBigUint64(CHECKSUM_AT, true) !== fnv1a(record.subarray(0, CHECKSUM_AT))) {
    return { defect: 'wrong checksum' };
  }
  const freelist = view.getBigUint64(32, true);
  return {
    meta: {
      pageSize: view.getUint32(8, true),
      root: view.getBigUint64(16, true),
      sequence: view.getBigUint64(24, true),
      freelist: freelist === NO_FREELIST ? undefined : freelist,
      highWater: view.getBigUint64(40, true),
      txid: view.getBigUint64(48, true),
    },
  };
}

/**
 * Encodes a meta page, its header and checksum included.
 *
 * @param into - zeroed, at least {@link META_PAGE_BYTES} long
 * @param page - which of the two meta pages it becomes
 */
export function encodeMeta(into: Uint8Array, page: 0 | 1, meta: Meta): void {
  encodePageHeader(viewOf(into), 0, { id: page, flags: PAGE_FLAG.meta, count: 0, overflow: 0 });
  const record = into.subarray(PAGE_HEADER_SIZE, META_PAGE_BYTES);
  const view = viewOf(record);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, meta.pageSize, true);
  view.setBigUint64(16, meta.root, true);
  view.setBigUint64(24, meta.sequence, true);
  view.setBigUint64(32, meta.freelist ?? NO_FREELIST, true);
  view.setBigUint64(40, meta.highWater, true);
  view.setBigUint64(48, meta.txid, true);
  view.setBigUint64(CHECKSUM_AT, fnv1a(record.subarray(0, CHECKSUM_AT)), true);
}

/** FNV-1a of 64 bits. */
export function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  return hash;
}
