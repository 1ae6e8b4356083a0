import type { Cluster } from '../kit/index.ts';
import type { SeededRandom } from '../kit/seeded-random.ts';

const LARGEST_VALUE = 48 * 1024;

/** Makes the snapshot of a small etcd longer or shorter than it was. */
export async function changeSize({ endpoints: [endpoint = ''] }: Cluster, random: SeededRandom): Promise<void> {
  const value = random.bytes(random.below(LARGEST_VALUE)).toString('base64');
  const key = Buffer.from('padding').toString('base64');
  const put = await ask(endpoint, '/v3/kv/put', { key, value });
  // Without its history the file is as long as its value.
  await ask(endpoint, '/v3/kv/compaction', { revision: put.header.revision, physical: true });
  await ask(endpoint, '/v3/maintenance/defragment', {});
}

interface Answer {
  readonly header: { readonly revision: string };
}

/** By etcd's gateway, since a process of etcdctl's for each would take most of a test's time. */
async function ask(endpoint: string, path: string, body: object): Promise<Answer> {
  const response = await fetch(`${endpoint}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as Answer;
}
