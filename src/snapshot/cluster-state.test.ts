import { describe, expect, it } from 'vitest';
import { protobuf } from '../base/index.ts';
import { FindingList } from '../bolt/index.ts';
import { readClusterState, type BucketEntries, type ClusterState, type StateBucket } from './cluster-state.ts';
import { revisionKey, uint64 } from './test-etcd.ts';

type Contents = Partial<Record<StateBucket, Readonly<Record<string, Uint8Array | string>>>>;

function read(contents: Contents): { state: ClusterState; codes: readonly string[] } {
  const findings = new FindingList();
  const buckets = new Map(
    Object.entries(contents).map(([name, entries]): [StateBucket, BucketEntries] => [
      name as StateBucket,
      new Map(Object.entries(entries).map(([key, value]) => [key, Buffer.from(value)])),
    ]),
  );
  return { state: readClusterState(buckets, findings), codes: findings.report.map(({ code }) => code) };
}

const alarmKey = (memberId: bigint, alarm: number): string =>
  Buffer.from(
    protobuf.message({ memberId: protobuf.uint64(1), alarm: protobuf.enumeration(2) }).encode({ memberId, alarm }),
  ).toString('latin1');

describe("a cluster's state", () => {
  it('is empty where the buckets are', () => {
    const { state, codes } = read({});
    expect(codes).toEqual([]);
    expect(state).toMatchObject({ consistentIndex: undefined, storageVersion: '', members: [], authEnabled: false });
  });

  it('says which raft entry was applied last, and what was compacted', () => {
    const { state } = read({
      meta: {
        consistent_index: uint64(2n ** 63n + 1n),
        term: uint64(5n),
        scheduledCompactRev: revisionKey(77),
        finishedCompactRev: revisionKey(66),
      },
    });
    expect(state).toMatchObject({
      consistentIndex: 2n ** 63n + 1n,
      term: 5n,
      scheduledCompaction: 77n,
      finishedCompaction: 66n,
    });
  });

  it('keeps all 64 bits of ids, which JSON numbers would lose', () => {
    const { state } = read({
      meta: { confState: '{"voters":[13049071153751544597,2],"learners":[18446744073709551615],"auto_leave":false}' },
      members: {
        b5173bd0c5ea5b15:
          '{"id":13049071153751544597,"peerURLs":["https://10.0.0.1:2380"],"name":"m1","clientURLs":["https://10.0.0.1:2379"]}',
        '2': '{"id":2,"peerURLs":["https://10.0.0.2:2380"],"isLearner":true}',
      },
      members_removed: { ffffffffffffffff: 'removed' },
    });
    expect(state.confState).toEqual({ voters: [13049071153751544597n, 2n], learners: [18446744073709551615n] });
    expect(state.members).toEqual([
      {
        id: 2n,
        name: '',
        peerUrls: ['https://10.0.0.2:2380'],
        clientUrls: [],
        isLearner: true,
      },
      {
        id: 0xb5173bd0c5ea5b15n,
        name: 'm1',
        peerUrls: ['https://10.0.0.1:2380'],
        clientUrls: ['https://10.0.0.1:2379'],
        isLearner: false,
      },
    ]);
    expect(state.removedMembers).toEqual([0xffff_ffff_ffff_ffffn]);
  });

  it('tells versions, a downgrade under way, authentication and alarms', () => {
    const { state } = read({
      meta: { storageVersion: '3.6.0' },
      cluster: { clusterVersion: '3.6.0', downgrade: '{"target-version":"3.5.0","enabled":true}' },
      auth: { authEnabled: Uint8Array.of(1) },
      alarm: { [alarmKey(255n, 1)]: '', [alarmKey(1n, 2)]: '', [alarmKey(1n, 9)]: '' },
    });
    expect(state).toMatchObject({
      storageVersion: '3.6.0',
      clusterVersion: '3.6.0',
      downgradeTarget: '3.5.0',
      authEnabled: true,
    });
    expect(state.alarms).toEqual([
      { member: 255n, alarm: 'NOSPACE' },
      { member: 1n, alarm: 'CORRUPT' },
      { member: 1n, alarm: 'alarm 9' },
    ]);
  });

  it('knows a downgrade that is over, authentication that is off, and a storage version that is none', () => {
    const { state, codes } = read({
      meta: { storageVersion: 'banana' },
      cluster: { downgrade: '{"target-version":"","enabled":false}' },
      auth: { authEnabled: Uint8Array.of(0) },
    });
    expect(state).toMatchObject({ storageVersion: '', downgradeTarget: undefined, authEnabled: false });
    expect(codes).toEqual([]);
  });

  it.each<[string, Contents]>([
    ['a consistent index of 7 bytes', { meta: { consistent_index: Buffer.alloc(7) } }],
    ['a compaction revision that is cut short', { meta: { finishedCompactRev: Buffer.alloc(8) } }],
    ['a member that is no JSON', { members: { '1': 'nonsense' } }],
    ['a member whose key is no id', { members: { one: '{}' } }],
    ['a confState that is no JSON', { meta: { confState: '{' } }],
    ['an alarm that is no message', { alarm: { '\x08': '' } }],
  ])('reports %s and reads the rest', (_what, contents) => {
    const { state, codes } = read({ ...contents, cluster: { clusterVersion: '3.5.0' } });
    expect(codes).toEqual(['SNAPSHOT_META_MALFORMED']);
    expect(state.clusterVersion).toBe('3.5.0');
  });
});
