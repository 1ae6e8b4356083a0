import { describe, expect, test } from 'vitest';
import { chooseSnapshotMembers, surveyCluster } from '../../src/etcd/index.ts';
import { etcdReleases, isAtLeast, startCluster, waitFor } from '../kit/index.ts';
import {
  checksumHolds,
  clusterForTest,
  endpointOf,
  endpointsOf,
  failureOf,
  memberForTest,
  takeSnapshot,
} from './client.ts';

describe.each(etcdReleases())('a cluster of etcd $version', (release) => {
  test('with all members up is surveyed, and a follower is chosen', async () => {
    const cluster = await clusterForTest({ release, members: 3 });
    const survey = await surveyCluster(endpointsOf(cluster));
    expect(survey).toMatchObject({ quorum: 'yes', members: { length: 3 } });
    expect(survey.endpoints.every(({ status }) => status?.leader === survey.leader)).toBe(true);
    const roles = chooseSnapshotMembers(survey.endpoints).map(({ role }) => role);
    expect(roles).toEqual(['follower', 'follower', 'leader']);
    const leader = await cluster.leader();
    expect(chooseSnapshotMembers(survey.endpoints).at(-1)?.endpoint.url).toBe(leader.endpoint);
  });

  test('without quorum still tells its status and members, and sends a snapshot', async () => {
    const cluster = await clusterForTest({ release, members: 3 });
    const [first, second, third] = cluster.members;
    await cluster.etcdctl('put', 'greeting', 'hello');
    await Promise.all([second?.stop('SIGKILL'), third?.stop('SIGKILL')]);
    const survey = await waitFor(async () => {
      const now = await surveyCluster(endpointsOf(cluster));
      return now.quorum === 'no' && now;
    });
    expect(survey).toMatchObject({ leader: undefined, members: { length: 3 } });
    const codes = survey.endpoints.map(({ error }) => error?.code);
    expect(codes).toEqual([undefined, 'ETCD_CONNECTION_REFUSED', 'ETCD_CONNECTION_REFUSED']);
    const [chosen, ...others] = chooseSnapshotMembers(survey.endpoints);
    expect(chosen).toMatchObject({ role: 'follower', endpoint: { url: first?.endpoint } });
    expect(others).toEqual([]);

    const member = memberForTest(first?.endpoint ?? '');
    expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);
    const put = await failureOf(member.kv.put(Buffer.from('a'), Buffer.from('b'), { timeoutMs: 20_000 }));
    expect(put).toMatchObject({ code: 'ETCD_NO_LEADER', kind: 'transient' });
    const [greeting] = (await member.kv.range(Buffer.from('greeting'), { serializable: true })).kvs;
    expect(Buffer.from(greeting?.value ?? []).toString()).toBe('hello');
  });

  test('has a learner, which comes last and may refuse', async () => {
    const cluster = await clusterForTest({ release });
    const learner = await cluster.addLearner();
    const survey = await surveyCluster(endpointsOf(cluster));
    expect(survey).toMatchObject({ quorum: 'yes', members: { length: 2 } });
    expect(chooseSnapshotMembers(survey.endpoints).map(({ role }) => role)).toEqual(['leader', 'learner']);
    const member = memberForTest(learner.endpoint);
    expect((await member.status()).isLearner).toBe(true);
    expect(await failureOf(member.memberList())).toMatchObject({ code: 'ETCD_LEARNER' });
    if (isAtLeast(release, '3.5')) expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);
    else expect(await failureOf(takeSnapshot(member))).toMatchObject({ code: 'ETCD_LEARNER' });
  });

  test('with a paused member is surveyed in bounded time', async () => {
    const cluster = await clusterForTest({ release, members: 3 });
    const [paused] = cluster.members;
    paused?.pause();
    const survey = await waitFor(async () => {
      const now = await surveyCluster(endpointsOf(cluster), {}, { timeoutMs: 500 });
      return now.quorum === 'yes' && now.endpoints[0]?.error !== undefined && now;
    });
    expect(survey.endpoints[0]).toMatchObject({ error: { code: 'ETCD_TIMEOUT', kind: 'transient' } });
    const start = performance.now();
    await failureOf(memberForTest(paused?.endpoint ?? '').status({ timeoutMs: 300 }));
    expect(performance.now() - start).toBeLessThan(10_000);
    paused?.resume();
  });
});

test('endpoints of two clusters are not taken for one', async () => {
  const one = await clusterForTest({});
  const other = await startCluster({});
  try {
    const endpoints = [...endpointsOf(one), ...endpointsOf(other)];
    expect(await failureOf(surveyCluster(endpoints))).toMatchObject({
      code: 'ETCD_CLUSTERS_DIFFER',
      message: expect.stringContaining(other.endpoints[0] ?? '') as string,
    });
  } finally {
    await other.stop();
  }
});

test('a peer that is not etcd, and a name that does not exist, are told apart', async () => {
  expect(await failureOf(memberForTest('http://no-such-host.invalid:2379').status())).toMatchObject({
    code: 'ETCD_HOST_UNKNOWN',
  });
  expect(await failureOf(memberForTest('unix:///run/no-such-etcd.sock').status())).toMatchObject({
    code: 'ETCD_CONNECTION_REFUSED',
  });
});

test('a signal ends a call at once', async () => {
  const cluster = await clusterForTest({});
  cluster.members[0]?.pause();
  const reason = new Error('enough');
  const controller = new AbortController();
  const call = memberForTest(cluster.endpoints[0] ?? '').status({ signal: controller.signal });
  controller.abort(reason);
  await expect(call).rejects.toBe(reason);
  await expect(surveyCluster([endpointOf('http://127.0.0.1:1')], {}, { signal: controller.signal })).rejects.toBe(
    reason,
  );
});
