import type { EtcdEndpoint } from './endpoints.ts';
import type { MemberStatus } from './member.ts';
import type { SurveyedEndpoint } from './survey.ts';

/**
 * How many raft entries a follower may be behind the furthest member and still count as caught up. The statuses are
 * not taken at one instant: at 10,000 writes a second this is a tenth of a second.
 */
export const SMALL_LAG = 1_000n;

export type CandidateRole = 'follower' | 'leader' | 'lagging' | 'cut-off' | 'learner' | 'corrupt';

/** A member to take the snapshot from. */
export interface SnapshotCandidate {
  readonly endpoint: EtcdEndpoint;
  readonly status: MemberStatus;
  readonly role: CandidateRole;
  /** Why it stands where it stands, as a phrase to print after its endpoint. */
  readonly reason: string;
}

/** Best first. Followers come before the leader, since a snapshot takes disk and network from the member that sends it. */
const RANK: Readonly<Record<CandidateRole, number>> = {
  follower: 0,
  leader: 1,
  lagging: 2,
  'cut-off': 3,
  learner: 4,
  corrupt: 5,
};

/**
 * Orders the members that answered, best first, for taking a snapshot; the next one is for when the one before
 * fails. Empty where nobody answered.
 *
 * @param options.prefer - put first whatever its role, such as the member on this host; but never a corrupt one
 */
export function chooseSnapshotMembers(
  endpoints: readonly SurveyedEndpoint[],
  options: { readonly prefer?: EtcdEndpoint | undefined } = {},
): readonly SnapshotCandidate[] {
  const preferred = options.prefer?.url;
  const statuses = onePerMember(endpoints, preferred);
  const voters = statuses.filter((status) => !status.isLearner);
  const furthest = voters.reduce(
    (most, status) => (status.raftAppliedIndex > most ? status.raftAppliedIndex : most),
    0n,
  );
  const someLead = voters.some((status) => status.leader !== 0n);
  const isFirst = ({ endpoint, role }: SnapshotCandidate): boolean => endpoint.url === preferred && role !== 'corrupt';
  return statuses
    .map((status) => judge(status, furthest, someLead))
    .map((candidate) => (isFirst(candidate) ? { ...candidate, reason: `preferred; ${candidate.reason}` } : candidate))
    .sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)) || RANK[a.role] - RANK[b.role] || behind(a, b));
}

/** Several endpoints may lead to one member; the preferred one, else the one given first, stands for it. */
function onePerMember(endpoints: readonly SurveyedEndpoint[], preferred: string | undefined): readonly MemberStatus[] {
  const byMember = new Map<bigint, MemberStatus>();
  for (const { endpoint, status } of endpoints) {
    if (status === undefined) continue;
    if (!byMember.has(status.memberId) || endpoint.url === preferred) byMember.set(status.memberId, status);
  }
  return [...byMember.values()];
}

function judge(status: MemberStatus, furthest: bigint, someLead: boolean): SnapshotCandidate {
  const { endpoint, memberId } = status;
  const as = (role: CandidateRole, reason: string): SnapshotCandidate => ({ endpoint, status, role, reason });
  if (status.alarms.some((alarm) => alarm.type === 'CORRUPT' && alarm.memberId === memberId))
    return as('corrupt', 'etcd has raised a CORRUPT alarm for it');
  if (status.isLearner) return as('learner', 'a learner, which may lack the newest data');
  const lag = furthest - status.raftAppliedIndex;
  if (lag > SMALL_LAG) return as('lagging', `${lag} raft entries behind the furthest member`);
  if (status.leader === memberId) return as('leader', 'the leader');
  if (status.leader !== 0n) return as('follower', 'a follower that has caught up');
  return someLead
    ? as('cut-off', 'knows no leader while others do')
    : as('follower', 'has the newest data; no member knows a leader');
}

/** Among those that lack data, the one that lacks least; otherwise the order in which they were given. */
function behind(a: SnapshotCandidate, b: SnapshotCandidate): number {
  if (a.role === 'follower' || a.role === 'leader') return 0;
  return Number(b.status.raftAppliedIndex - a.status.raftAppliedIndex);
}
