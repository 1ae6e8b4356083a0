import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openForReading, openForWriting, protobuf } from '../../src/base/index.ts';
import { checkBolt, createBolt, updateBolt, type BoltTransaction, type UpdateOptions } from '../../src/bolt/index.ts';
import { inspectSnapshot } from '../../src/snapshot/index.ts';
import {
  etcdReleases,
  fill,
  judge,
  SeededRandom,
  startCluster,
  temporaryFolder,
  type Cluster,
  type EtcdRelease,
  type Member,
} from '../kit/index.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

/** mvccpb.KeyValue (etcd api/mvccpb/kv.proto). */
const keyValue = protobuf.message({
  key: protobuf.bytes(1),
  createRevision: protobuf.int64(2),
  modRevision: protobuf.int64(3),
  version: protobuf.int64(4),
  value: protobuf.bytes(5),
});

function update<R>(path: string, change: (transaction: BoltTransaction) => R, options: UpdateOptions = {}): R {
  const file = openForWriting(path);
  try {
    const result = updateBolt(file, change, options);
    expect(checkBolt(file).findings).toEqual([]);
    return result;
  } finally {
    file.close();
  }
}

/** Lets the tools of every release check a file, bbolt's own check among it, and compares their hash with ours. */
async function judgeFile(path: string): Promise<void> {
  const file = openForReading(path);
  const { status } = inspectSnapshot(file);
  file.close();
  for (const release of etcdReleases()) {
    const theirs: unknown = JSON.parse(await judge(release, 'snapshot', 'status', path, '-w', 'json'));
    const { hash, totalKey, totalSize } = status ?? {};
    expect(theirs, `by etcd ${release.version}`).toMatchObject({ hash, totalKey, totalSize });
  }
}

/** What a put of that key at the next revision leaves in the database (etcd server/storage/mvcc/revision.go). */
function putAsEtcd(transaction: BoltTransaction, key: string, value: Uint8Array): void {
  const bucket = transaction.requireBucket(bytes('key'));
  const modRevision = Buffer.from(bucket.last()?.key ?? Buffer.alloc(17)).readBigUInt64BE(0) + 1n;
  const revision = Buffer.alloc(17, '_');
  revision.writeBigUInt64BE(modRevision, 0);
  revision.writeBigUInt64BE(0n, 9);
  const record = { key: bytes(key), createRevision: modRevision, modRevision, version: 1n, value };
  bucket.put(revision, keyValue.encode(record));
}

async function value(cluster: Cluster, key: string): Promise<string> {
  return (await cluster.etcdctl('get', key, '--print-value-only')).trim();
}

function databaseOf(member: Member): string {
  return join(member.dataDir, 'member', 'snap', 'db');
}

async function startedCluster(release: EtcdRelease): Promise<{ cluster: Cluster; member: Member }> {
  const cluster = await startCluster({ release });
  onTestFinished(() => cluster.stop());
  const [member] = cluster.members;
  if (member === undefined) throw new Error('the cluster has no member');
  return { cluster, member };
}

/** Starts etcd on a changed database and lets it do what etcd does with one. */
async function liveOn(cluster: Cluster, member: Member, round: number): Promise<void> {
  await member.start();
  for (const number of [0, 1, 499]) {
    expect(await value(cluster, `/ours/${round}/${number}`)).toBe(`value ${number}`);
  }
  const keys = await cluster.etcdctl('get', '/ours/', '--prefix', '--keys-only');
  expect(keys.match(/^\/ours\//gm)).toHaveLength(round * 500);
  await fill(cluster, { keys: 500, prefix: `/theirs/${round}/`, seed: round });
  await cluster.etcdctl('defrag');
  await fill(cluster, { keys: 200, prefix: `/theirs/after/${round}/`, seed: round });
  const snapshot = join(await temporaryFolder(), 'snapshot.db');
  await cluster.etcdctl('snapshot', 'save', snapshot);
  await judgeFile(snapshot);
  await member.stop();
}

describe.each(etcdReleases())('a database of etcd $version that was changed', (release) => {
  test('is good to the tools of every release, and etcd starts on it, grows it, defragments it and sends it', async () => {
    const { cluster, member } = await startedCluster(release);
    await fill(cluster, { keys: 2000 });
    await member.stop();
    const path = databaseOf(member);
    for (const [round, findFreePages] of [
      [1, false],
      [2, true],
    ] as const) {
      update(
        path,
        (transaction) => {
          for (let number = 0; number < 500; number++) {
            putAsEtcd(transaction, `/ours/${round}/${number}`, bytes(`value ${number}`));
          }
          putAsEtcd(transaction, `/large/${round}`, Buffer.alloc(300_000, 'l'));
          const extra = transaction.createBucketIfMissing(bytes(`extra-${round}`));
          for (let number = 0; number < 3000; number++) extra.put(bytes(`${number}`), bytes('x'.repeat(number % 200)));
          extra.sequence = 7n;
          transaction.createBucketIfMissing(bytes('empty'));
        },
        { findFreePages },
      );
      await judgeFile(path);
      update(path, (transaction) => {
        const extra = transaction.requireBucket(bytes(`extra-${round}`));
        for (const { key } of extra.entries(bytes('2'))) extra.delete(key);
        transaction.deleteBucket(bytes('empty'));
      });
      await judgeFile(path);
      update(path, (transaction) => transaction.deleteBucket(bytes(`extra-${round}`)));
      await judgeFile(path);
      await liveOn(cluster, member, round);
    }
  });

  test('starts also from a snapshot that was changed, as a copy in a data directory', async () => {
    const { cluster, member } = await startedCluster(release);
    await fill(cluster, { keys: 1000 });
    const path = join(await temporaryFolder(), 'snapshot.db');
    await cluster.etcdctl('snapshot', 'save', path);
    await member.stop();
    // The 32 bytes behind the database are etcd's SHA-256; what is written takes their place.
    update(path, (transaction) => {
      for (let number = 0; number < 500; number++) {
        putAsEtcd(transaction, `/ours/1/${number}`, bytes(`value ${number}`));
      }
    });
    await copyFile(path, databaseOf(member));
    await liveOn(cluster, member, 1);
  });
});

describe.each([4096, 16_384, 65_536])('a file of our own with pages of %i bytes', (pageSize) => {
  test('is good to the tools of every release after every transaction', async () => {
    const path = join(await temporaryFolder(), 'own.db');
    const file = openForWriting(path, { create: true });
    createBolt(file, { pageSize });
    file.close();
    const random = new SeededRandom(pageSize);
    for (let round = 0; round < 8; round++) {
      update(path, (transaction) => {
        for (let bucket = 0; bucket < 4; bucket++) churn(transaction, bytes(`bucket-${random.below(6)}`), random);
        if (round % 3 === 2) transaction.deleteBucket(bytes(`bucket-${random.below(6)}`));
      });
      await judgeFile(path);
    }
  });
});

function churn(transaction: BoltTransaction, name: Uint8Array, random: SeededRandom): void {
  const bucket = transaction.createBucketIfMissing(name);
  const first = random.below(4000);
  for (let number = first; number < first + random.below(2500); number++) {
    bucket.put(bytes(`key ${number}`), random.bytes(random.below(10) === 0 ? random.below(30_000) : random.below(120)));
  }
  const from = random.below(6000);
  for (let number = from; number < from + random.below(4000); number++) bucket.delete(bytes(`key ${number}`));
}

test('a list of free pages that is longer than a page header can count is read by bbolt', async () => {
  const path = join(await temporaryFolder(), 'own.db');
  const file = openForWriting(path, { create: true });
  createBolt(file);
  file.close();
  update(path, (transaction) => {
    const bucket = transaction.createBucketIfMissing(bytes('large'));
    for (let number = 0; number < 20; number++) bucket.put(bytes(`${number}`), Buffer.alloc(14 * 1024 * 1024, number));
  });
  update(path, (transaction) => transaction.deleteBucket(bytes('large')));
  update(path, (transaction) => transaction.createBucketIfMissing(bytes('key')));
  await judgeFile(path);
});
