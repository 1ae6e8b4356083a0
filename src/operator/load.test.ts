import { describe, expect, it } from 'vitest';
import { resources } from '../apiserver/index.ts';
import { BACKUP_NAMESPACE, CRONJOB_APP, etcdBackups, SERIES_LABEL } from '../crd/index.ts';
import { FAILURE, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';

const NIGHTLY = { schedule: '0 3 * * *', timeZone: 'UTC' };

/** A cluster on which so many backups were taken by other operators before ours starts. */
async function after(count: number): Promise<OperatorCluster> {
  const cluster = new OperatorCluster();
  await cluster.stopOperator();
  const lastTransitionTime = '2026-11-21T03:00:00Z';
  const [type, message] = ['BackupCompleted', 'taken'];
  const conditions = [{ type, status: 'True', reason: type, message, lastTransitionTime }];
  for (let index = 0; index < count; index++) {
    const metadata = { name: `old-${index}`, labels: { [SERIES_LABEL]: `series-${index % 10}` } };
    const made = await cluster.api.create(etcdBackups, { ...KIND, metadata, spec: {} });
    await cluster.api.updateStatus(etcdBackups, etcdBackups.schema.parse({ ...made, status: { conditions } }));
  }
  return cluster;
}

const KIND = { apiVersion: 'operator.openshift.io/v1alpha1', kind: 'EtcdBackup' };

/** What is asked of the API server while something is done, and until all has been done about it. */
async function askedWhile(cluster: OperatorCluster, work: () => unknown): Promise<readonly string[]> {
  const from = cluster.api.asked.length;
  await work();
  await cluster.settle();
  return cluster.api.asked.slice(from);
}

describe('What the operator asks of the API server', () => {
  it('does not grow with the backups that stand: not at its start, not for a new one, not for an outcome', async () => {
    const lives = [];
    for (const count of [0, 1_000]) {
      const cluster = await after(count);
      const start = await askedWhile(cluster, () => cluster.startOperator());
      const backup = await askedWhile(cluster, () => cluster.ask('single'));
      const end = await askedWhile(cluster, () => cluster.end('single', SUCCESS));
      const series = await askedWhile(cluster, () => cluster.schedule('nightly', NIGHTLY));
      lives.push({ start, backup, end, series });
    }
    expect(lives[1]).toEqual(lives[0]);
    expect(lives[0]?.start.toSorted()).toEqual(
      ['list', 'watch'].flatMap((verb) =>
        ['backups', 'cronjobs', 'etcdbackups', 'jobs', 'pods'].map((plural) => `${verb} ${plural}`),
      ),
    );
  });

  it('is nothing at all while nothing happens, whatever is waited for', async () => {
    const cluster = new OperatorCluster();
    await cluster.schedule('nightly', NIGHTLY);
    for (const name of ['first', 'second', 'third']) await cluster.ask(name);
    const [job] = cluster.jobs();
    if (job === undefined) throw new Error('expected a Job');
    await cluster.pod(job, 'Running');
    await cluster.pass(60_000);
    expect(await askedWhile(cluster, () => cluster.pass(3_600_000))).toEqual([]);
  });

  it('is no more than its own pods and events six times a minute while a pod does not start, which is not waited for without end', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    const [job] = cluster.jobs();
    if (job === undefined) throw new Error('expected a Job');
    await cluster.waitingPod(job, '0/3 nodes are available');
    await cluster.pass(60_000);
    expect(cluster.etcdBackup('single').status?.conditions?.[0]?.message).toContain('0/3 nodes are available');
    const asked = await askedWhile(cluster, () => cluster.pass(120_000));
    expect(new Set(asked)).toEqual(new Set(['list events', 'list pods']));
    expect(asked.length).toBeLessThanOrEqual(26);
    await cluster.pass(3_600_000);
    expect(await askedWhile(cluster, () => cluster.pass(3_600_000))).toEqual([]);
  });

  it('is nothing while the Job or the pod of somebody else is in the way', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('first');
    const [job] = cluster.jobs();
    if (job === undefined) throw new Error('expected a Job');
    const pod = await cluster.pod(job, 'Running');
    await cluster.api.delete(etcdBackups, { name: 'first' });
    await cluster.ask('second');
    const message = (): string => cluster.etcdBackup('second').status?.conditions?.[0]?.message ?? '';
    expect(message()).toContain(`waiting for pod ${pod.metadata.name}`);
    expect(await askedWhile(cluster, () => cluster.pass(3_600_000))).toEqual([]);
    await cluster.api.updateStatus(resources.pods, { ...pod, status: { phase: 'Succeeded' } });
    await cluster.settle();
    expect(cluster.jobOf('second')).toBeDefined();
  });

  it('is nothing any more, soon after no node was ready', async () => {
    const cluster = new OperatorCluster();
    for (const name of ['master-0', 'master-1']) await cluster.node(name, { isReady: false });
    await cluster.ask('single');
    await cluster.pass(3_600_000);
    expect(await askedWhile(cluster, () => cluster.pass(3_600_000))).toEqual([]);
  });

  it('is at most a try a minute where the namespace is gone, of which no event tells', async () => {
    const cluster = new OperatorCluster();
    cluster.api.namespaces.clear();
    await cluster.ask('single');
    await cluster.pass(3_600_000);
    const asked = await askedWhile(cluster, () => cluster.pass(600_000));
    const tries = asked.filter((each) => each === 'get etcdbackups');
    expect(tries.length).toBeGreaterThan(0);
    expect(tries.length).toBeLessThanOrEqual(11);
  });

  it('is asked once of a run that failed without asking for a backup, and not again every minute', async () => {
    const cluster = new OperatorCluster();
    await cluster.schedule('nightly', NIGHTLY);
    const [cronJob] = cluster.cronJobs();
    if (cronJob === undefined) throw new Error('expected a CronJob');
    for (const name of ['nightly-1', 'nightly-2', 'nightly-3']) {
      await cluster.endJob(await cluster.run(cronJob, name), 'Failed', FAILURE);
      cluster.time.advance(1_000);
    }
    await cluster.pass(60_000);
    expect(cluster.backup('nightly').status?.consecutiveFailures).toBe(3);
    expect(await askedWhile(cluster, () => cluster.pass(600_000))).toEqual([]);
    expect(cluster.jobs().map(({ metadata }) => metadata.labels?.['app'])).toContain(CRONJOB_APP);
    expect(cluster.jobs().every(({ metadata }) => metadata.namespace === BACKUP_NAMESPACE)).toBe(true);
  });
});
