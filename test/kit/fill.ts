import { Secret } from '../../src/base/index.ts';
import { connectMember, parseEndpoints, type Kv, type Write } from '../../src/etcd/index.ts';
import type { Cluster } from './cluster.ts';
import { kubernetesShapedData, type KubernetesDataOptions } from './kubernetes-data.ts';
import type { KeyValue } from './kubernetes-objects.ts';
import { SeededRandom } from './seeded-random.ts';

export interface FillOptions {
  /** How many keys; with `kubernetes`, about how many. */
  readonly keys: number;
  readonly valueBytes?: number;
  /** By default `/fill/`. */
  readonly prefix?: string;
  /** Kubernetes objects instead of random values. */
  readonly kubernetes?: boolean;
  readonly seed?: number;
}

export interface Filled {
  /** The key space's revision after the last write. */
  readonly revision: bigint;
  /** How many of the written keys exist now. */
  readonly liveKeys: number;
}

// etcd takes 128 operations and 1.5 MiB in one transaction unless told otherwise.
const BATCH_WRITES = 100;
const BATCH_BYTES = 1_000_000;
const BATCHES_AT_ONCE = 4;

/**
 * Fills a cluster quickly. Some keys are written twice and some are deleted, and half of that history is compacted, so
 * that the database holds old revisions, tombstones and free pages. Does the same for the same seed.
 */
export async function fill(cluster: Cluster, options: FillOptions): Promise<Filled> {
  if (options.kubernetes === true) return fillWithKubernetes(cluster, scaled(options));
  const random = new SeededRandom(options.seed ?? 1);
  const keys = Array.from(
    { length: options.keys },
    (_, index) => `${options.prefix ?? '/fill/'}${String(index).padStart(9, '0')}`,
  );
  const put = (key: string): Write => asPut({ key, value: random.bytes(options.valueBytes ?? 256) });
  return withKv(cluster, async (kv) => {
    await writeAll(kv, keys.map(put));
    const changed = keys.filter(() => random.below(10) === 0);
    const deleted = keys.filter(() => random.below(20) === 0);
    const revision = await writeHistory(kv, changed.map(put), deleted);
    return { revision, liveKeys: keys.length - deleted.length };
  });
}

/** Fills a cluster with what a control plane stores; see {@link kubernetesShapedData}. */
export async function fillWithKubernetes(cluster: Cluster, options: KubernetesDataOptions): Promise<Filled> {
  const { objects, events, updates, deletions } = kubernetesShapedData(options);
  await putUnderLease(cluster, events);
  return withKv(cluster, async (kv) => {
    await writeAll(kv, objects.map(asPut));
    const revision = await writeHistory(kv, updates.map(asPut), deletions);
    return { revision, liveKeys: objects.length + events.length - deletions.length };
  });
}

function scaled({ keys, seed }: FillOptions): KubernetesDataOptions {
  const share = (part: number): number => Math.max(1, Math.round(keys * part));
  return {
    seed: seed ?? 1,
    namespaces: share(0.04),
    pods: share(0.3),
    deployments: share(0.15),
    configMaps: share(0.25),
    secrets: share(0.25),
    events: Math.min(10, share(0.05)),
  };
}

/** Writes updates and deletes, with a compaction in the middle. */
async function writeHistory(kv: Kv, updates: readonly Write[], deleted: readonly string[]): Promise<bigint> {
  const middle = await writeAll(kv, updates);
  if (middle > 0n) await kv.compact(middle - BigInt(Math.floor(updates.length / 2 / BATCH_WRITES)));
  const last = await writeAll(
    kv,
    deleted.map((key) => ({ deleteRange: { key: Buffer.from(key) } })),
  );
  return last > middle ? last : middle;
}

/** Does all writes, many in a transaction and several transactions at once; keys must differ. Returns the newest revision. */
async function writeAll(kv: Kv, writes: readonly Write[]): Promise<bigint> {
  const batches = inBatches(writes);
  let newest = 0n;
  const work = async (): Promise<void> => {
    for (let batch = batches.next(); batch.done !== true; batch = batches.next()) {
      const revision = await kv.txn(batch.value, { timeoutMs: 60_000 });
      if (revision > newest) newest = revision;
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work));
  return newest;
}

function* inBatches(writes: readonly Write[]): Generator<readonly Write[], undefined> {
  let batch: Write[] = [];
  let bytes = 0;
  for (const write of writes) {
    const size = 'put' in write ? write.put.key.length + write.put.value.length : write.deleteRange.key.length;
    if (batch.length === BATCH_WRITES || (batch.length > 0 && bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(write);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

function asPut({ key, value }: KeyValue): Write {
  return { put: { key: Buffer.from(key), value } };
}

async function putUnderLease(cluster: Cluster, events: readonly KeyValue[]): Promise<void> {
  if (events.length === 0) return;
  const lease = /lease ([0-9a-f]+) granted/.exec(await cluster.etcdctl('lease', 'grant', '10800'))?.[1];
  if (lease === undefined) throw new Error('etcdctl granted no lease');
  for (const { key, value } of events) await cluster.etcdctlReading(value, 'put', `--lease=${lease}`, key);
}

async function withKv<T>(cluster: Cluster, work: (kv: Kv) => Promise<T>): Promise<T> {
  const { clientFiles, rootPassword } = cluster;
  const [endpoint] = parseEndpoints(cluster.endpoints, { tls: clientFiles !== undefined });
  if (endpoint === undefined) throw new TypeError('the cluster has no member');
  const member = connectMember(endpoint, {
    tls: clientFiles,
    user: rootPassword === undefined ? undefined : { name: 'root', password: new Secret(rootPassword) },
  });
  try {
    return await work(member.kv);
  } finally {
    member.close();
  }
}
