import {
  createHttpsTransport,
  createKubeClient,
  loadKubeconfig,
  resources,
  type Job,
  type KubeClient,
} from '../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf } from '../src/crd/index.ts';
import { waitFor } from '../test/kit/wait-for.ts';
import type { LoadEngine } from './load-engine.ts';
import { asked } from './load-objects.ts';
import { startOperator, untilReady, untilSettled } from './load-operator.ts';

const ROUNDS_PER_RUN = 4;

/** From the request that creates an EtcdBackup until a watch tells of its Job, again and again; milliseconds. */
export async function jobTimes(engine: LoadEngine, runs: number): Promise<readonly number[]> {
  const transport = createHttpsTransport(await loadKubeconfig({ path: engine.kubeconfig }));
  const client = createKubeClient({ transport, userAgent: 'bench/1' });
  const operator = await startOperator(engine);
  try {
    await untilReady(operator);
    // Nothing stands before the ones that are timed.
    for (const each of (await client.list(etcdBackups)).items)
      if (outcomeOf(each) === 'BackupPending') await client.delete(etcdBackups, each.metadata);
    await untilSettled(engine, operator);
    const times: number[] = [];
    for (let round = 0; round <= runs * ROUNDS_PER_RUN; round++) {
      const taken = await jobTime(client, `timed-${round}`);
      // The first does not count.
      if (round > 0) times.push(taken);
    }
    return times;
  } finally {
    await operator.stop();
    transport.close();
  }
}

async function jobTime(client: KubeClient, name: string): Promise<number> {
  const { resourceVersion } = await client.list(resources.leases, { namespace: BACKUP_NAMESPACE });
  const signal = AbortSignal.timeout(60_000);
  const seen = firstJob(client, resourceVersion, signal);
  const before = performance.now();
  await client.create(etcdBackups, asked(name));
  const { at, job } = await seen;
  // It takes its Job with it, and the next one need not wait.
  await client.delete(etcdBackups, { name });
  await waitFor(() => isGone(client, job), { timeoutMs: 60_000, everyMs: 20, what: `${name}'s Job to go` });
  return at - before;
}

async function firstJob(
  client: KubeClient,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<{ readonly at: number; readonly job: Job }> {
  const which = { namespace: BACKUP_NAMESPACE, resourceVersion, signal };
  for await (const event of client.watch(resources.jobs, which))
    if (event.type === 'ADDED') return { at: performance.now(), job: event.object };
  throw new Error('no Job was made');
}

async function isGone(client: KubeClient, { metadata }: Job): Promise<boolean> {
  const fieldSelector = `metadata.name=${metadata.name}`;
  const { items } = await client.list(resources.jobs, { namespace: BACKUP_NAMESPACE, fieldSelector });
  return items.length === 0;
}
