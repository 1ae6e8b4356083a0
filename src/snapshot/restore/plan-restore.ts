import type { RandomAccess } from '../../base/index.ts';
import type { ClusterState } from '../cluster-state.ts';
import { contentOf } from '../content.ts';
import { planWalk } from '../walk-plan.ts';
import { planDatabaseChanges, planRevisionBump, type BucketChange } from './database-changes.ts';
import { readRevision, unusable } from './database.ts';
import { planIdentity, type IdentityOptions, type RestoreIdentity } from './identity.ts';
import { planRaftState, type RaftState } from './raft-state.ts';
import { chooseTarget, releaseOf, type TargetRelease } from './target-release.ts';

export interface RestorePlanOptions extends Omit<IdentityOptions, 'target'> {
  /** The etcd that is to start from the directory: `3.5.16` or `3.5`. Default: the release that wrote the snapshot. */
  readonly etcdVersion?: string | undefined;
  /**
   * By how much to raise the revision, marking all before as compacted (`--bump-revision` with `--mark-compacted`).
   * Default: the revision stays.
   */
  readonly bumpRevision?: bigint | undefined;
}

/** What a restore will write, computed without writing anything: what a dry run shows. */
export interface RestorePlan {
  /** The release that the directory is made for. */
  readonly target: TargetRelease;
  /** The release that wrote the snapshot, as far as it tells. */
  readonly source: string;
  readonly identity: RestoreIdentity;
  /** What the snapshot says of the cluster that it comes from. */
  readonly state: ClusterState;
  /** The snapshot's revision. */
  readonly snapshotRevision: bigint;
  /** The revision that the member starts with. */
  readonly revision: bigint;
  readonly raft: RaftState;
  readonly changes: readonly BucketChange[];
}

/**
 * Plans a restore. The snapshot should have been verified: this reads only what it needs.
 *
 * @throws RestoreError if the flags, the release or the bump do not fit; BoltError if the snapshot cannot be read
 */
export function planRestore(snapshot: RandomAccess, options: RestorePlanOptions): RestorePlan {
  const { plan: walk, findings } = planWalk(snapshot);
  if (walk === undefined) throw unusable(findings.kept[0]?.message ?? 'it has no usable meta page');
  const { state } = walk;
  const target = chooseTarget(state, options.etcdVersion);
  const identity = planIdentity({ ...options, target });
  const raft = planRaftState(identity, target);
  const snapshotRevision = readRevision(contentOf(snapshot));
  const { bumpRevision } = options;
  const bump = bumpRevision === undefined ? [] : planRevisionBump(snapshotRevision, bumpRevision);
  return {
    target,
    source: releaseOf(state),
    identity,
    state,
    snapshotRevision,
    revision: snapshotRevision + (bumpRevision ?? 0n),
    raft,
    changes: [...planDatabaseChanges(identity, raft, target), ...bump],
  };
}
