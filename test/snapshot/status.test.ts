import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inMemory } from '../../src/base/index.ts';
import { connectMember, parseEndpoints, streamSnapshot, type Kv, type Member } from '../../src/etcd/index.ts';
import { inspectSnapshot, joinParts, planWalk, walkPart, type SnapshotStatus } from '../../src/snapshot/index.ts';
import {
  etcdReleases,
  judge,
  SeededRandom,
  startCluster,
  temporaryFolder,
  type Cluster,
  type EtcdRelease,
} from '../kit/index.ts';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
/** The range that holds every key. */
const EVERYTHING = Uint8Array.of(0);

/** A cluster's life: what is done to it, one step after the other, a snapshot after each. */
const life: readonly (readonly [string, (kv: Kv, cluster: Cluster) => Promise<void>])[] = [
  ['is fresh', () => Promise.resolve()],
  ['was written to', (kv) => churn(kv, 300, 1)],
  ['was compacted at its newest revision', async (kv) => kv.compact(await newest(kv))],
  ['was written to again', (kv) => churn(kv, 100, 2)],
  ['was compacted at an older revision', async (kv) => kv.compact((await newest(kv)) - 50n)],
  ['was compacted at a revision that only deletes', compactAtDeletion],
  ['holds a huge value', holdHugeValue],
  ['holds leases', holdLeases],
  ['was emptied and compacted', emptyAndCompact],
  ['was defragmented', defragment],
  ['was written to once more', (kv) => churn(kv, 50, 3)],
];

describe.each(etcdReleases())('a snapshot of etcd $version', (release) => {
  test('has the status that the tools of every release give it, through all of its life', async () => {
    const { cluster, member } = await start(release);
    for (const [what, step] of life) {
      await step(member.kv, cluster);
      const { bytes, file } = await takeSnapshot(member);
      const { status, findings, trailer } = inspectSnapshot(inMemory(bytes), { hashTrailer: true });
      expect(findings, what).toEqual([]);
      expect(trailer, what).toBe('good');
      expect(inParts(bytes), what).toEqual(status);
      expect(status?.liveKeys, what).toBe(Number(await countKeys(member.kv)));
      for (const each of etcdReleases()) {
        const theirs: unknown = JSON.parse(await judge(each, 'snapshot', 'status', file, '-w', 'json'));
        const { hash, totalKey, totalSize, revision } = status ?? ({} as SnapshotStatus);
        const ours = { hash, totalKey, totalSize, revision: Number(revision) };
        expect(ours, `${what}, by ${each.version}`).toEqual(theirs);
      }
    }
  });

  test('may as well be a copy of its database, which tells that users must log in', async () => {
    const { cluster, member } = await start(release);
    await churn(member.kv, 20, 4);
    await cluster.etcdctl('user', 'add', 'root:secret');
    await cluster.etcdctl('user', 'grant-role', 'root', 'root');
    await cluster.etcdctl('auth', 'enable');
    const [node] = cluster.members;
    await node?.stop();
    const copy = await readFile(join(node?.dataDir ?? '', 'member/snap/db'));
    const { walk, findings } = inspectSnapshot(inMemory(copy));
    expect(findings).toMatchObject([{ severity: 'warning', code: 'SNAPSHOT_NO_HASH' }]);
    expect(walk?.state.authEnabled).toBe(true);
    expect(walk?.buckets.get('authUsers')).toBe(1);
  });
});

async function start(release: EtcdRelease): Promise<{ cluster: Cluster; member: Member }> {
  const cluster = await startCluster({ release });
  onTestFinished(() => cluster.stop());
  const [endpoint] = parseEndpoints(cluster.endpoints[0] ?? '', { tls: false });
  if (endpoint === undefined) throw new Error('the cluster has no endpoint');
  const member = connectMember(endpoint);
  onTestFinished(() => member.close());
  return { cluster, member };
}

async function takeSnapshot(member: Member): Promise<{ bytes: Buffer; file: string }> {
  const chunks: Uint8Array[] = [];
  await streamSnapshot(member, { onChunk: (chunk) => void chunks.push(chunk) });
  const bytes = Buffer.concat(chunks);
  const file = join(await temporaryFolder(), 'snapshot.db');
  await writeFile(file, bytes);
  return { bytes, file };
}

function inParts(bytes: Uint8Array): SnapshotStatus | undefined {
  const { plan } = planWalk(inMemory(bytes), { parts: 5 });
  const results = plan?.parts.map((part) => walkPart(inMemory(bytes), part));
  return plan && results && joinParts(inMemory(bytes), plan, results).status;
}

async function newest(kv: Kv): Promise<bigint> {
  return (await kv.range(bytesOf('none'))).revision;
}

async function countKeys(kv: Kv): Promise<bigint> {
  return (await kv.range(EVERYTHING, { rangeEnd: EVERYTHING, countOnly: true })).count;
}

/** Transactions that put and delete a few of 500 keys each. */
async function churn(kv: Kv, transactions: number, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  for (let count = 0; count < transactions; count++) {
    const names = new Set(Array.from({ length: 1 + random.below(12) }, () => `/churn/${random.below(500)}`));
    const writes = [...names].map((name) =>
      random.below(3) === 0
        ? { deleteRange: { key: bytesOf(name) } }
        : { put: { key: bytesOf(name), value: random.bytes(random.below(40) === 0 ? 20_000 : random.below(400)) } },
    );
    await kv.txn(writes);
  }
}

async function compactAtDeletion(kv: Kv): Promise<void> {
  await kv.deleteRange(bytesOf('/churn/1'), { rangeEnd: bytesOf('/churn/2') });
  await kv.compact(await newest(kv));
}

async function holdLeases(kv: Kv, cluster: Cluster): Promise<void> {
  const grant = async (): Promise<string> => (await cluster.etcdctl('lease', 'grant', '3600')).split(' ')[1] ?? '';
  await cluster.etcdctl('put', `--lease=${await grant()}`, '/leased/stays', 'value');
  const revoked = await grant();
  await cluster.etcdctl('put', `--lease=${revoked}`, '/leased/goes', 'value');
  await cluster.etcdctl('lease', 'revoke', revoked);
  expect((await kv.range(bytesOf('/leased/goes'))).count).toBe(0n);
}

async function emptyAndCompact(kv: Kv): Promise<void> {
  await kv.deleteRange(EVERYTHING, { rangeEnd: EVERYTHING });
  await kv.compact(await newest(kv));
}

async function holdHugeValue(kv: Kv): Promise<void> {
  await kv.put(bytesOf('/huge'), Buffer.alloc(1_500_000, 'huge'));
}

async function defragment(_kv: Kv, cluster: Cluster): Promise<void> {
  await cluster.etcdctl('defrag');
}
