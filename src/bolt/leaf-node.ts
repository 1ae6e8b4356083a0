import type { PageRun } from './allocator.ts';
import { compareKeys } from './key-order.ts';
import { encodeLeaf, ENTRY_WORDS, type LeafEntries } from './leaf.ts';
import { BUCKET_FLAG, LEAF_ELEMENT_SIZE, PAGE_HEADER_SIZE, viewOf } from './page.ts';

const SMALLEST_HEAP = 256;

/**
 * A leaf page that can be changed. Keys and values stay packed in one buffer, to whose end new ones are added, and are
 * referred to as in {@link LeafEntries.offsets}: a million entries cost little more memory than their bytes.
 */
export class LeafNode {
  readonly isLeaf = true;
  /** The pages that hold it in the old state; undefined if it is new. */
  origin: PageRun | undefined;
  /** Whether it differs from its origin. */
  dirty = false;
  /** Whether entries were removed, so that it may have become too small. */
  shrunk = false;
  count: number;
  /** Bytes of its page: header, elements, keys and values. */
  size: number;
  #bytes: Buffer;
  #view: DataView;
  #end: number;
  #offsets: Uint32Array;

  private constructor(bytes: Buffer, end: number, offsets: Uint32Array, count: number, origin: PageRun | undefined) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#end = end;
    this.#offsets = offsets;
    this.count = count;
    this.origin = origin;
    this.size = PAGE_HEADER_SIZE + count * LEAF_ELEMENT_SIZE;
    for (let index = 0; index < count; index++) this.size += this.#dataSize(index);
  }

  static empty(): LeafNode {
    return new LeafNode(Buffer.alloc(0), 0, new Uint32Array(0), 0, undefined);
  }

  /** @param entries - decoded and good; their buffer becomes the node's */
  static from(entries: LeafEntries, origin: PageRun | undefined): LeafNode {
    const offsets = entries.offsets.slice(0, entries.count * ENTRY_WORDS);
    return new LeafNode(entries.bytes, entries.bytes.length, offsets, entries.count, origin);
  }

  /** The index of a key, or, if it is not here, -1 minus the index at which it would be. */
  search(key: Uint8Array): number {
    const wanted = viewOf(key);
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const word = middle * ENTRY_WORDS;
      const start = this.#offsets[word] ?? 0;
      const order = compareKeys(this.#view, start, this.#offsets[word + 1] ?? 0, wanted, 0, key.length);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1 - low;
  }

  /** A copy of a key. */
  keyAt(index: number): Uint8Array {
    const word = index * ENTRY_WORDS;
    return Uint8Array.from(this.#bytes.subarray(this.#offsets[word], this.#offsets[word + 1]));
  }

  /** A copy of a value. */
  valueAt(index: number): Uint8Array {
    return Uint8Array.from(this.#valueAt(index));
  }

  isBucketAt(index: number): boolean {
    return ((this.#offsets[index * ENTRY_WORDS + 3] ?? 0) & BUCKET_FLAG) !== 0;
  }

  get holdsBuckets(): boolean {
    for (let index = 0; index < this.count; index++) if (this.isBucketAt(index)) return true;
    return false;
  }

  /** Bytes that an entry takes in its page. */
  entrySize(index: number): number {
    return LEAF_ELEMENT_SIZE + this.#dataSize(index);
  }

  valueEquals(index: number, value: Uint8Array): boolean {
    return this.#valueAt(index).equals(value);
  }

  insert(index: number, key: Uint8Array, value: Uint8Array, flags: number): void {
    const word = index * ENTRY_WORDS;
    const endWord = this.count * ENTRY_WORDS;
    if (endWord + ENTRY_WORDS > this.#offsets.length) {
      const larger = new Uint32Array(Math.max(8, this.count * 2) * ENTRY_WORDS);
      larger.set(this.#offsets.subarray(0, endWord));
      this.#offsets = larger;
    }
    this.#reserve(key.length + value.length);
    this.#offsets.copyWithin(word + ENTRY_WORDS, word, endWord);
    this.count++;
    this.#append(index, key, value, flags);
  }

  /** Gives an entry another value. */
  replace(index: number, key: Uint8Array, value: Uint8Array): void {
    this.#reserve(key.length + value.length);
    this.size -= this.entrySize(index);
    this.#append(index, key, value, this.#offsets[index * ENTRY_WORDS + 3] ?? 0);
  }

  remove(index: number): void {
    this.size -= this.entrySize(index);
    this.#offsets.copyWithin(index * ENTRY_WORDS, (index + 1) * ENTRY_WORDS, this.count * ENTRY_WORDS);
    this.count--;
    this.shrunk = true;
    this.dirty = true;
    if (this.count === 0) this.#compact(0);
  }

  /** Moves the entries from `index` on to a new node. */
  splitAt(index: number): LeafNode {
    const right = LeafNode.empty();
    right.dirty = true;
    right.shrunk = this.shrunk;
    right.#copyFrom(this, index, this.count);
    for (let gone = index; gone < this.count; gone++) this.size -= this.entrySize(gone);
    this.count = index;
    this.dirty = true;
    this.#compact(0);
    return right;
  }

  /** Adds copies of all entries of the next node in order. */
  absorb(right: LeafNode): void {
    this.#copyFrom(right, 0, right.count);
    this.dirty = true;
  }

  /** Encodes the entries `from` up to, not including, `to`, as {@link encodeLeaf} does. */
  encode(into: Uint8Array, place: { readonly id: number; readonly overflow: number }, from: number, to: number): void {
    encodeLeaf(into, place, { bytes: this.#bytes, offsets: this.#offsets }, from, to);
  }

  #dataSize(index: number): number {
    const word = index * ENTRY_WORDS;
    return (this.#offsets[word + 2] ?? 0) - (this.#offsets[word] ?? 0);
  }

  #valueAt(index: number): Buffer {
    const word = index * ENTRY_WORDS;
    return this.#bytes.subarray(this.#offsets[word + 1], this.#offsets[word + 2]);
  }

  /** Puts an entry's bytes behind the last and lets `index` refer to them; there is room. */
  #append(index: number, key: Uint8Array, value: Uint8Array, flags: number): void {
    const word = index * ENTRY_WORDS;
    const keyEnd = this.#end + key.length;
    this.#bytes.set(key, this.#end);
    this.#bytes.set(value, keyEnd);
    this.#offsets[word] = this.#end;
    this.#offsets[word + 1] = keyEnd;
    this.#offsets[word + 2] = keyEnd + value.length;
    this.#offsets[word + 3] = flags;
    this.#end = keyEnd + value.length;
    this.size += LEAF_ELEMENT_SIZE + key.length + value.length;
    this.dirty = true;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes > this.#bytes.length) this.#compact(bytes);
  }

  /** Moves what is in use to a new buffer that has room for `bytes` more, and then some. */
  #compact(bytes: number): void {
    const live = this.size - PAGE_HEADER_SIZE - this.count * LEAF_ELEMENT_SIZE;
    const capacity = bytes === 0 ? live : Math.max(SMALLEST_HEAP, Math.ceil((live + bytes) * 1.5));
    const bytesNow = Buffer.allocUnsafeSlow(capacity);
    let end = 0;
    for (let word = 0; word < this.count * ENTRY_WORDS; word += ENTRY_WORDS) {
      const start = this.#offsets[word] ?? 0;
      this.#bytes.copy(bytesNow, end, start, this.#offsets[word + 2]);
      const shift = end - start;
      for (let part = word; part < word + 3; part++) this.#offsets[part] = (this.#offsets[part] ?? 0) + shift;
      end = this.#offsets[word + 2] ?? 0;
    }
    this.#bytes = bytesNow;
    this.#view = viewOf(bytesNow);
    this.#end = end;
  }

  #copyFrom(other: LeafNode, from: number, to: number): void {
    let bytes = 0;
    for (let index = from; index < to; index++) bytes += other.#dataSize(index);
    this.#reserve(bytes);
    const offsets = new Uint32Array((this.count + to - from) * ENTRY_WORDS);
    offsets.set(this.#offsets.subarray(0, this.count * ENTRY_WORDS));
    this.#offsets = offsets;
    for (let index = from; index < to; index++) {
      const word = index * ENTRY_WORDS;
      const key = other.#bytes.subarray(other.#offsets[word], other.#offsets[word + 1]);
      this.#append(this.count, key, other.#valueAt(index), other.#offsets[word + 3] ?? 0);
      this.count++;
    }
  }
}
