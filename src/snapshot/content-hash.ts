import { combineCrc32c, crc32c } from '../base/index.ts';
import { BUCKET_FLAG, ENTRY_WORDS, type LeafEntries } from '../bolt/index.ts';

/** The hash of a stretch of content, and its length, from which stretches can be joined. Plain data. */
export interface ContentHash {
  readonly crc: number;
  readonly length: number;
}

export const EMPTY_CONTENT: ContentHash = { crc: 0, length: 0 };

/** The hash of two neighbouring stretches. */
export function joinContent(first: ContentHash, second: ContentHash): ContentHash {
  return { crc: combineCrc32c(first.crc, second.crc, second.length), length: first.length + second.length };
}

/**
 * etcd's snapshot hash: CRC-32C over each bucket's name, then its keys and values in order
 * (etcdutl/snapshot/v3_snapshot.go, Status).
 */
export class ContentHasher {
  #crc = 0;
  #length = 0;

  get hash(): ContentHash {
    return { crc: this.#crc, length: this.#length };
  }

  addName(name: Uint8Array): void {
    this.#crc = crc32c(name, this.#crc);
    this.#length += name.length;
  }

  addLeaf(entries: LeafEntries): void {
    if (entries.count === 0) return;
    // As bbolt writes a page, its keys and values lie back to back in the very order of the hash.
    if (entries.contiguous && entries.buckets === 0) this.#add(entries.bytes, entries.dataStart, entries.dataEnd);
    else this.#addEntries(entries);
  }

  /** Pair by pair. Of a nested bucket, which etcd never makes, etcdutl hashes the name alone. */
  #addEntries(entries: LeafEntries): void {
    const { bytes, offsets, count } = entries;
    for (let word = 0; word < count * ENTRY_WORDS; word += ENTRY_WORDS) {
      const nested = ((offsets[word + 3] ?? 0) & BUCKET_FLAG) !== 0;
      this.#add(bytes, offsets[word] ?? 0, (nested ? offsets[word + 1] : offsets[word + 2]) ?? 0);
    }
  }

  #add(bytes: Buffer, start: number, end: number): void {
    this.#crc = crc32c(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start), this.#crc);
    this.#length += end - start;
  }
}
