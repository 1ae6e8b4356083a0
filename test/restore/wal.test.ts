import { readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CONF_CHANGE_TYPES,
  decodeRaftSnapshot,
  encodeRaftSnapshot,
  listRaftSnapshots,
  openWal,
  RecordEncoder,
  summarizeWalFolder,
  WalReader,
  type SummaryOptions,
  type WalSummary,
} from '../../src/wal/index.ts';
import { etcdReleases, fill, startCluster, type Cluster, type Member } from '../kit/index.ts';

function summaryOf(member: Member, options: SummaryOptions = {}): Promise<WalSummary> {
  return summarizeWalFolder(join(member.dataDir, 'member', 'wal'), options);
}

async function number(cluster: Cluster, field: string): Promise<bigint> {
  const status = await cluster.etcdctl('endpoint', 'status', '--write-out=fields');
  return BigInt(new RegExp(`"${field}" : (\\d+)`).exec(status)?.[1] ?? -1);
}

function only(cluster: Cluster): Member {
  const [member] = cluster.members;
  if (member === undefined) throw new Error('no member');
  return member;
}

describe.each(etcdReleases())('the log of an etcd $version', (release) => {
  it('says whose it is, where it stands and who was added and removed, once its member has stopped', async () => {
    await using cluster = await startCluster({ release });
    await cluster.etcdctl('put', 'a', '1');
    const before = await number(cluster, 'RaftIndex');
    await cluster.etcdctl('put', 'b', '2');
    const added = await cluster.etcdctl('member', 'add', 'ghost', '--learner', '--peer-urls=http://127.0.0.1:1');
    const ghost = /Member\s+([0-9a-f]+) added/.exec(added)?.[1] ?? '';
    await cluster.etcdctl('member', 'remove', ghost);
    const expected = {
      memberId: await number(cluster, 'MemberID'),
      clusterId: await number(cluster, 'ClusterID'),
    };
    const [term, index] = [await number(cluster, 'RaftTerm'), await number(cluster, 'RaftIndex')];
    await only(cluster).stop();
    expect(await summaryOf(only(cluster), { after: before })).toMatchObject({
      identity: expected,
      hardState: { term, vote: expected.memberId, commit: index },
      lastIndex: index,
      lastTerm: term,
      confChanges: [
        { change: { type: CONF_CHANGE_TYPES.addLearnerNode, nodeId: BigInt(`0x${ghost}`) } },
        { change: { type: CONF_CHANGE_TYPES.removeNode, nodeId: BigInt(`0x${ghost}`) } },
      ],
      end: { state: 'clean' },
      findings: [],
    });
  });

  it('and its raft snapshots have the very bytes that encoding what was read gives', async () => {
    await using cluster = await startCluster({ release, args: ['--snapshot-count=50'] });
    await fill(cluster, { keys: 20_000, valueBytes: 4000 });
    await only(cluster).stop();
    const folder = join(only(cluster).dataDir, 'member');
    const wal = await openWal(join(folder, 'wal'));
    const names = wal.segments.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(1);
    const encoder = new RecordEncoder();
    const written = new Map<string, Buffer[]>();
    for (const record of new WalReader(wal.segments).records()) {
      written.set(record.segment, [...(written.get(record.segment) ?? []), encoder.encode(record)]);
    }
    wal.close();
    for (const name of names) {
      const bytes = Buffer.concat(written.get(name) ?? []);
      const file = await readFile(join(folder, 'wal', name));
      expect(file.subarray(0, bytes.length).equals(bytes), name).toBe(true);
      expect(file.subarray(bytes.length).every((byte) => byte === 0)).toBe(true);
    }
    const snapshots = await listRaftSnapshots(join(folder, 'snap'));
    expect(snapshots.length).toBeGreaterThan(0);
    for (const { name, index, term } of snapshots) {
      const bytes = await readFile(join(folder, 'snap', name));
      const decoded = decodeRaftSnapshot(bytes, name);
      expect(decoded).toMatchObject({ index, term });
      expect(Buffer.from(encodeRaftSnapshot(decoded)).equals(bytes)).toBe(true);
    }
    const { snapshots: marks, findings } = await summaryOf(only(cluster));
    expect(findings).toEqual([]);
    expect(marks.at(-1)?.index).toBe(snapshots[0]?.index);
  });

  it('is torn if its last record was cut; then etcd starts and drops that record, as the finding says', async () => {
    await using cluster = await startCluster({ release });
    await cluster.etcdctl('put', 'a', '1');
    await only(cluster).stop('SIGKILL');
    const folder = join(only(cluster).dataDir, 'member', 'wal');
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.wal'));
    const { end: whole, lastIndex } = await summaryOf(only(cluster));
    await truncate(join(folder, name), whole.offset - 3);
    const torn = await summaryOf(only(cluster));
    expect(torn.end.state).toBe('torn');
    expect(torn.findings).toMatchObject([{ severity: 'warning', code: 'WAL_TAIL_TORN' }]);
    await only(cluster).start();
    expect(await cluster.etcdctl('get', 'a', '--print-value-only')).toBe('1\n');
    await only(cluster).stop();
    const [kept] = (await readdir(folder)).filter((file) => file.endsWith('.broken'));
    expect(kept).toBe(`${name}.broken`);
    const repaired = await summaryOf(only(cluster));
    expect(repaired).toMatchObject({ end: { state: 'clean' }, findings: [] });
    expect(repaired.lastIndex).toBeGreaterThan(lastIndex - 1n);
  });
});
