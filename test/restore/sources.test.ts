import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDataDirectory } from '../../src/snapshot/restore/index.ts';
import { etcdReleases, fill, startCluster, succeed, temporaryFolder } from '../kit/index.ts';
import { RestoredCluster } from './restored-cluster.ts';

describe.each(etcdReleases())('what etcd $version left', (release) => {
  it("serves again from a killed member's own database file", async () => {
    const folder = await temporaryFolder();
    await using cluster = await startCluster({ release });
    await fill(cluster, { keys: 100 });
    const keys = await cluster.etcdctl('get', '', '--prefix', '--keys-only');
    // Writes reach the database file within a tenth of a second; defragmenting makes sure.
    await cluster.etcdctl('defrag');
    const snapshotPath = join(cluster.members[0]?.dataDir ?? '', 'member', 'snap', 'db');
    await cluster.halt();
    await using restored = await RestoredCluster.restore({ release, folder, snapshotPath });
    await restored.start();
    expect(await restored.etcdctl('get', '', '--prefix', '--keys-only')).toBe(keys);
  });

  it('says, after a crash, how high its revision may have been', async () => {
    await using cluster = await startCluster({ release });
    await fill(cluster, { keys: 100 });
    for (let write = 0; write < 5; write++) await cluster.etcdctl('put', 'last', String(write));
    const status = await cluster.etcdctl('endpoint', 'status', '--write-out=fields');
    const revision = BigInt(/"Revision" : (\d+)/.exec(status)?.[1] ?? 0);
    await cluster.halt();
    const said = await readDataDirectory({ dataDir: cluster.members[0]?.dataDir ?? '' });
    expect(said.log.findings).toEqual([]);
    expect(said.revision).toBeLessThanOrEqual(revision);
    expect(said.highestRevision).toBeGreaterThanOrEqual(revision);
    expect(said.highestRevision - said.revision).toBe(BigInt(said.log.requests + said.log.uncommittedRequests));
  });

  it('still asks for the passwords that it knew, and takes them', async () => {
    const folder = await temporaryFolder();
    const snapshotPath = join(folder, 'snapshot.db');
    await using cluster = await startCluster({ release, auth: { rootPassword: 'secret' } });
    await cluster.etcdctl('put', 'guarded', 'value');
    await cluster.etcdctl('user', 'add', 'reader:words');
    await cluster.etcdctl('snapshot', 'save', snapshotPath);
    await cluster.halt();
    await using restored = await RestoredCluster.restore({ release, folder, snapshotPath });
    const [member] = restored.members;
    if (member === undefined) throw new Error('no member');
    member.launch();
    const etcdctl = (user: string, ...args: readonly string[]): Promise<string> =>
      succeed([join(release.folder, 'etcdctl'), ...args, ...(user === '' ? [] : [`--user=${user}`])], {
        env: { PATH: process.env['PATH'], ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: member.endpoint },
      });
    await member.waitUntil(async () => {
      await etcdctl('root:secret', 'get', 'guarded');
      return true;
    }, 'to know its users');
    expect(await etcdctl('root:secret', 'get', 'guarded', '--print-value-only')).toBe('value\n');
    expect(await etcdctl('root:secret', 'user', 'list')).toBe('reader\nroot\n');
    await expect(etcdctl('', 'get', 'guarded')).rejects.toThrow(/user name is empty|permission denied/);
    await expect(etcdctl('reader:words', 'get', 'guarded')).rejects.toThrow('permission denied');
    await expect(etcdctl('root:wrong', 'get', 'guarded')).rejects.toThrow('authentication failed');
  });
});
