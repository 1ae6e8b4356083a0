import type { Finding, RandomAccess } from '../base/index.ts';
import { damage, FindingList, judgePageUse, PageSet, type PageUse } from '../bolt/index.ts';
import { KEY_BUCKET, nameOf } from './buckets.ts';
import type { ClusterState } from './cluster-state.ts';
import { EMPTY_CONTENT, joinContent } from './content-hash.ts';
import { finding } from './findings.ts';
import type { KeySpaceCounts } from './key-space.ts';
import { LiveKeyCounter, liveKeysFromCounts, passesFor } from './live-keys.ts';
import { walkPart, type PartResult } from './walk-part.ts';
import type { WalkPart, WalkPlan } from './walk-plan.ts';

/** What `etcdutl snapshot status` says of a snapshot, and the number of live keys. */
export interface SnapshotStatus {
  /** CRC-32C over all buckets' names, keys and values. */
  readonly hash: number;
  /** The main revision of the key space's last entry; 0 if it has none. */
  readonly revision: bigint;
  /** Entries of all buckets, as etcdutl 3.4 and 3.5 count. */
  readonly totalKey: number;
  /** Bytes of all pages, free ones included. */
  readonly totalSize: number;
  /** The storage version, `3.6.0` say; empty before etcd 3.6. */
  readonly version: string;
  /** Keys that a client could read; `totalKey` of etcdutl 3.6. */
  readonly liveKeys: number;
}

/** Everything that a walk tells about a snapshot. */
export interface WalkReport<R = undefined> {
  readonly status: SnapshotStatus;
  readonly state: ClusterState;
  readonly pages: PageUse;
  /** Entries by bucket name. */
  readonly buckets: ReadonlyMap<string, number>;
  readonly keySpace: KeySpaceCounts;
  /** Everything found, wrong or worth knowing; the SHA-256 is not looked at here. */
  readonly findings: readonly Finding[];
  /** What the parts' visitors returned, in the parts' order. */
  readonly visited: readonly R[];
}

export interface JoinOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts the results of all parts of a plan together, in the plan's order.
 *
 * Walks the key space again, once or more, only if its live keys cannot be told from the counts (a compaction was
 * under way); that takes about as long as the parts did.
 *
 * @throws TypeError if the results are not those of the plan's parts; BoltError if the system cannot read; the
 * signal's reason if it aborts
 */
export function joinParts<R = undefined>(
  source: RandomAccess,
  plan: WalkPlan,
  results: readonly PartResult<R>[],
  options: JoinOptions = {},
): WalkReport<R> {
  if (results.length !== plan.parts.length) {
    throw new TypeError(`results: expected those of ${plan.parts.length} parts, got ${results.length}`);
  }
  const findings = new FindingList();
  findings.absorb(plan.findings);
  for (const result of results) findings.absorb(result.findings);
  const pages = joinPages(plan, results, findings);
  const hash = results.reduce((joined, result) => joinContent(joined, result.hash), EMPTY_CONTENT);
  const buckets = joinEntries(results);
  const keySpace = joinKeySpace(results, findings);
  if (keySpace.last !== undefined && plan.state.consistentIndex === undefined) {
    // etcd 3.4 writes it with the first key; later releases do so when they start.
    const message = 'bucket "meta" has no consistent_index, though there are keys';
    findings.add(finding('warning', 'SNAPSHOT_INDEX_MISSING', 'bucket "meta"', message));
  }
  const liveKeys = liveKeysFromCounts(keySpace, plan.compactionSettled) ?? countAgain(source, plan, keySpace, options);
  const status: SnapshotStatus = {
    hash: hash.crc,
    revision: BigInt(keySpace.last?.main ?? 0),
    totalKey: [...buckets.values()].reduce((sum, count) => sum + count, 0),
    totalSize: plan.layout.highWater * plan.layout.pageSize,
    version: plan.state.storageVersion,
    liveKeys,
  };
  const visited = results.flatMap((result) => (result.visited === undefined ? [] : [result.visited]));
  return { status, state: plan.state, pages, buckets, keySpace, findings: findings.report, visited };
}

function joinPages<R>(plan: WalkPlan, results: readonly PartResult<R>[], findings: FindingList): PageUse {
  const { layout } = plan;
  const used = new PageSet(layout.pageCount, plan.used.slice());
  for (const result of results) {
    used.absorb(result.used, (page) => {
      const message = `page ${page} is used in more than one place`;
      findings.add(damage('BOLT_PAGE_SHARED', `page ${page}`, message));
    });
  }
  const freed = plan.freed === undefined ? undefined : new PageSet(layout.pageCount, plan.freed);
  return judgePageUse(layout, used, freed, findings);
}

function joinEntries<R>(results: readonly PartResult<R>[]): ReadonlyMap<string, number> {
  const buckets = new Map<string, number>();
  for (const { entries } of results) {
    for (const [name, count] of entries) buckets.set(name, (buckets.get(name) ?? 0) + count);
  }
  return buckets;
}

function joinKeySpace<R>(results: readonly PartResult<R>[], findings: FindingList): KeySpaceCounts {
  const sum = (pick: (counts: KeySpaceCounts) => number): number =>
    results.reduce((total, { keySpace }) => total + pick(keySpace), 0);
  let first: KeySpaceCounts['first'];
  let last: KeySpaceCounts['last'];
  for (const { keySpace } of results) {
    const next = keySpace.first;
    if (last !== undefined && next !== undefined) {
      if (next.main < last.main || (next.main === last.main && next.sub <= last.sub)) {
        const message = `revision ${next.main}/${next.sub} comes again or too late`;
        findings.add(finding('error', 'SNAPSHOT_REVISION_ORDER', `bucket "${KEY_BUCKET}"`, message));
      }
    }
    first ??= next;
    last = keySpace.last ?? last;
  }
  return {
    puts: sum((counts) => counts.puts),
    tombstones: sum((counts) => counts.tombstones),
    putsCompacted: sum((counts) => counts.putsCompacted),
    tombstonesCompacted: sum((counts) => counts.tombstonesCompacted),
    births: sum((counts) => counts.births),
    deaths: sum((counts) => counts.deaths),
    first,
    last,
  };
}

/** Counts live keys one by one. The parts' findings were reported before and are dropped here. */
function countAgain(source: RandomAccess, plan: WalkPlan, counts: KeySpaceCounts, options: JoinOptions): number {
  const entries = counts.puts + counts.tombstones;
  const passes = passesFor(entries);
  let live = 0;
  for (let pass = 0; pass < passes; pass++) {
    const counter = new LiveKeyCounter(pass, passes, Math.ceil(entries / passes));
    for (const part of plan.parts) walkPart(source, keyStepsOf(part), { visitor: counter, signal: options.signal });
    live += counter.result();
  }
  return live;
}

function keyStepsOf(part: WalkPart): WalkPart {
  const steps = part.steps.filter(({ bucket }) => nameOf(bucket) === KEY_BUCKET);
  return { ...part, steps };
}
