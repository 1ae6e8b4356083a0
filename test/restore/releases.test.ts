import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openForWriting } from '../../src/base/index.ts';
import { updateBolt } from '../../src/bolt/index.ts';
import { restoreMember } from '../../src/snapshot/restore/index.ts';
import { etcdReleases, fill, startCluster, temporaryFolder, type EtcdRelease } from '../kit/index.ts';
import { RestoredCluster } from './restored-cluster.ts';

function release(minor: string): EtcdRelease {
  const found = etcdReleases().find(({ version }) => version.startsWith(`${minor}.`));
  if (found === undefined) throw new Error(`no etcd ${minor}`);
  return found;
}

async function snapshotOf(of: EtcdRelease, path: string): Promise<string> {
  await using cluster = await startCluster({ release: of });
  await fill(cluster, { keys: 100 });
  const keys = await cluster.etcdctl('get', '', '--prefix', '--keys-only');
  await cluster.etcdctl('snapshot', 'save', path);
  return keys;
}

describe('a snapshot of one release restored for another', () => {
  it('serves in etcd 3.5 if it is of etcd 3.4', async () => {
    const folder = await temporaryFolder();
    const snapshotPath = join(folder, 'snapshot.db');
    const keys = await snapshotOf(release('3.4'), snapshotPath);
    await using cluster = await RestoredCluster.restore({ release: release('3.5'), folder, snapshotPath, members: 3 });
    expect(cluster.restored[0]?.plan).toMatchObject({ source: '3.4', target: '3.5' });
    await cluster.start();
    expect(await cluster.etcdctl('get', '', '--prefix', '--keys-only')).toBe(keys);
    await cluster.etcdctl('put', 'new', 'value');
  });

  it('of etcd 3.6 gives a directory that etcd 3.5 can read too, which knows nothing of storage versions', async () => {
    // There is no etcd 3.6 among the releases: this is how far its directory can be judged.
    const folder = await temporaryFolder();
    const snapshotPath = join(folder, 'snapshot.db');
    const vector = join(import.meta.dirname, '../vectors/snapshot/after.db.gz');
    await writeFile(snapshotPath, gunzipSync(await readFile(vector)));
    const restore = { etcdVersion: '3.6.0', bumpRevision: 1_000_000n };
    await using cluster = await RestoredCluster.restore({ release: release('3.5'), folder, snapshotPath, restore });
    expect(cluster.restored[0]?.plan).toMatchObject({ source: '3.6', target: '3.6', snapshotRevision: 825n });
    await cluster.start();
    const keys = await cluster.etcdctl('get', '/registry/', '--prefix', '--keys-only');
    expect(keys.split('\n').filter((key) => key.startsWith('/registry/'))).toHaveLength(505);
    await cluster.etcdctl('put', 'new', 'value');
    expect(await cluster.etcdctl('get', 'new', '-w=fields')).toContain('"ModRevision" : 1000826');
  });

  it('is refused for an older release, and for one that skips another; nothing is written', async () => {
    const folder = await temporaryFolder();
    const [older, newer] = [join(folder, 'older.db'), join(folder, 'newer.db')];
    await snapshotOf(release('3.4'), older);
    await snapshotOf(release('3.5'), newer);
    const before = await readdir(folder);
    const attempt = (snapshotPath: string, etcdVersion: string): Promise<unknown> =>
      restoreMember({ snapshotPath, dataDir: join(folder, 'data'), etcdVersion, id: 'test' });
    await expect(attempt(newer, '3.4.23')).rejects.toMatchObject({ code: 'RESTORE_RELEASE_UNSUPPORTED' });
    await expect(attempt(older, '3.6.0')).rejects.toMatchObject({ code: 'RESTORE_RELEASE_UNSUPPORTED' });
    await expect(attempt(newer, '3.7.0')).rejects.toMatchObject({ code: 'RESTORE_RELEASE_UNSUPPORTED' });
    expect(await readdir(folder)).toEqual(before);
  });

  it('is refused for etcd 3.5 if its storage version is 3.6', async () => {
    const folder = await temporaryFolder();
    const [plain, newer] = [join(folder, 'plain.db'), join(folder, 'newer.db')];
    await snapshotOf(release('3.5'), plain);
    await copyFile(plain, newer);
    const file = openForWriting(newer);
    updateBolt(file, (transaction) =>
      transaction.requireBucket(Buffer.from('meta')).put(Buffer.from('storageVersion'), Buffer.from('3.6.0')),
    );
    file.close();
    const attempt = restoreMember({
      snapshotPath: newer,
      dataDir: join(folder, 'data'),
      etcdVersion: '3.5.30',
      id: 'x',
    });
    await expect(attempt).rejects.toThrow('written by etcd 3.6, which etcd 3.5 does not read (storage version 3.6.0)');
  });
});
