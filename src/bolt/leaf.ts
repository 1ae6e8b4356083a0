import { damage, type FindingList } from './findings.ts';
import { compareKeys, type KeyAt } from './key-order.ts';
import { BUCKET_FLAG, encodePageHeader, LEAF_ELEMENT_SIZE, PAGE_FLAG, PAGE_HEADER_SIZE, viewOf } from './page.ts';

/** Words that each entry takes in {@link LeafEntries.offsets}. */
export const ENTRY_WORDS = 4;

/**
 * The entries of one leaf page, as offsets into the buffer that holds it; one object is used for all pages.
 * Elements that do not lie inside their page, or lie over others, are left out (and reported).
 */
export class LeafEntries {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** The page's number; 0 for the inline page of a small bucket. */
  page = 0;
  /** How many entries there are. */
  count = 0;
  /** For each entry four words: where its key starts, where it ends and the value starts, where that ends, its flags. */
  offsets: Uint32Array = new Uint32Array(ENTRY_WORDS * 64);
  /** Whether keys and values lie back to back, in order, from `dataStart` to `dataEnd`, as bbolt writes them. */
  contiguous = true;
  dataStart = 0;
  dataEnd = 0;
  /** How many of the entries are buckets. */
  buckets = 0;
}

/** Where one leaf page lies, and what its place in the tree demands of it. */
export interface LeafPlace {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Offset of the page's header. */
  readonly start: number;
  /** Offset of the first byte that is no longer the page's. */
  readonly end: number;
  readonly page: number;
  readonly count: number;
  /** What to call it in messages, if not by its number: the inline bucket's name. */
  readonly label?: string | undefined;
}

/** Decodes and checks a leaf page: element positions, flags, key order. Source: bbolt internal/common/page.go. */
export function decodeLeaf(into: LeafEntries, place: LeafPlace, findings: FindingList): void {
  const { view, start, end, count } = place;
  into.bytes = place.bytes;
  into.view = view;
  into.page = place.page;
  into.contiguous = true;
  into.buckets = 0;
  if (into.offsets.length < count * ENTRY_WORDS) into.offsets = new Uint32Array(count * ENTRY_WORDS);
  const offsets = into.offsets;
  const tableEnd = start + PAGE_HEADER_SIZE + count * LEAF_ELEMENT_SIZE;
  const last = Math.min(count, Math.max(0, Math.floor((end - start - PAGE_HEADER_SIZE) / LEAF_ELEMENT_SIZE)));
  if (last < count) reportTable(place, findings);
  let kept = 0;
  let expected = tableEnd;
  let priorStart = 0;
  let priorEnd = -1;
  for (let index = 0, at = start + PAGE_HEADER_SIZE; index < last; index++, at += LEAF_ELEMENT_SIZE) {
    const flags = view.getUint32(at, true);
    const keyStart = at + view.getUint32(at + 4, true);
    const keySize = view.getUint32(at + 8, true);
    const keyEnd = keyStart + keySize;
    const valueEnd = keyEnd + view.getUint32(at + 12, true);
    if (keyStart !== expected || valueEnd > end) {
      into.contiguous = false;
      reportMisplaced(place, index, findings);
      if (keyStart < expected || valueEnd > end) continue;
    }
    if (keySize === 0 || flags > BUCKET_FLAG) reportMalformed(place, index, keySize, flags, findings);
    if (priorEnd >= 0 && compareKeys(view, priorStart, priorEnd, view, keyStart, keyEnd) >= 0) {
      reportUnordered(place, index, findings);
    }
    const word = kept * ENTRY_WORDS;
    offsets[word] = keyStart;
    offsets[word + 1] = keyEnd;
    offsets[word + 2] = valueEnd;
    offsets[word + 3] = flags;
    into.buckets += flags & BUCKET_FLAG;
    kept++;
    priorStart = keyStart;
    priorEnd = keyEnd;
    expected = valueEnd;
  }
  into.count = kept;
  into.dataStart = tableEnd;
  into.dataEnd = expected;
}

/**
 * Encodes the entries `from` up to, not including, `to` as a leaf page: its elements, then keys and values back to back.
 *
 * @param into - zeroed, of whole pages (or an inline bucket's page), large enough
 * @param entries - offsets as in {@link LeafEntries}, in ascending order of their keys
 */
export function encodeLeaf(
  into: Uint8Array,
  place: { readonly id: number; readonly overflow: number },
  entries: { readonly bytes: Uint8Array; readonly offsets: Uint32Array },
  from: number,
  to: number,
): void {
  const view = viewOf(into);
  const { bytes, offsets } = entries;
  encodePageHeader(view, 0, { ...place, flags: PAGE_FLAG.leaf, count: to - from });
  let at = PAGE_HEADER_SIZE;
  let data = PAGE_HEADER_SIZE + (to - from) * LEAF_ELEMENT_SIZE;
  for (let word = from * ENTRY_WORDS; word < to * ENTRY_WORDS; word += ENTRY_WORDS) {
    const keyStart = offsets[word] ?? 0;
    const keyEnd = offsets[word + 1] ?? 0;
    const valueEnd = offsets[word + 2] ?? 0;
    view.setUint32(at, offsets[word + 3] ?? 0, true);
    view.setUint32(at + 4, data - at, true);
    view.setUint32(at + 8, keyEnd - keyStart, true);
    view.setUint32(at + 12, valueEnd - keyEnd, true);
    into.set(bytes.subarray(keyStart, valueEnd), data);
    at += LEAF_ELEMENT_SIZE;
    data += valueEnd - keyStart;
  }
}

/** Checks that all keys of a decoded leaf are at least `low` and below `high`. */
export function checkLeafBounds(
  entries: LeafEntries,
  low: KeyAt | undefined,
  high: KeyAt | undefined,
  findings: FindingList,
): void {
  if (entries.count === 0) return;
  const { view, offsets } = entries;
  const lastWord = (entries.count - 1) * ENTRY_WORDS;
  const belowLow =
    low !== undefined && compareKeys(view, offsets[0] ?? 0, offsets[1] ?? 0, low.view, low.start, low.end) < 0;
  const lastStart = offsets[lastWord] ?? 0;
  const lastEnd = offsets[lastWord + 1] ?? 0;
  const aboveHigh = high !== undefined && compareKeys(view, lastStart, lastEnd, high.view, high.start, high.end) >= 0;
  if (!belowLow && !aboveHigh) return;
  const message = belowLow
    ? `the first key of leaf page ${entries.page} is below the key by which its parent refers to it`
    : `the last key of leaf page ${entries.page} is not below the key of its next sibling`;
  findings.add(damage('BOLT_KEY_BOUNDS', `page ${entries.page}`, message));
}

function whereOf(place: LeafPlace): string {
  return place.label ?? `page ${place.page}`;
}

function reportTable(place: LeafPlace, findings: FindingList): void {
  const where = whereOf(place);
  findings.add(
    damage('BOLT_ELEMENT_MISPLACED', where, `${where} claims ${place.count} elements, more than fit into it`),
  );
}

function reportMisplaced(place: LeafPlace, index: number, findings: FindingList): void {
  const where = whereOf(place);
  const message = `element ${index} of ${where} does not lie right behind the one before it, inside the page`;
  findings.add(damage('BOLT_ELEMENT_MISPLACED', where, message));
}

function reportMalformed(place: LeafPlace, index: number, keySize: number, flags: number, findings: FindingList): void {
  const where = whereOf(place);
  const what = keySize === 0 ? 'has an empty key' : `has the unknown flags 0x${flags.toString(16)}`;
  findings.add(damage('BOLT_ELEMENT_MALFORMED', where, `element ${index} of ${where} ${what}`));
}

function reportUnordered(place: LeafPlace, index: number, findings: FindingList): void {
  const where = whereOf(place);
  findings.add(damage('BOLT_KEY_ORDER', where, `key ${index} of ${where} is not above the key before it`));
}
