import { describe, expect, it } from 'vitest';
import { EtcdError, parseEndpoints, type ClusterSurvey, type MemberStatus } from '../../../etcd/index.ts';
import { checkClusterHealth } from './cluster-health.ts';

const [a, b] = parseEndpoints('https://10.0.0.1:2379,https://10.0.0.2:2379', { tls: true });
if (a === undefined || b === undefined) throw new Error('two endpoints expected');

function status(change: Partial<MemberStatus> = {}): MemberStatus {
  return {
    endpoint: a ?? b,
    memberId: 1n,
    clusterId: 7n,
    version: '3.5.30',
    dbSize: 1n,
    dbSizeInUse: 1n,
    dbSizeQuota: undefined,
    leader: 1n,
    raftIndex: 1n,
    raftTerm: 1n,
    raftAppliedIndex: 1n,
    isLearner: false,
    revision: 1n,
    errors: [],
    alarms: [],
    storageVersion: undefined,
    ...change,
  } as MemberStatus;
}

function survey(change: Partial<ClusterSurvey>): ClusterSurvey {
  const endpoints = [a, b].map((endpoint) => ({ endpoint, status: status() })) as ClusterSurvey['endpoints'];
  return { endpoints, clusterId: 7n, members: [], leader: 1n, quorum: 'yes', ...change };
}

describe('the health of a cluster', () => {
  it('that is well is not worth a word', () => {
    expect(checkClusterHealth(survey({}))).toEqual([]);
  });

  it('with a CORRUPT alarm refuses, once however many members tell of it', () => {
    const corrupt = status({ alarms: [{ type: 'CORRUPT', memberId: 0xabn }] });
    const found = checkClusterHealth(survey({ endpoints: [a, b].map((endpoint) => ({ endpoint, status: corrupt })) }));
    expect(found).toEqual([expect.objectContaining({ severity: 'error', code: 'BACKUP_CORRUPT_ALARM' })]);
    expect(found[0]?.message).toContain('member ab');
  });

  it('with a NOSPACE alarm only warns, and says how to end it', () => {
    const full = status({ alarms: [{ type: 'NOSPACE', memberId: 1n }] });
    const [found] = checkClusterHealth(survey({ endpoints: [{ endpoint: a, status: full }] }));
    expect(found).toMatchObject({ severity: 'warning', code: 'BACKUP_NOSPACE_ALARM' });
    expect(found?.hint).toContain('etcdctl alarm disarm');
  });

  it('without quorum warns, and names who did not answer', () => {
    const error = new EtcdError('ETCD_TIMEOUT', 'no answer from b', { hint: 'look at it' });
    const found = checkClusterHealth(
      survey({
        quorum: 'no',
        endpoints: [
          { endpoint: a, status: status({ leader: 0n }) },
          { endpoint: b, error },
        ],
      }),
    );
    expect(found.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'warning BACKUP_MEMBER_UNREACHABLE',
      'warning BACKUP_NO_QUORUM',
    ]);
    expect(found[1]?.message).toContain('1 of 2 members answer');
  });
});
