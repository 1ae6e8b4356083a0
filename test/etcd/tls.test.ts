import { randomBytes } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/base/index.ts';
import type { EtcdConfig } from '../../src/etcd/index.ts';
import { etcdReleases, issuePki, startCluster, temporaryFolder, type Cluster, type Pki } from '../kit/index.ts';
import { clusterForTest, failureOf, memberForTest } from './client.ts';

const HOUR = 3_600_000;
const hoursFromNow = (hours: number): Date => new Date(Date.now() + hours * HOUR);
const clockAt = (hours: number): Clock => ({ now: () => hoursFromNow(hours), monotonicMs: () => performance.now() });

describe.each(etcdReleases())('TLS to etcd $version', (release) => {
  let pki: Pki;
  let cluster: Cluster;
  let url: string;
  beforeAll(async () => {
    pki = await issuePki({ folder: `/tmp/holdfast-etcd-tls-${randomBytes(4).toString('hex')}` });
    cluster = await startCluster({ release, tls: pki });
    url = cluster.endpoints[0] ?? '';
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(pki.folder, { recursive: true });
  });

  const failure = (endpoint: string, config: EtcdConfig): Promise<unknown> =>
    failureOf(memberForTest(endpoint, config).status({ timeoutMs: 5_000 }));

  test('rejects a member whose CA is not the one given', async () => {
    const other = await issuePki({ folder: await temporaryFolder() });
    const error = await failure(url, { tls: { ...pki.client, cacert: other.client.cacert } });
    expect(error).toMatchObject({ code: 'ETCD_TLS_UNTRUSTED', kind: 'needs-user', subject: url });
    expect(error).toHaveProperty('message', expect.stringContaining(other.client.cacert));
  });

  test('rejects a member that no well-known CA has signed where no CA is given', async () => {
    expect(await failure(url, {})).toMatchObject({ code: 'ETCD_TLS_UNTRUSTED' });
  });

  test('says that a client certificate is wanted', async () => {
    expect(await failure(url, { tls: { cacert: pki.client.cacert } })).toMatchObject({
      code: 'ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED',
      subject: url,
    });
  });

  test('says that a client certificate of another CA is rejected, and which file it is in', async () => {
    const other = await issuePki({ folder: await temporaryFolder() });
    const error = await failure(url, { tls: { ...other.client, cacert: pki.client.cacert } });
    expect(error).toMatchObject({ code: 'ETCD_TLS_CLIENT_CERTIFICATE_REJECTED' });
    expect(error).toHaveProperty('message', expect.stringContaining(other.client.cert));
  });

  test('finds an expired client certificate before it connects, and understands the member where it does not', async () => {
    const expired = await pki.issue(`expired-${randomBytes(3).toString('hex')}`, {
      notBefore: hoursFromNow(-48),
      notAfter: hoursFromNow(-24),
    });
    expect(() => memberForTest(url, { tls: expired })).toThrow(`the client certificate in ${expired.cert} expired at`);
    expect(await failure(url, { tls: expired, clock: clockAt(-36) })).toMatchObject({
      code: 'ETCD_TLS_CLIENT_CERTIFICATE_REJECTED',
    });
  });

  test('says that the member wants TLS where it is addressed without', async () => {
    expect(await failure(url.replace('https', 'http'), {})).toMatchObject({ code: 'ETCD_TLS_EXPECTED' });
  });

  test('reaches a member by name where its certificate carries the name', async () => {
    const byName = memberForTest(url.replace('127.0.0.1', 'localhost'), { tls: pki.client });
    await expect(byName.status()).resolves.toMatchObject({ version: release.version });
  });
});

describe('a member', () => {
  test.each([
    { problem: 'is for another address', hosts: ['127.0.0.2'], code: 'ETCD_TLS_NAME_MISMATCH' },
    { problem: 'is for names only', hosts: ['localhost', 'etcd.invalid'], code: 'ETCD_TLS_NAME_MISMATCH' },
    { problem: 'is for other names', hosts: ['127.0.0.1'], by: 'localhost', code: 'ETCD_TLS_NAME_MISMATCH' },
    { problem: 'has expired', hosts: ['127.0.0.1'], ended: true, code: 'ETCD_TLS_EXPIRED' },
  ])('whose certificate $problem is rejected', async ({ hosts, by, ended, code }) => {
    const pki = await issuePki({ folder: await temporaryFolder() });
    const cluster = await clusterForTest({ tls: pki });
    // etcd reads its files anew for every handshake.
    const bad = await pki.issue('bad', {
      hosts,
      ...(ended === true && { notBefore: hoursFromNow(-48), notAfter: hoursFromNow(-24) }),
    });
    await copyFile(bad.cert, pki.server.cert);
    await copyFile(bad.key, pki.server.key);
    const url = (cluster.endpoints[0] ?? '').replace('127.0.0.1', by ?? '127.0.0.1');
    const error = await failureOf(memberForTest(url, { tls: pki.client }).status());
    expect(error).toMatchObject({ code, kind: 'needs-user', subject: url });
  });

  test('that speaks no TLS is told from one whose TLS fails', async () => {
    const pki = await issuePki({ folder: await temporaryFolder() });
    const cluster = await clusterForTest({});
    const url = (cluster.endpoints[0] ?? '').replace('http', 'https');
    expect(await failureOf(memberForTest(url, { tls: pki.client }).status())).toMatchObject({
      code: 'ETCD_TLS_NOT_SPOKEN',
    });
  });
});
