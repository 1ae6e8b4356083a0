import { rename } from 'node:fs/promises';
import type { Cluster } from '../test/kit/cluster.ts';
import { waitFor } from '../test/kit/wait-for.ts';
import { heading, print } from './show.ts';

/** Runs one `holdfast` command line in sight of the user, and throws if it fails. */
export type Holdfast = (...args: readonly string[]) => Promise<void>;

/** The worst day: everything in etcd is deleted, then every member dies, and its data directory with it. */
export async function showDisaster(cluster: Cluster, backups: string): Promise<string> {
  const before = await everything(cluster);
  heading(
    'The worst day',
    `${count(before)} keys are deleted. Then all three members are killed, and their disks are gone.`,
  );
  await cluster.etcdctl('del', '', '--prefix');
  print(`etcd holds ${count(await everything(cluster))} keys now.`);
  await cluster.halt();
  for (const { dataDir } of cluster.members) await rename(dataDir, `${dataDir}.lost`);
  print(`What is left is ${backups}.`);
  return before;
}

/** Each host restores its own member with the same flags; together they are a cluster again. */
export async function showRecovery(
  cluster: Cluster,
  backups: string,
  before: string,
  holdfast: Holdfast,
): Promise<void> {
  heading(
    'Recovery',
    'The same on each of three hosts. The revision is raised, so that no client ever sees it go back.',
  );
  const all = cluster.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  for (const { name, peerUrl, dataDir } of cluster.members) {
    const identity = ['--name', name, '--initial-cluster', all, '--initial-advertise-peer-urls', peerUrl];
    await holdfast('restore', 'member', backups, '--data-dir', dataDir, ...identity);
  }
  heading('etcd starts again');
  for (const member of cluster.members) member.launch();
  const after = await waitFor(() => everything(cluster).catch(() => undefined), {
    timeoutMs: 60_000,
    what: 'the restored cluster',
  });
  if (after !== before) throw new Error('the restored cluster holds something else than the backup');
  const health = await cluster.etcdctl('endpoint', 'health');
  print(health.trim());
  print(`etcd holds ${count(after)} keys, each with the value and the revision it had at the backup.`);
}

/** Every key with its value and its revisions. */
async function everything(cluster: Cluster): Promise<string> {
  const answer = JSON.parse(await cluster.etcdctl('get', '', '--prefix', '-w', 'json')) as { kvs?: readonly unknown[] };
  return JSON.stringify(answer.kvs ?? []);
}

function count(everythingThere: string): number {
  return (JSON.parse(everythingThere) as readonly unknown[]).length;
}
