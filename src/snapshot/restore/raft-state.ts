import {
  CONF_CHANGE_TYPES,
  confChange,
  ENTRY_TYPES,
  type HardState,
  type RaftConfState,
  type RaftSnapshot,
  type RecordBody,
} from '../../wal/index.ts';
import { encodeGoJson } from './go-json.ts';
import type { InitialMember, RestoreIdentity } from './identity.ts';
import type { TargetRelease } from './target-release.ts';
import { encodeV2Store } from './v2-store.ts';

/** The raft side of a new data directory: what lies in its log and in its `.snap` file. */
export interface RaftState {
  /** The log: the members are added one by one, in the first term, and a snapshot follows. */
  readonly log: readonly RecordBody[];
  readonly snapshot: RaftSnapshot;
  readonly confState: RaftConfState;
  readonly hardState: HardState;
}

const FIRST_TERM = 1n;

/** A member as etcd writes it into the database and into the log (membership.Member). */
export function encodeMember({ id, peerUrls, name }: InitialMember): Uint8Array {
  return Buffer.from(encodeGoJson({ id, peerURLs: peerUrls, ...(name === '' ? {} : { name }) }));
}

/** Sources: etcdutl/snapshot/v3_snapshot.go (saveWALAndSnap) of 3.5 and 3.6, clientv3/snapshot of 3.4. */
export function planRaftState(identity: RestoreIdentity, target: TargetRelease): RaftState {
  const { members, memberId, clusterId } = identity;
  const voters = members.map(({ id }) => id);
  const confState = { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
  const commit = BigInt(members.length);
  const hardState = { term: FIRST_TERM, vote: voters[0] ?? 0n, commit };
  const mark = { index: commit, term: FIRST_TERM };
  const log: readonly RecordBody[] = [
    { kind: 'metadata', identity: { memberId, clusterId } },
    { kind: 'snapshot', snapshot: { index: 0n, term: 0n, confState: undefined } },
    ...members.map((member, at): RecordBody => addMember(member, BigInt(at + 1))),
    { kind: 'state', state: hardState },
    // Marks carry the voters since etcd 3.5.
    { kind: 'snapshot', snapshot: { ...mark, confState: target === '3.4' ? undefined : confState } },
  ];
  return { log, snapshot: { ...mark, confState, data: encodeV2Store(members) }, confState, hardState };
}

function addMember(member: InitialMember, index: bigint): RecordBody {
  const context = encodeMember(member);
  const data = confChange.encode({ id: 0n, type: CONF_CHANGE_TYPES.addNode, nodeId: member.id, context });
  return { kind: 'entry', entry: { type: ENTRY_TYPES.confChange, term: FIRST_TERM, index, data } };
}
