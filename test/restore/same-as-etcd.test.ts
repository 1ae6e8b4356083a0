import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restoreMember, type RestoredMember, type RestoreMemberOptions } from '../../src/snapshot/restore/index.ts';
import { decodeRaftSnapshot, openWal, WalReader, type WalRecord } from '../../src/wal/index.ts';
import { etcdReleases, fill, isAtLeast, judge, startCluster, temporaryFolder, type Cluster } from '../kit/index.ts';
import { dumpDatabase, without } from './dump-database.ts';

const FLAGS = {
  name: 'm1',
  initialCluster: 'm2=https://HOST-2.example:2380,m1=http://10.0.0.1:2380,m3=http://[::1]:2380,m1=http://10.0.0.1:2390',
  initialClusterToken: 'a token & more',
  initialAdvertisePeerUrls: 'http://10.0.0.1:2390,http://10.0.0.1:2380',
} as const;

function flagsOf(options: Partial<RestoreMemberOptions>): readonly string[] {
  const bump =
    options.bumpRevision === undefined ? [] : [`--bump-revision=${options.bumpRevision}`, '--mark-compacted'];
  return [
    `--name=${FLAGS.name}`,
    `--initial-cluster=${FLAGS.initialCluster}`,
    `--initial-cluster-token=${FLAGS.initialClusterToken}`,
    `--initial-advertise-peer-urls=${FLAGS.initialAdvertisePeerUrls}`,
    ...bump,
  ];
}

async function readLog(folder: string): Promise<{ records: readonly WalRecord[]; bytes: Buffer; size: number }> {
  const [name = '', ...others] = await readdir(folder);
  expect(others).toEqual([]);
  const wal = await openWal(folder);
  const reader = new WalReader(wal.segments);
  const records = [...reader.records()];
  wal.close();
  expect(reader.end.state).toBe('clean');
  const content = await readFile(join(folder, name));
  return { records, bytes: content.subarray(0, reader.end.offset + 4096), size: content.length };
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

describe.each(etcdReleases())('a data directory for etcd $version', (release) => {
  let cluster: Cluster;
  let snapshot = '';
  beforeAll(async () => {
    cluster = await startCluster({ release });
    await fill(cluster, { keys: 300 });
    // A learner that came and went leaves its mark among the removed members.
    const added = await cluster.etcdctl('member', 'add', 'ghost', '--learner', '--peer-urls=http://127.0.0.1:1');
    await cluster.etcdctl('member', 'remove', /Member\s+([0-9a-f]+) added/.exec(added)?.[1] ?? '');
    snapshot = join(cluster.members[0]?.dataDir ?? '', '..', 'snapshot.db');
    await cluster.etcdctl('snapshot', 'save', snapshot);
  });
  afterAll(() => cluster.stop());

  async function both(options: Partial<RestoreMemberOptions> = {}): Promise<{ ours: RestoredMember; theirs: string }> {
    const folder = await temporaryFolder();
    const theirs = join(folder, 'theirs');
    await judge(release, 'snapshot', 'restore', snapshot, `--data-dir=${theirs}`, ...flagsOf(options));
    const ours = await restoreMember({
      ...FLAGS,
      snapshotPath: snapshot,
      dataDir: join(folder, 'ours'),
      etcdVersion: release.version,
      id: 'test',
      ...options,
    });
    return { ours, theirs };
  }

  it("has the same files, the same log and the same raft snapshot as etcd's own restore makes", async () => {
    const { ours, theirs } = await both();
    expect(await filesBelow(ours.dataDir)).toEqual(await filesBelow(theirs));
    const [ourLog, theirLog] = [await readLog(ours.walDir), await readLog(join(theirs, 'member', 'wal'))];
    expect(ourLog.records).toEqual(theirLog.records);
    expect(ourLog.bytes.equals(theirLog.bytes)).toBe(true);
    expect(ourLog.size).toBe(theirLog.size);
    const name = '0000000000000001-0000000000000003.snap';
    const ourSnap = await readFile(join(ours.dataDir, 'member', 'snap', name));
    const theirSnap = await readFile(join(theirs, 'member', 'snap', name));
    expect(ourSnap.equals(theirSnap)).toBe(true);
    expect(decodeRaftSnapshot(ourSnap, name).confState.voters).toEqual(ours.plan.identity.members.map(({ id }) => id));
  });

  it("has the same database as etcd's own restore makes, but for what that leaves of the old cluster", async () => {
    const { ours, theirs } = await both();
    const [our, their] = [ours.dataDir, theirs].map((folder) => dumpDatabase(join(folder, 'member', 'snap', 'db')));
    expect(Object.keys(our?.['key'] ?? {}).length).toBeGreaterThan(300);
    if (our === undefined || their === undefined) throw new Error('no database');
    if (isAtLeast(release, '3.5')) {
      expect(without(our, 'meta', ['confState'])).toEqual(without(their, 'meta', ['confState']));
      expect(our['meta']).not.toEqual(their['meta']);
    } else {
      expect(Object.keys(our['members'] ?? {})).toHaveLength(3);
      expect(our['members_removed']).toEqual({});
      expect(without(without(our, 'members'), 'members_removed')).toEqual(
        without(without(their, 'members'), 'members_removed'),
      );
    }
  });

  it('belongs to nobody but its owner', async () => {
    const { ours } = await both();
    for (const name of ['.', ...(await filesBelow(ours.dataDir))]) {
      expect((await stat(join(ours.dataDir, name))).mode & 0o077, name).toBe(0);
    }
  });

  it("raises the revision as etcd's own restore does, where it can", async () => {
    if (!isAtLeast(release, '3.5')) {
      await expect(both({ bumpRevision: 1n })).rejects.toThrow('unknown flag: --bump-revision');
      return;
    }
    const { ours, theirs } = await both({ bumpRevision: 1_000_000_000n });
    const [our, their] = [ours.dataDir, theirs].map((folder) => dumpDatabase(join(folder, 'member', 'snap', 'db')));
    expect(our?.['key']).toEqual(their?.['key']);
    expect(without(our ?? {}, 'meta', ['confState'])).toEqual(without(their ?? {}, 'meta', ['confState']));
  });
});
