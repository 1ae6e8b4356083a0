import { formatId } from '../base/index.ts';
import type { CallOptions, EtcdConfig } from './config.ts';
import type { EtcdEndpoint } from './endpoints.ts';
import { EtcdError } from './errors.ts';
import { connectMember, type ClusterMember, type MemberStatus } from './member.ts';

/** What one endpoint answered when the cluster was surveyed: a status, or why there is none. */
export type SurveyedEndpoint =
  | { readonly endpoint: EtcdEndpoint; readonly status: MemberStatus; readonly error?: undefined }
  | { readonly endpoint: EtcdEndpoint; readonly status?: undefined; readonly error: EtcdError };

/**
 * - `yes`: a leader is known, and nothing speaks against it;
 * - `no`: no member that answered knows a leader, or nobody could check the password for want of a quorum;
 * - `unknown`: nobody answered, or a leader is known by some while most did not answer or know none.
 */
export type Quorum = 'yes' | 'no' | 'unknown';

export interface ClusterSurvey {
  /** In the order in which the endpoints were given. */
  readonly endpoints: readonly SurveyedEndpoint[];
  /** Undefined where nobody answered. */
  readonly clusterId: bigint | undefined;
  /** As the first voting member that answered knows them; empty where none did. */
  readonly members: readonly ClusterMember[];
  /** The leader that most of those who answered name. */
  readonly leader: bigint | undefined;
  readonly quorum: Quorum;
}

interface Answered {
  readonly endpoint: EtcdEndpoint;
  readonly status: MemberStatus;
  readonly members: readonly ClusterMember[];
}

/**
 * Asks all endpoints at once who they are and how they are. A member that does not answer is part of the result, not
 * a failure.
 *
 * @throws EtcdError `ETCD_CLUSTERS_DIFFER`, a failure to read the TLS files, or the signal's reason
 */
export async function surveyCluster(
  endpoints: readonly EtcdEndpoint[],
  config: EtcdConfig = {},
  options: CallOptions = {},
): Promise<ClusterSurvey> {
  if (endpoints.length === 0) throw new TypeError('a survey needs at least one endpoint');
  const answers = await Promise.all(endpoints.map((endpoint) => ask(endpoint, config, options)));
  const answered = answers.filter((answer): answer is Answered => !(answer instanceof EtcdError));
  expectOneCluster(answered);
  const members = answered.find((answer) => answer.members.length > 0)?.members ?? [];
  const statuses = answered.map((answer) => answer.status);
  return {
    endpoints: endpoints.map((endpoint, index): SurveyedEndpoint => {
      const answer = answers[index];
      if (answer === undefined) throw new TypeError('an endpoint has no answer');
      return answer instanceof EtcdError ? { endpoint, error: answer } : { endpoint, status: answer.status };
    }),
    clusterId: statuses[0]?.clusterId,
    members,
    leader: leaderOf(statuses),
    quorum: failedForQuorum(answers) ? 'no' : quorumOf(statuses, members, endpoints.length - answered.length),
  };
}

async function ask(endpoint: EtcdEndpoint, config: EtcdConfig, options: CallOptions): Promise<Answered | EtcdError> {
  const member = connectMember(endpoint, config);
  try {
    const status = await member.status(options);
    const members = await member.memberList(options).catch((error: unknown) => {
      if (error instanceof EtcdError) return []; // a learner, or a password that cannot be checked
      throw error;
    });
    return { endpoint, status, members };
  } catch (error) {
    if (error instanceof EtcdError) return error;
    throw error;
  } finally {
    member.close();
  }
}

/** Since 3.5.30 and 3.6 a status needs a user, and a password needs the quorum that is to be found out about. */
function failedForQuorum(answers: readonly (Answered | EtcdError)[]): boolean {
  const errors = answers.filter((answer) => answer instanceof EtcdError);
  return errors.length === answers.length && errors.some(({ code }) => code === 'ETCD_AUTH_NEEDS_QUORUM');
}

function expectOneCluster(answered: readonly Answered[]): void {
  const byCluster = new Map<bigint, string[]>();
  for (const { endpoint, status } of answered) {
    byCluster.set(status.clusterId, [...(byCluster.get(status.clusterId) ?? []), endpoint.url]);
  }
  if (byCluster.size <= 1) return;
  const groups = [...byCluster].map(([id, urls]) => `cluster ${formatId(id)}: ${urls.join(', ')}`);
  throw new EtcdError('ETCD_CLUSTERS_DIFFER', `the endpoints belong to different clusters (${groups.join('; ')})`, {
    hint: 'Give --endpoints the members of one cluster only.',
  });
}

function leaderOf(statuses: readonly MemberStatus[]): bigint | undefined {
  const votes = new Map<bigint, number>();
  for (const { leader } of statuses) {
    if (leader !== 0n) votes.set(leader, (votes.get(leader) ?? 0) + 1);
  }
  return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/**
 * A leader that has lost its quorum steps down only after an election timeout, so what one member says is weighed
 * against the others' silence.
 */
export function quorumOf(
  statuses: readonly Pick<MemberStatus, 'memberId' | 'leader' | 'isLearner'>[],
  members: readonly Pick<ClusterMember, 'isLearner'>[],
  unanswered: number,
): Quorum {
  if (statuses.length === 0) return 'unknown';
  const voters = new Map(statuses.filter((status) => !status.isLearner).map((status) => [status.memberId, status]));
  const following = [...voters.values()].filter((status) => status.leader !== 0n).length;
  const size = members.filter((member) => !member.isLearner).length;
  const majority = Math.floor(Math.max(size, voters.size) / 2) + 1;
  if (following >= majority) return 'yes';
  if (statuses.every((status) => status.leader === 0n)) return 'no';
  return voters.size - following + unanswered >= majority ? 'unknown' : 'yes';
}
