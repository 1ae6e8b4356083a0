import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatId, openForReading } from '../../src/base/index.ts';
import { inspectSnapshot } from '../../src/snapshot/index.ts';
import { etcdReleases, fill, judge, startCluster, temporaryFolder, type Cluster } from '../kit/index.ts';
import { RestoredCluster } from './restored-cluster.ts';

/** Everything that clients see of the keys: values, revisions, versions, leases. */
const EVERYTHING = ['get', '', '--prefix', '--write-out=fields'] as const;

/** Without the header, which names the member that answered. */
function keysOf(answer: string): string {
  return answer.slice(answer.indexOf('"Key"'));
}

describe.each(etcdReleases())('what Holdfast restores for etcd $version', (release) => {
  let cluster: Cluster;
  let snapshotPath = '';
  let before = '';
  let revision = 0n;
  let lease = '';
  beforeAll(async () => {
    cluster = await startCluster({ release });
    await fill(cluster, { keys: 300 });
    lease = /lease ([0-9a-f]+)/.exec(await cluster.etcdctl('lease', 'grant', '86400'))?.[1] ?? '';
    await cluster.etcdctl('put', `--lease=${lease}`, 'leased', 'value');
    snapshotPath = join(cluster.members[0]?.dataDir ?? '', '..', 'snapshot.db');
    before = keysOf(await cluster.etcdctl(...EVERYTHING));
    await cluster.etcdctl('snapshot', 'save', snapshotPath);
    revision = BigInt(/"Revision" : (\d+)/.exec(await cluster.etcdctl('endpoint', 'status', '-w=fields'))?.[1] ?? '0');
    await cluster.etcdctl('del', '/fill/', '--prefix');
    await cluster.etcdctl('put', 'later', 'than the snapshot');
  });
  afterAll(() => cluster.stop());

  async function restored(members: number, byEtcd = 0): Promise<RestoredCluster> {
    return RestoredCluster.restore({ release, folder: await temporaryFolder(), snapshotPath, members, byEtcd });
  }

  it('starts with the ids that were computed, and every key, revision and lease as at the snapshot', async () => {
    await using one = await restored(1);
    await one.start();
    const [member] = one.members;
    const [made] = one.restored;
    if (member === undefined || made === undefined) throw new Error('no member');
    expect(made.plan.snapshotRevision).toBe(revision);
    expect(await one.status(member, 'Revision')).toBe(revision);
    expect(await one.status(member, 'MemberID')).toBe(made.plan.identity.memberId);
    expect(await one.status(member, 'ClusterID')).toBe(made.plan.identity.clusterId);
    expect(keysOf(await one.etcdctl(...EVERYTHING))).toBe(before);
    expect(await one.etcdctl('lease', 'timetolive', lease, '--keys')).toContain('attached keys([leased])');
    const members = await one.etcdctl('member', 'list');
    expect(members.trim().split('\n')).toHaveLength(1);
    expect(members).toContain(`${formatId(made.plan.identity.memberId)}, started, restored-0, ${member.peerUrl}`);
  });

  it('goes on as any member: it writes, compacts, ends leases, defragments, starts again, and can be saved', async () => {
    await using one = await restored(1);
    await one.start();
    await one.etcdctl('put', 'new', 'value');
    await one.etcdctl('lease', 'revoke', lease);
    expect(await one.etcdctl('get', 'leased')).toBe('');
    await one.etcdctl('compact', String(revision));
    await one.etcdctl('defrag');
    await one.stop();
    await one.start();
    await one.stop('SIGKILL');
    await one.start();
    expect(await one.etcdctl('get', 'new', '--print-value-only')).toBe('value\n');
    const again = join(await temporaryFolder(), 'again.db');
    await one.etcdctl('snapshot', 'save', again);
    const status = JSON.parse(await judge(release, 'snapshot', 'status', again, '--write-out=json')) as object;
    const file = openForReading(again);
    const report = inspectSnapshot(file);
    file.close();
    expect(report.findings).toEqual([]);
    expect(status).toMatchObject({ revision: Number(revision) + 2 });
  });

  it('forms one cluster out of members that were each restored alone, and they agree', async () => {
    await using three = await restored(3);
    await three.start();
    await three.etcdctl('put', 'new', 'value');
    const ids = three.restored.map(({ plan }) => plan.identity);
    expect(new Set(ids.map(({ clusterId }) => clusterId)).size).toBe(1);
    for (const [index, member] of three.members.entries()) {
      expect(await three.status(member, 'MemberID')).toBe(ids[index]?.memberId);
      expect(await three.status(member, 'ClusterID')).toBe(ids[0]?.clusterId);
      expect(await three.etcdctlOn(member, 'get', 'new', '--print-value-only')).toBe('value\n');
    }
    const hashes = await Promise.all(
      three.members.map((member) => three.etcdctlOn(member, 'endpoint', 'hashkv', '--rev', String(revision))),
    );
    expect(new Set(hashes.map((line) => line.split(', ')[1]?.trim())).size).toBe(1);
    await three.stop();
    await three.start();
    expect(keysOf(await three.etcdctl('get', '/fill/', '--prefix', '--write-out=fields')).length).toBeGreaterThan(1000);
  });

  it('starts with its log elsewhere', async () => {
    const folder = await temporaryFolder();
    const walDir = join(folder, 'log');
    const options = { release, folder, snapshotPath, restore: { walDir }, args: [`--wal-dir=${walDir}`] };
    await using one = await RestoredCluster.restore(options);
    await one.start();
    expect(keysOf(await one.etcdctl(...EVERYTHING))).toBe(before);
    await one.etcdctl('put', 'new', 'value');
    await one.stop();
    await one.start();
    expect(await one.etcdctl('get', 'new', '--print-value-only')).toBe('value\n');
  });

  it("forms one cluster with a member that etcd's own tool restored", async () => {
    await using mixed = await restored(3, 1);
    await mixed.start();
    await mixed.etcdctl('put', 'new', 'value');
    const clusterIds = await Promise.all(mixed.members.map((member) => mixed.status(member, 'ClusterID')));
    expect(new Set(clusterIds)).toEqual(new Set([mixed.restored[0]?.plan.identity.clusterId]));
  });
});
