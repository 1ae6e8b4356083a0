import type { RandomAccess } from '../base/index.ts';
import { FindingList, PageSet, TreeWalker, type Bucket, type FindingRecord, type LeafEntries } from '../bolt/index.ts';
import { KEY_BUCKET, nameOf } from './buckets.ts';
import { contentOf } from './content.ts';
import { ContentHasher, type ContentHash } from './content-hash.ts';
import { finding } from './findings.ts';
import { KeySpaceReader, type KeySpaceCounts } from './key-space.ts';
import type { EntryVisitor } from './visitor.ts';
import type { WalkPart } from './walk-plan.ts';

/** What one part of a snapshot holds. Plain data: a worker thread can answer with it. */
export interface PartResult<R = undefined> {
  readonly hash: ContentHash;
  /** Entries by bucket name (latin1). */
  readonly entries: ReadonlyMap<string, number>;
  readonly keySpace: KeySpaceCounts;
  readonly findings: FindingRecord;
  /** Pages walked, one bit each. */
  readonly used: Uint32Array;
  /** The visitor's result; undefined if there was none. */
  readonly visited: R | undefined;
}

export interface WalkPartOptions<R> {
  readonly visitor?: EntryVisitor<R> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of pages were walked since the last call; free pages never are. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Walks one part of a snapshot: checks its pages, hashes it, checks and counts its entries, shows them to the visitor.
 *
 * @throws BoltError if the system cannot read, the signal's reason if it aborts; never because of what the bytes say
 */
export function walkPart<R = undefined>(
  source: RandomAccess,
  part: WalkPart,
  options: WalkPartOptions<R> = {},
): PartResult<R> {
  const findings = new FindingList();
  const hasher = new ContentHasher();
  const keySpace = new KeySpaceReader(findings, part.compacted, options.visitor);
  const entries = new Map<string, number>();
  const { signal, onBytes } = options;
  const pages = new PageSet(part.layout.pageCount);
  const walker = new TreeWalker(contentOf(source), part.layout, { findings, pages, signal, onBytes });
  for (const { bucket, startsBucket, subtree } of part.steps) {
    const name = nameOf(bucket);
    if (startsBucket) hasher.addName(bucket.name);
    const readKeys = name === KEY_BUCKET ? keySpace.readLeaf : undefined;
    let count = entries.get(name) ?? 0;
    const readLeaf = (leaf: LeafEntries): void => {
      count += leaf.count;
      hasher.addLeaf(leaf);
      readKeys?.(leaf);
      if (leaf.buckets > 0) reportNested(bucket, leaf, findings);
    };
    if (subtree === undefined) walker.walkBucket(bucket, readLeaf);
    else walker.walk(subtree, bucket.label, readLeaf);
    entries.set(name, count);
  }
  return {
    hash: hasher.hash,
    entries,
    keySpace: keySpace.counts,
    findings: findings.record,
    used: pages.words,
    visited: options.visitor?.result(),
  };
}

function reportNested(bucket: Bucket, leaf: LeafEntries, findings: FindingList): void {
  const message = `${bucket.label} holds ${leaf.buckets} other buckets on page ${leaf.page}; etcd nests none`;
  findings.add(finding('error', 'SNAPSHOT_BUCKET_NESTED', bucket.label, message));
}
