import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { etcdReleases, fill, runCommand, startCluster, temporaryFolder } from '../kit/index.ts';
import { RestoredCluster } from './restored-cluster.ts';

const BUMP = 1_000_000n;
const COMPACTED = 'required revision has been compacted';

describe.each(etcdReleases())('a raised revision in etcd $version', (release) => {
  it('is above all that clients saw; older ones are compacted, and every key is there', async () => {
    const folder = await temporaryFolder();
    const snapshotPath = join(folder, 'snapshot.db');
    await using cluster = await startCluster({ release });
    await fill(cluster, { keys: 200 });
    await cluster.etcdctl('put', 'some', 'value');
    const keys = await cluster.etcdctl('get', '', '--prefix', '--keys-only');
    await cluster.etcdctl('snapshot', 'save', snapshotPath);
    await cluster.stop();

    const options = { release, folder, snapshotPath, members: 3, restore: { bumpRevision: BUMP } };
    await using bumped = await RestoredCluster.restore(options);
    const plan = bumped.restored[0]?.plan;
    const old = plan?.snapshotRevision ?? 0n;
    expect(plan?.revision).toBe(old + BUMP);
    await bumped.start();
    for (const member of bumped.members) {
      expect(await bumped.status(member, 'Revision')).toBe(old + BUMP);
      await expect(bumped.etcdctlOn(member, 'get', 'some', `--rev=${old}`)).rejects.toThrow(COMPACTED);
    }
    expect(await bumped.etcdctl('get', '', '--prefix', '--keys-only')).toBe(keys);
    await bumped.etcdctl('put', 'some', 'new');
    expect(await bumped.etcdctl('get', 'some', '-w=fields')).toContain(`"ModRevision" : ${old + BUMP + 1n}`);

    const watch = await runCommand([join(release.folder, 'etcdctl'), 'watch', 'some', `--rev=${old}`], {
      env: { PATH: process.env['PATH'], ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: bumped.endpoints[0] },
      timeoutMs: 10_000,
    });
    expect(watch.stdout + watch.stderr).toContain(COMPACTED);

    await bumped.stop('SIGKILL');
    await bumped.start();
    expect(await bumped.etcdctl('get', 'some', '--print-value-only')).toBe('new\n');
    await expect(bumped.etcdctl('get', 'some', `--rev=${old}`)).rejects.toThrow(COMPACTED);
  });
});
