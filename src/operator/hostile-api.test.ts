import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anyFault, FAULTS, HostileClient, type Fault } from '../../test/kit/hostile-client.ts';
import { FAILURE, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { SeededRandom } from '../../test/kit/seeded-random.ts';
import { resources } from '../apiserver/index.ts';
import { silentLog } from '../base/index.ts';
import { etcdBackups, outcomeOf } from '../crd/index.ts';
import { createOperator } from './create-operator.ts';
import { isEnded } from './job-state.ts';

/** A cluster whose operator has an API server in trouble, and everybody else a healthy one. */
async function troubled(): Promise<{ readonly cluster: OperatorCluster; readonly client: HostileClient }> {
  const cluster = new OperatorCluster();
  await cluster.stopOperator();
  const { time, api, settings } = cluster;
  const client = new HostileClient(api, time);
  const operator = createOperator({ client, time, log: silentLog, settings });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  void operator.run(stop.signal);
  // One that is refused everything is never idle, and nobody can wait for that.
  cluster.operator = {
    isIdle: true,
    run: () => Promise.resolve(),
    metrics: () => operator.metrics(),
    isReady: () => operator.isReady(),
  };
  return { cluster, client };
}

async function pass(cluster: OperatorCluster, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    cluster.time.advance(Math.min(left, 500));
    for (let round = 0; round < 15; round += 1) {
      cluster.time.advance(0);
      await turn();
    }
    expect(cluster.jobs().filter((job) => !isEnded(job)).length).toBeLessThanOrEqual(1);
  }
}

async function endJobs(cluster: OperatorCluster): Promise<void> {
  for (const job of cluster.jobs().filter((each) => !isEnded(each))) {
    const name = job.metadata.ownerReferences?.[0]?.name ?? '';
    if (isToFail(name)) await cluster.endJob(job, 'Failed', FAILURE);
    else await cluster.endJob(job, 'Complete', { ...SUCCESS, folder: `backup-${name}` });
  }
}

const isToFail = (name: string): boolean => /[37]$/.test(name);

function said(cluster: OperatorCluster, name: string): string {
  const { conditions = [] } = cluster.etcdBackup(name).status ?? {};
  const holding = conditions.filter(({ status }) => status === 'True');
  return holding.map(({ type, message }) => `${type}: ${message ?? ''}`).join('; ');
}

/** How often each thing was told of an object. */
function told(cluster: OperatorCluster, name: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { involvedObject, reason = '', count = 1 } of cluster.api.all(resources.events))
    if (involvedObject.name === name) counts[reason] = (counts[reason] ?? 0) + count;
  return counts;
}

describe('With an API server that throttles, forgets, refuses, is slow or loses its answers', () => {
  it.each([12, 14, 17, 25])(
    'one backup is at work at a time, and in the end each is taken once and told of as it was (%i)',
    { timeout: 120_000 },
    async (seed) => {
      const random = new SeededRandom(seed);
      const { cluster, client } = await troubled();
      await pass(cluster, 2_000);
      await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
      let asked = 0;
      for (let step = 0; step < 40; step += 1) {
        client.faultFor = step % 10 < 7 ? anyFault(random, 2) : () => undefined;
        if (random.below(3) === 0 && asked < 10) await cluster.ask(`backup-${asked++}`);
        if (random.below(2) === 0) await endJobs(cluster);
        await pass(cluster, 1_000 + random.below(15_000));
      }
      client.faultFor = () => undefined;
      // The longest wait after a refusal takes five minutes.
      await pass(cluster, 300_000);
      for (let round = 0; round < 12; round += 1) {
        await endJobs(cluster);
        await pass(cluster, 20_000);
      }
      const all = cluster.api.all(etcdBackups);
      expect(all).toHaveLength(asked);
      for (const each of all) {
        const { name } = each.metadata;
        const outcome = isToFail(name) ? 'BackupFailed' : 'BackupCompleted';
        expect(outcomeOf(each), said(cluster, name)).toBe(outcome);
        expect(each.status?.backup?.folder).toBe(isToFail(name) ? undefined : `backup-${name}`);
        expect(said(cluster, name).split('; ')).toHaveLength(1);
        expect(told(cluster, name)).toEqual({ BackupStarted: 1, [outcome]: 1 });
      }
      const made = cluster.api.writes.filter(({ verb, plural }) => verb === 'create' && plural === 'jobs');
      expect(made).toHaveLength(asked);
      expect(cluster.cronJobs()).toHaveLength(1);
      expect(client.calls).toBeLessThan(4_000);
    },
  );

  it.each<[keyof typeof FAULTS, string]>([
    ['throttled', 'too many requests'],
    ['failing webhook', 'failed calling webhook "gate": context deadline exceeded'],
    ['denied', 'admission webhook "gate" denied the request: not now'],
    ['slow', 'did not answer in 30 s'],
  ])('an EtcdBackup says meanwhile what is in the way, and what to do: %s', async (fault, words) => {
    const { cluster, client } = await troubled();
    await pass(cluster, 2_000);
    client.faultFor = ({ verb, plural }): Fault | undefined =>
      verb === 'create' && plural === 'jobs' ? FAULTS[fault] : undefined;
    await cluster.ask('one');
    await pass(cluster, 40_000);
    expect(said(cluster, 'one')).toContain(`BackupPending: waiting: ${words}`);
    expect(said(cluster, 'one')).toContain('Look at the API server.');
    client.faultFor = () => undefined;
    await pass(cluster, 300_000);
    expect(said(cluster, 'one')).toMatch(/^BackupPending: Executing job /);
  });
});
