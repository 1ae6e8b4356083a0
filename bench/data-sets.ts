import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connectMember, parseEndpoints, type Kv, type Write } from '../src/etcd/index.ts';
import { startCluster } from '../test/kit/cluster.ts';
import { SeededRandom } from '../test/kit/seeded-random.ts';
import { scratch, tell, type Ground } from './ground.ts';

/** What a filled etcd holds. */
export interface DataSet {
  readonly name: 'large' | 'small' | 'middle' | 'few';
  readonly label: string;
  readonly keys: number;
  readonly valueBytes: number;
}

export const DATA_SETS: readonly DataSet[] = [
  { name: 'large', label: '130,000 keys of 8 kB', keys: 130_000, valueBytes: 8_000 },
  { name: 'small', label: '1,500,000 keys of 0.5 kB', keys: 1_500_000, valueBytes: 500 },
];

/** For what grows with the snapshot: about 140 MB, and next to nothing. */
export const MIDDLE: DataSet = { name: 'middle', label: '16,000 keys of 8 kB', keys: 16_000, valueBytes: 8_000 };
export const FEW: DataSet = { name: 'few', label: '100 keys of 0.5 kB', keys: 100, valueBytes: 500 };

export const QUOTA = '--quota-backend-bytes=8589934592';

const BATCH_BYTES = 1_000_000;
const BATCHES_AT_ONCE = 4;
const RESOURCES = ['pods', 'secrets', 'configmaps', 'events', 'leases'];

/** The snapshot of an etcd that holds the data; made on the first call, with a real etcd, and kept. */
export async function provideSnapshot(ground: Ground, data: DataSet): Promise<string> {
  const path = join(ground.folder, `${data.name}.db`);
  if (await exists(path)) return path;
  tell(`filling etcd with ${data.label}`);
  const folder = scratch(ground, `fill-${data.name}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const args = [QUOTA, '--max-txn-ops=4096', '--snapshot-count=1000'];
  const cluster = await startCluster({ release: ground.release, folder, args });
  try {
    await write(cluster.endpoints, data);
    await cluster.etcdctl('snapshot', 'save', `${path}.unfinished`);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
  await rename(`${path}.unfinished`, path);
  return path;
}

/** Writes every key, and one in twenty twice more, with a compaction in between: old revisions and free pages remain. */
async function write(endpoints: readonly string[], data: DataSet): Promise<void> {
  const [endpoint] = parseEndpoints(endpoints, { tls: false });
  if (endpoint === undefined) throw new TypeError('there is no endpoint');
  const member = connectMember(endpoint, {});
  try {
    await writeBatches(member.kv, batches(data, 1));
    const middle = await writeBatches(member.kv, batches(data, 20));
    await writeBatches(member.kv, batches(data, 20));
    await member.kv.compact(middle, { timeoutMs: 120_000 });
  } finally {
    member.close();
  }
}

async function writeBatches(kv: Kv, writes: Generator<readonly Write[], void>): Promise<bigint> {
  let newest = 0n;
  const work = async (): Promise<void> => {
    for (let batch = writes.next(); batch.done !== true; batch = writes.next()) {
      const revision = await kv.txn(batch.value, { timeoutMs: 120_000 });
      if (revision > newest) newest = revision;
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work));
  return newest;
}

/** Every so many-th key, with a fresh value, in transactions of about a megabyte. */
function* batches({ keys, valueBytes }: DataSet, every: number): Generator<readonly Write[], void> {
  const random = new SeededRandom(every);
  const perBatch = Math.floor(BATCH_BYTES / valueBytes);
  for (let from = 0; from < keys; from += perBatch * every) {
    const batch: Write[] = [];
    for (let index = from; index < Math.min(keys, from + perBatch * every); index += every)
      batch.push({ put: { key: Buffer.from(keyOf(index)), value: random.bytes(valueBytes) } });
    yield batch;
  }
}

function keyOf(index: number): string {
  const resource = RESOURCES[index % RESOURCES.length] ?? 'pods';
  const namespace = String(Math.floor(index / RESOURCES.length) % 500).padStart(3, '0');
  return `/registry/${resource}/namespace-${namespace}/object-${String(index).padStart(9, '0')}`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
