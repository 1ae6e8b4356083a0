import { describe, expect, test } from 'vitest';
import { connectMember, surveyCluster } from '../../src/etcd/index.ts';
import { etcdReleases, isAtLeast, issuePki, temporaryFolder, waitFor } from '../kit/index.ts';
import {
  checksumHolds,
  clusterForTest,
  configFor,
  endpointOf,
  endpointsOf,
  failureOf,
  memberForTest,
  takeSnapshot,
  withPassword,
} from './client.ts';

const PASSWORD = 'correct horse: battery';
const root = withPassword('root', PASSWORD);

describe.each(etcdReleases())('authentication by etcd $version', (release) => {
  test('lets root in by password, and nobody else', async () => {
    const cluster = await clusterForTest({ release, auth: { rootPassword: PASSWORD } });
    const url = cluster.endpoints[0] ?? '';
    const member = memberForTest(url, root);
    expect((await member.status()).version).toBe(release.version);
    expect(await member.memberList()).toHaveLength(1);
    expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);

    const wrong = memberForTest(url, withPassword('root', 'wrong horse'));
    const failed = await failureOf(wrong.status());
    expect(failed).toMatchObject({ code: 'ETCD_AUTH_FAILED', kind: 'needs-user', subject: url });
    expect(JSON.stringify(failed) + failed.message + failed.hint).not.toContain('wrong horse');
    expect(await failureOf(takeSnapshot(wrong))).toMatchObject({ code: 'ETCD_AUTH_FAILED' });
    expect(await failureOf(memberForTest(url, withPassword('nobody', 'x')).status())).toMatchObject({
      code: 'ETCD_AUTH_FAILED',
    });

    const anonymous = memberForTest(url);
    expect(await failureOf(takeSnapshot(anonymous))).toMatchObject({ code: 'ETCD_AUTH_REQUIRED' });
    expect(await failureOf(anonymous.kv.range(Buffer.from('a')))).toMatchObject({ code: 'ETCD_AUTH_REQUIRED' });
  });

  test('keeps a user without the role root from taking a snapshot', async () => {
    const cluster = await clusterForTest({ release, auth: { rootPassword: PASSWORD } });
    await cluster.etcdctl('user', 'add', 'reader:book');
    const reader = memberForTest(cluster.endpoints[0] ?? '', withPassword('reader', 'book'));
    expect(await failureOf(takeSnapshot(reader))).toMatchObject({
      code: 'ETCD_PERMISSION_DENIED',
      hint: expect.stringContaining('root') as string,
    });
    expect(await failureOf(reader.kv.put(Buffer.from('a'), Buffer.from('b')))).toMatchObject({
      code: 'ETCD_PERMISSION_DENIED',
    });
  });

  test('goes on with a new token when the old one has run out', async () => {
    const args = ['--auth-token-ttl=1'];
    const cluster = await clusterForTest({
      release,
      auth: { rootPassword: PASSWORD },
      args: release.version.startsWith('3.4') ? [] : args,
    });
    const url = cluster.endpoints[0] ?? '';
    const member = memberForTest(url, root);
    await member.kv.put(Buffer.from('a'), Buffer.from('b'));
    // A member forgets its tokens when it starts anew.
    await cluster.members[0]?.stop();
    await cluster.members[0]?.start();
    expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);
    await cluster.members[0]?.stop();
    await cluster.members[0]?.start();
    await member.kv.put(Buffer.from('a'), Buffer.from('c'));
  });

  test('is no hindrance where the cluster has none', async () => {
    const cluster = await clusterForTest({ release });
    const member = memberForTest(cluster.endpoints[0] ?? '', root);
    expect((await member.status()).version).toBe(release.version);
    expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);
  });

  test('by password needs a quorum, and says so; a client certificate does not', async () => {
    const pki = await issuePki({ folder: await temporaryFolder() });
    const cluster = await clusterForTest({ release, members: 3, tls: pki, auth: { rootPassword: PASSWORD } });
    const [first, second, third] = cluster.members;
    await Promise.all([second?.stop('SIGKILL'), third?.stop('SIGKILL')]);
    const url = first?.endpoint ?? '';
    const byCertificate = memberForTest(url, configFor(cluster));
    await waitFor(async () => (await byCertificate.status()).leader === 0n);
    expect(checksumHolds((await takeSnapshot(byCertificate)).bytes)).toBe(true);

    const byPassword = memberForTest(url, { ...root, ...configFor(cluster) });
    expect(await failureOf(takeSnapshot(byPassword))).toMatchObject({
      code: 'ETCD_AUTH_NEEDS_QUORUM',
      kind: 'transient',
      hint: expect.stringContaining('client certificate') as string,
    });
    const survey = await surveyCluster(endpointsOf(cluster), { ...root, ...configFor(cluster) }, { timeoutMs: 2_000 });
    expect(survey.quorum).toBe('no');
    if (!isAtLeast(release, '3.5.30')) expect((await byPassword.status({ timeoutMs: 2_000 })).leader).toBe(0n);
  });
});

test('a survey with a wrong password reports it for every member', async () => {
  const cluster = await clusterForTest({ members: 3, auth: { rootPassword: PASSWORD } });
  const survey = await surveyCluster(endpointsOf(cluster), withPassword('root', 'wrong'));
  expect(survey.endpoints.map(({ error }) => error?.code)).toEqual(Array(3).fill('ETCD_AUTH_FAILED'));
  expect(survey).toMatchObject({ quorum: 'unknown', members: [], clusterId: undefined });
});

test('nothing is asked of a member before the first call', () => {
  const member = connectMember(endpointOf('http://127.0.0.1:1'), root);
  expect(() => member.close()).not.toThrow();
});
