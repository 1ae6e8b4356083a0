import { damage, type FindingList } from './findings.ts';
import { ENTRY_WORDS, type LeafEntries } from './leaf.ts';
import { BUCKET_FLAG, decodePageHeader, PAGE_FLAG, PAGE_HEADER_SIZE, readPageId, viewOf, writePageId } from './page.ts';

/** Root page (64 bits; 0 for an inline bucket) and sequence (64 bits). Source: bbolt internal/common/bucket.go. */
export const BUCKET_HEADER_SIZE = 16;

/** A bucket as its parent's leaf page describes it. Plain data. */
export interface Bucket {
  readonly name: Uint8Array;
  /** The name for messages: printable, quoted, the parents' names before it. */
  readonly label: string;
  /** The page of its tree's root; undefined for an inline bucket. */
  readonly root: number | undefined;
  readonly sequence: bigint;
  /** The page of a small bucket, which lies in the value itself, header first. */
  readonly inline: Uint8Array | undefined;
}

/** The buckets among a leaf page's entries, copied out of its buffer; malformed ones are reported and left out. */
export function bucketsIn(entries: LeafEntries, parentLabel: string, findings: FindingList): readonly Bucket[] {
  const buckets: Bucket[] = [];
  for (let index = 0; index < entries.count; index++) {
    const word = index * ENTRY_WORDS;
    const [keyStart = 0, keyEnd = 0, valueEnd = 0, flags = 0] = entries.offsets.subarray(word, word + ENTRY_WORDS);
    if ((flags & BUCKET_FLAG) === 0) continue;
    const name = Uint8Array.from(entries.bytes.subarray(keyStart, keyEnd));
    const label = bucketLabel(parentLabel, name);
    const bucket = decodeBucket(name, label, Uint8Array.from(entries.bytes.subarray(keyEnd, valueEnd)), findings);
    if (bucket !== undefined) buckets.push(bucket);
  }
  return buckets;
}

/**
 * Decodes a bucket from the value of its entry.
 *
 * @returns undefined if it is malformed; `findings` then say how
 */
export function decodeBucket(
  name: Uint8Array,
  label: string,
  value: Uint8Array,
  findings: FindingList,
): Bucket | undefined {
  const view = viewOf(value);
  if (value.length < BUCKET_HEADER_SIZE) {
    findings.add(damage('BOLT_BUCKET_MALFORMED', label, `${label} has a header of ${value.length} bytes`));
    return undefined;
  }
  const root = readPageId(view, 0);
  const sequence = view.getBigUint64(8, true);
  if (root !== 0) return { name, label, root, sequence, inline: undefined };
  const inline = value.subarray(BUCKET_HEADER_SIZE);
  if (inline.length < PAGE_HEADER_SIZE) {
    findings.add(damage('BOLT_BUCKET_MALFORMED', label, `${label} is inline, but its page is cut short`));
    return undefined;
  }
  const header = decodePageHeader(viewOf(inline), 0);
  if (header.flags !== PAGE_FLAG.leaf || header.id !== 0 || header.overflow !== 0) {
    findings.add(damage('BOLT_BUCKET_MALFORMED', label, `${label} is inline, but what it holds is no leaf page`));
    return undefined;
  }
  return { name, label, root: undefined, sequence, inline };
}

/** Encodes a bucket's header, the start of its value; `root` 0 says that an inline page follows. */
export function encodeBucketHeader(into: Uint8Array, root: number, sequence: bigint): void {
  const view = viewOf(into);
  writePageId(view, 0, root);
  view.setBigUint64(8, sequence, true);
}

/** A bucket's label: its parent's, and its own name. */
export function bucketLabel(parentLabel: string, name: Uint8Array): string {
  return `${parentLabel === '' ? 'bucket ' : `${parentLabel} / `}${printable(name)}`;
}

/** A bucket's name as JSON would quote it, cut where it is long; names are keys, and keys may be any bytes. */
function printable(name: Uint8Array): string {
  const text = Buffer.from(name.subarray(0, 64)).toString('latin1');
  return `"${text.replace(/[^\x20-\x7e]|["\\]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}
