import type { RaftConfState } from '../../wal/index.ts';
import { RestoreError } from './errors.ts';
import { encodeGoJson } from './go-json.ts';
import type { RestoreIdentity } from './identity.ts';
import { encodeMember, type RaftState } from './raft-state.ts';
import type { TargetRelease } from './target-release.ts';

/** What a restore does to one bucket of the database. A missing bucket is made. */
export interface BucketChange {
  readonly bucket: string;
  /** Whether all of its entries go first. */
  readonly clear: boolean;
  readonly remove: readonly string[];
  readonly put: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
}

/** Revisions above it are no exact numbers in JavaScript, and no cluster ever gets there. */
const LARGEST_REVISION = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The changes that make a snapshot's database that of a new cluster's member: the members replaced, the raft index and
 * term set to those of the new log. The rest stays: keys, leases, users, alarms, the cluster's version.
 *
 * Two things differ from etcd's own restore on purpose. 3.4's leaves the old members in the database (it means to delete
 * them, but looks in the wrong bucket); here they go, so that nothing stale meets a later release that reads them. And
 * no release's restore renews `confState`; here it is set, or removed for 3.4, which does not keep one.
 */
export function planDatabaseChanges(
  identity: RestoreIdentity,
  raft: RaftState,
  target: TargetRelease,
): readonly BucketChange[] {
  const members = identity.members.map(
    (member) => [Buffer.from(member.id.toString(16)), encodeMember(member)] as const,
  );
  const index = [Buffer.from('consistent_index'), uint64(raft.hardState.commit)] as const;
  const sinceThreeFive = [
    [Buffer.from('term'), uint64(raft.hardState.term)],
    [Buffer.from('confState'), encodeConfState(raft.confState)],
  ] as const;
  const meta: BucketChange =
    target === '3.4'
      ? { bucket: 'meta', clear: false, remove: ['term', 'confState'], put: [index] }
      : { bucket: 'meta', clear: false, remove: [], put: [index, ...sinceThreeFive] };
  return [
    { bucket: 'cluster', clear: false, remove: [], put: [] },
    { bucket: 'members', clear: true, remove: [], put: members },
    { bucket: 'members_removed', clear: true, remove: [], put: [] },
    meta,
  ];
}

/**
 * The changes that raise the revision by `bump` and have everything before compacted, so that no client sees a revision
 * again that it knew with other content, and every watch at an old one is told to start over. Source:
 * etcdutl/snapshot/v3_snapshot.go (modifyLatestRevision) of 3.5 and 3.6; etcd 3.4 understands both marks too.
 *
 * @param latest - the snapshot's revision
 * @param bump - at least 1
 * @throws RestoreError `RESTORE_BUMP_INVALID`
 */
export function planRevisionBump(latest: bigint, bump: bigint): readonly BucketChange[] {
  if (bump < 1n) {
    throw new RestoreError('RESTORE_BUMP_INVALID', `the revision cannot be raised by ${bump}`, {
      hint: 'Give --bump-revision a number of at least 1, or leave it out.',
      subject: '--bump-revision',
    });
  }
  const revision = latest + bump;
  if (revision > LARGEST_REVISION) {
    throw new RestoreError('RESTORE_BUMP_INVALID', `the revision would become ${revision}, above 2^53`, {
      hint: `The snapshot is at revision ${latest}. Give a smaller --bump-revision; one billion is plenty.`,
      subject: '--bump-revision',
    });
  }
  const key = encodeRevision(revision);
  return [
    // A revision of the empty key, which no client can read: etcd's own mark for this.
    { bucket: 'key', clear: false, remove: [], put: [[key, new Uint8Array(0)]] },
    { bucket: 'meta', clear: false, remove: [], put: [[Buffer.from('scheduledCompactRev'), key]] },
  ];
}

/** A key of the key space: main revision, `_`, sub-revision (server/storage/mvcc/revision.go). */
export function encodeRevision(main: bigint): Buffer {
  const key = Buffer.alloc(17);
  key.writeBigInt64BE(main, 0);
  key.write('_', 8);
  return key;
}

/** @returns the main revision; undefined if the key is no revision */
export function decodeRevision(key: Uint8Array): bigint | undefined {
  if (key.length < 17 || key[8] !== 0x5f) return undefined;
  return Buffer.from(key).readBigInt64BE(0);
}

function encodeConfState({ voters, learners }: RaftConfState): Uint8Array {
  return Buffer.from(encodeGoJson({ voters, ...(learners.length === 0 ? {} : { learners }), auto_leave: false }));
}

function uint64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
