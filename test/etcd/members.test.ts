import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { prefixEnd, surveyCluster } from '../../src/etcd/index.ts';
import { etcdReleases, issuePki, judge, temporaryFolder, waitFor, type EtcdRelease } from '../kit/index.ts';
import {
  checksumHolds,
  clusterForTest,
  configFor,
  endpointsOf,
  failureOf,
  fill,
  memberForTest,
  takeSnapshot,
} from './client.ts';

const key = (text: string): Buffer => Buffer.from(text);

/** The numbers of `etcdctl endpoint status`, read as text since JSON.parse would round them. */
async function statusByEtcdctl(cluster: Awaited<ReturnType<typeof clusterForTest>>): Promise<Record<string, bigint>> {
  const text = await cluster.etcdctl('endpoint', 'status', '--write-out=fields');
  const fields = [...text.matchAll(/^"(\w+)" : (\d+)$/gm)];
  return Object.fromEntries(fields.map(([, name, value]) => [name ?? '', BigInt(value ?? 0)]));
}

describe.each(etcdReleases())('etcd $version', (release: EtcdRelease) => {
  test.each([
    { how: 'in the clear', tls: false },
    { how: 'over TLS with client certificates', tls: true },
  ])('tells its status and members and sends a whole snapshot, $how', async ({ tls }) => {
    const folder = await temporaryFolder();
    const cluster = await clusterForTest({ release, tls: tls && (await issuePki({ folder })) });
    const member = memberForTest(cluster.endpoints[0] ?? '', configFor(cluster));
    await fill(member, 3);

    const status = await member.status();
    const expected = await statusByEtcdctl(cluster);
    expect(status).toMatchObject({
      version: release.version,
      memberId: expected['MemberID'],
      clusterId: expected['ClusterID'],
      leader: expected['Leader'],
      revision: expected['Revision'],
      raftTerm: expected['RaftTerm'],
      isLearner: false,
      errors: [],
      alarms: [],
    });
    // The database grows when etcd commits, some time after the writes.
    await waitFor(async () => (await member.status()).dbSize === (await statusByEtcdctl(cluster))['DBSize']);
    expect(await member.memberList()).toMatchObject([
      { id: status.memberId, name: 'etcd-0', clientUrls: cluster.endpoints, isLearner: false },
    ]);

    const { bytes } = await takeSnapshot(member);
    expect(checksumHolds(bytes)).toBe(true);
    const file = join(folder, 'snapshot.db');
    await writeFile(file, bytes);
    const judged = JSON.parse(await judge(release, 'snapshot', 'status', file, '-w', 'json')) as unknown;
    expect(judged).toMatchObject({ revision: Number(status.revision), totalSize: bytes.length - 32 });
  });

  test('reads and writes keys, and hashes them', async () => {
    const cluster = await clusterForTest({ release });
    const { kv, ...member } = memberForTest(cluster.endpoints[0] ?? '');
    const first = await kv.put(key('/a/1'), key('one'));
    const second = await kv.txn([
      { put: { key: key('/a/2'), value: key('two') } },
      { put: { key: key('/b'), value: key('bee') } },
    ]);
    expect(second).toBe(first + 1n);

    const range = await kv.range(key('/a/'), { rangeEnd: prefixEnd(key('/a/')) });
    expect(range.kvs.map((kvs) => Buffer.from(kvs.value).toString())).toEqual(['one', 'two']);
    expect(range).toMatchObject({ count: 2n, more: false, revision: second });
    const counted = await kv.range(key('/'), { rangeEnd: prefixEnd(key('/')), countOnly: true, revision: first });
    expect(counted).toMatchObject({ count: 1n, kvs: [] });

    expect(await kv.deleteRange(key('/a/'), { rangeEnd: prefixEnd(key('/a/')) })).toBe(2n);
    await kv.compact(second + 1n);
    expect(await failureOf(kv.range(key('/'), { revision: first }))).toMatchObject({ code: 'ETCD_REQUEST_REFUSED' });
    expect(member).toBeDefined();
    const hash = await memberForTest(cluster.endpoints[0] ?? '').hashKv();
    expect(hash.compactRevision).toBe(second + 1n);
    await memberForTest(cluster.endpoints[0] ?? '').defragment();
  });

  test('shows its NOSPACE alarm in the status, until it is disarmed', async () => {
    const cluster = await clusterForTest({ release, args: ['--quota-backend-bytes=2097152'] });
    const member = memberForTest(cluster.endpoints[0] ?? '');
    const full = await failureOf(fill(member, 16));
    expect(full).toMatchObject({ code: 'ETCD_NO_SPACE', kind: 'needs-user', subject: cluster.endpoints[0] });

    const { alarms, memberId } = await waitFor(async () => {
      const status = await member.status();
      return status.alarms.length > 0 && status;
    });
    expect(alarms).toEqual([{ type: 'NOSPACE', memberId }]);
    expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);
    for (const alarm of alarms) await member.disarm(alarm);
    expect((await member.status()).alarms).toEqual([]);
  });
});

test('a member on IPv6 is reached in the clear and over TLS', async () => {
  const pki = await issuePki({ folder: await temporaryFolder() });
  for (const tls of [false, pki] as const) {
    const cluster = await clusterForTest({ host: '::1', tls });
    expect(cluster.endpoints[0]).toContain('[::1]');
    const survey = await surveyCluster(endpointsOf(cluster), configFor(cluster));
    expect(survey).toMatchObject({ quorum: 'yes', endpoints: [{ status: { isLearner: false } }] });
  }
});

test('no proxy of the environment comes between', async () => {
  const before = process.env['http_proxy'];
  process.env['http_proxy'] = 'http://127.0.0.1:9';
  onTestFinished(() => {
    if (before === undefined) delete process.env['http_proxy'];
    else process.env['http_proxy'] = before;
  });
  const cluster = await clusterForTest({});
  await expect(memberForTest(cluster.endpoints[0] ?? '').status()).resolves.toMatchObject({ errors: [] });
});
