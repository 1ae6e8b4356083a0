import type { RandomAccess } from '../base/index.ts';
import {
  FindingList,
  metaPages,
  type PageSet,
  readFreelist,
  readLayout,
  ROOT_LABEL,
  TreeWalker,
  type BoltLayout,
  type Bucket,
  type FindingRecord,
  type Subtree,
} from '../bolt/index.ts';
import { checkBuckets, MOST_BUCKETS, nameOf } from './buckets.ts';
import { readClusterState, STATE_BUCKETS, type ClusterState } from './cluster-state.ts';
import { contentOf, readSmallBucket } from './content.ts';
import { finding } from './findings.ts';
import { hasTrailer } from './trailer.ts';

/** A bucket, or a stretch of one, to be walked in one go. */
export interface PartStep {
  readonly bucket: Bucket;
  /** Whether the stretch is the bucket's first, so that the hash takes the bucket's name before it. */
  readonly startsBucket: boolean;
  /** The stretch; undefined for the whole bucket. */
  readonly subtree: Subtree | undefined;
}

/** One share of a walk, independent of the others. Plain data: a worker thread can take it. */
export interface WalkPart {
  readonly layout: BoltLayout;
  /** The revision up to which the key space is compacted; 0 if it never was. */
  readonly compacted: number;
  readonly steps: readonly PartStep[];
}

/** How to walk a snapshot, and what was learnt by making the plan. Plain data. */
export interface WalkPlan {
  readonly layout: BoltLayout;
  readonly parts: readonly WalkPart[];
  readonly state: ClusterState;
  /** Whether every compaction that was begun was also finished. */
  readonly compactionSettled: boolean;
  readonly findings: FindingRecord;
  /** Pages met while planning, one bit each. */
  readonly used: Uint32Array;
  /** Pages that the freelist names, one bit each; undefined if the file does not list its free pages. */
  readonly freed: Uint32Array | undefined;
}

export interface PlanOptions {
  /** Into how many parts to split the walk, about equally; fewer come where there is too little to split. Default: 1. */
  readonly parts?: number | undefined;
}

/** Stretches per part, so that parts come out about equally large. */
const STRETCHES_PER_PART = 8;
/** Each part answers with a bitmap of all pages: together they stay below 64 MiB. */
const MOST_BITMAP_BYTES = 64 * 1024 * 1024;

/**
 * Reads what is needed to share a walk out: the metas, the freelist, the top-level buckets and the small ones.
 *
 * @returns no plan if the file has no usable meta page; `findings` then says why
 * @throws BoltError if the system cannot read; never because of what the bytes say
 */
export function planWalk(
  source: RandomAccess,
  options: PlanOptions = {},
): { readonly plan: WalkPlan | undefined; readonly findings: FindingRecord } {
  const content = contentOf(source);
  const findings = new FindingList();
  const layout = readLayout(content, findings);
  if (layout === undefined) return { plan: undefined, findings: findings.record };
  checkSize(source, content, layout, findings);
  const used = metaPages(layout);
  const freed = readFreelist(content, layout, used, findings);
  const buckets = listBuckets(content, layout, used, findings);
  const state = readState(content, layout, buckets, findings);
  const { scheduledCompaction, finishedCompaction } = state;
  const compacted = Number(finishedCompaction ?? 0n);
  const walker = new TreeWalker(content, layout, { findings, pages: used });
  const count = Math.min(options.parts ?? 1, Math.max(1, Math.floor((MOST_BITMAP_BYTES * 8) / layout.pageCount)));
  const steps = buckets.flatMap((bucket) => stepsOf(bucket, walker, count));
  const parts = share(steps, count).map((share): WalkPart => ({ layout, compacted, steps: share }));
  const compactionSettled = scheduledCompaction === finishedCompaction;
  const record = findings.record;
  const plan = { layout, parts, state, compactionSettled, findings: record, used: used.words, freed: freed?.words };
  return { plan, findings: record };
}

/** etcd sends whole pages and a SHA-256; bbolt keeps its file in whole pages, and lets it grow ahead of them. */
function checkSize(source: RandomAccess, content: RandomAccess, layout: BoltLayout, findings: FindingList): void {
  const extra = content.size - layout.highWater * layout.pageSize;
  if (content.size % layout.pageSize !== 0) {
    const message = `the file has ${source.size} bytes: not whole pages of ${layout.pageSize}, with or without a SHA-256`;
    findings.add(finding('error', 'SNAPSHOT_SIZE_ODD', 'the end of the file', message, 'Copy or take it again.'));
  } else if (hasTrailer(source.size) && extra > 0) {
    const message = `${extra} bytes lie behind the last page; etcd sends none`;
    findings.add(finding('warning', 'SNAPSHOT_EXTRA_BYTES', 'the end of the file', message));
  }
}

/** Walks the root bucket, whose entries are the top-level buckets. */
function listBuckets(
  content: RandomAccess,
  layout: BoltLayout,
  used: PageSet,
  findings: FindingList,
): readonly Bucket[] {
  const buckets: Bucket[] = [];
  const onBucket = (bucket: Bucket): void => {
    if (buckets.length < MOST_BUCKETS) buckets.push(bucket);
  };
  const walker = new TreeWalker(content, layout, { findings, pages: used, onBucket });
  walker.walk({ page: layout.root, parent: 0 }, ROOT_LABEL, (entries) => {
    if (entries.count > entries.buckets) {
      const message = `page ${entries.page}, which lists the buckets, has ${entries.count - entries.buckets} other entries`;
      findings.add(finding('error', 'SNAPSHOT_ENTRY_STRAY', `page ${entries.page}`, message));
    }
  });
  return buckets;
}

function readState(
  content: RandomAccess,
  layout: BoltLayout,
  buckets: readonly Bucket[],
  findings: FindingList,
): ClusterState {
  const byName = new Map(buckets.map((bucket) => [nameOf(bucket), bucket]));
  const entries = new Map(
    STATE_BUCKETS.map((name) => {
      const bucket = byName.get(name);
      return [name, bucket === undefined ? new Map<string, Uint8Array>() : readSmallBucket(content, layout, bucket)];
    }),
  );
  const state = readClusterState(entries, findings);
  checkBuckets(new Set(byName.keys()), state, findings);
  return state;
}

function stepsOf(bucket: Bucket, walker: TreeWalker, parts: number): readonly PartStep[] {
  if (bucket.root === undefined || parts === 1) return [{ bucket, startsBucket: true, subtree: undefined }];
  let stretches: readonly Subtree[] = [{ page: bucket.root, parent: 0 }];
  while (stretches.length < parts * STRETCHES_PER_PART) {
    const finer = stretches.flatMap((stretch) => walker.expand(stretch, bucket.label) ?? [stretch]);
    if (finer.length <= stretches.length) {
      stretches = finer;
      break;
    }
    stretches = finer;
  }
  return stretches.map((subtree, index) => ({ bucket, startsBucket: index === 0, subtree }));
}

/** Cuts a list into at most `count` stretches of about equal length. */
function share<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  const size = Math.max(1, Math.ceil(items.length / count));
  const shares: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += size) shares.push(items.slice(from, from + size));
  return shares;
}
