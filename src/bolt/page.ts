/**
 * The header of every page: number (64 bits), flags (16), count of elements (16), overflow (32: how many further pages
 * belong to it). Source: bbolt internal/common/page.go. All numbers are little-endian here; bbolt writes the machine's
 * own order, so a file made on s390x is another format.
 */
export const PAGE_HEADER_SIZE = 16;
export const BRANCH_ELEMENT_SIZE = 16;
export const LEAF_ELEMENT_SIZE = 16;

/** `flags` of a page header; exactly one is set. */
export const PAGE_FLAG = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 } as const;

/** `flags` of a leaf element whose value is a bucket. */
export const BUCKET_FLAG = 0x01;

/** The first page that can hold anything but a meta. */
export const FIRST_DATA_PAGE = 2;

export interface PageHeader {
  readonly id: number;
  readonly flags: number;
  readonly count: number;
  readonly overflow: number;
}

/** A 64-bit page number; one above 2^53 loses its low bits, which no comparison with a file's size minds. */
export function readPageId(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

/** The reverse of {@link readPageId}. */
export function writePageId(view: DataView, at: number, page: number): void {
  view.setUint32(at, page % 0x1_0000_0000, true);
  view.setUint32(at + 4, Math.floor(page / 0x1_0000_0000), true);
}

export function decodePageHeader(view: DataView, at: number): PageHeader {
  return {
    id: readPageId(view, at),
    flags: view.getUint16(at + 8, true),
    count: view.getUint16(at + 10, true),
    overflow: view.getUint32(at + 12, true),
  };
}

/** The reverse of {@link decodePageHeader}. */
export function encodePageHeader(view: DataView, at: number, header: PageHeader): void {
  writePageId(view, at, header.id);
  view.setUint16(at + 8, header.flags, true);
  view.setUint16(at + 10, header.count, true);
  view.setUint32(at + 12, header.overflow, true);
}

/** A page type's name, for messages. */
export function pageTypeName(flags: number): string {
  for (const [name, flag] of Object.entries(PAGE_FLAG)) if (flags === flag) return `${name} page`;
  return `page of unknown type 0x${flags.toString(16)}`;
}

/** The view over a byte string's own memory. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
