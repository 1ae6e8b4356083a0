import type { RandomAccess } from '../base/index.ts';
import { ENTRY_WORDS, FindingList, TreeWalker, type BoltLayout, type Bucket } from '../bolt/index.ts';
import { contentSize } from './trailer.ts';

/** The database inside a snapshot: all but the SHA-256 at its end. */
export function contentOf(source: RandomAccess): RandomAccess {
  const size = contentSize(source.size);
  return {
    size,
    read(target, position) {
      const room = Math.max(0, size - position);
      return source.read(room < target.length ? target.subarray(0, room) : target, position);
    },
  };
}

/** More entries than any of etcd's small buckets has; a damaged file must not fill the memory. */
const MOST_ENTRIES = 10_000;
const LARGEST_VALUE = 64 * 1024;

/** The entries of a small bucket. Damage is not reported here: the walk of the whole file meets it too. */
export function readSmallBucket(
  content: RandomAccess,
  layout: BoltLayout,
  bucket: Bucket,
): ReadonlyMap<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  const walker = new TreeWalker(content, layout, { findings: new FindingList(), onBucket: () => undefined });
  walker.walkBucket(bucket, (leaf) => {
    for (let index = 0; index < leaf.count && entries.size < MOST_ENTRIES; index++) {
      const word = index * ENTRY_WORDS;
      const [start = 0, end = 0, valueEnd = 0] = leaf.offsets.subarray(word, word + ENTRY_WORDS);
      if (valueEnd - start > LARGEST_VALUE) continue;
      entries.set(leaf.bytes.toString('latin1', start, end), Uint8Array.from(leaf.bytes.subarray(end, valueEnd)));
    }
  });
  return entries;
}
