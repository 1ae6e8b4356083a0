import { describe, expect, it } from 'vitest';
import { ApiServerError, resources, type CronJob } from '../apiserver/index.ts';
import { BACKUP_NAMESPACE, backups, outcomeOf, SERIES_LABEL } from '../crd/index.ts';
import { FAILURE, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const NIGHTLY = { schedule: '20 4 * * *', timeZone: 'UTC', pvcName: 'etcd-backup-pvc' };

/** A condition in words. */
function said(cluster: OperatorCluster, type: string, name = 'nightly'): string {
  const found = cluster.backup(name).status?.conditions?.find((each) => each.type === type);
  return found === undefined ? 'nothing' : `${found.status} ${found.reason ?? ''}: ${found.message ?? ''}`;
}

function theCronJob(cluster: OperatorCluster): CronJob {
  const [cronJob, ...others] = cluster.cronJobs();
  if (cronJob === undefined || others.length > 0) throw new Error('expected one CronJob');
  return cronJob;
}

async function edit(cluster: OperatorCluster, change: (cronJob: CronJob) => CronJob): Promise<void> {
  await cluster.api.update(resources.cronJobs, change(theCronJob(cluster)));
  await cluster.settle();
}

/** One run of the series, to its end. */
async function run(cluster: OperatorCluster, name: string, report: typeof SUCCESS | typeof FAILURE): Promise<void> {
  const owner = await cluster.run(theCronJob(cluster), name);
  await cluster.ask(name, { pvcName: 'etcd-backup-pvc', series: 'nightly', owner });
  cluster.time.advance(MINUTE);
  await cluster.end(name, report);
  await cluster.endJob(owner, report.outcome === 'succeeded' ? 'Complete' : 'Failed', report);
}

async function nightly(): Promise<OperatorCluster> {
  const cluster = new OperatorCluster();
  await cluster.claim('etcd-backup-pvc');
  await cluster.schedule('nightly', NIGHTLY);
  return cluster;
}

describe('A Backup', () => {
  it('gets a CronJob of its name, as the reference makes it', async () => {
    const cluster = await nightly();
    const { metadata, spec } = theCronJob(cluster);
    expect(metadata).toMatchObject({
      name: 'nightly',
      namespace: 'openshift-etcd',
      labels: { app: 'cluster-backup-cronjob', 'backup-name': 'nightly' },
      ownerReferences: [{ kind: 'Backup', name: 'nightly', uid: cluster.backup('nightly').metadata.uid }],
    });
    expect(spec).toMatchObject({
      schedule: '20 4 * * *',
      timeZone: 'UTC',
      concurrencyPolicy: 'Forbid',
      failedJobsHistoryLimit: 10,
      successfulJobsHistoryLimit: 5,
    });
    const pod = spec.jobTemplate.spec.template.spec;
    expect(pod.volumes).toBeUndefined();
    expect(pod.containers[0]).toMatchObject({
      command: ['holdfast'],
      args: [
        ...['request-backup', '--series', 'nightly', '--pvc-name', 'etcd-backup-pvc'],
        ...['--report-file', '/dev/termination-log', '--log-format', 'json'],
      ],
      env: [
        { valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } } },
        { valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } } },
      ],
    });
    expect(said(cluster, 'Scheduled')).toContain('True AsAskedFor');
    expect(cluster.backup('nightly').status?.nextRunTime).toBe('2026-11-23T04:20:00Z');
  });

  it('without a schedule gets none, and loses the one it had', async () => {
    const cluster = await nightly();
    const backup = cluster.backup('nightly');
    await cluster.api.update(backups, { ...backup, spec: { etcd: { pvcName: 'etcd-backup-pvc' } } });
    await cluster.settle();
    expect(cluster.cronJobs()).toEqual([]);
    expect(said(cluster, 'Scheduled')).toBe('False NoSchedule: no schedule, so no backups');
    expect(cluster.backup('nightly').status?.nextRunTime).toBeUndefined();
  });

  it('changes its CronJob with it', async () => {
    const cluster = await nightly();
    const backup = cluster.backup('nightly');
    await cluster.api.update(backups, { ...backup, spec: { etcd: { schedule: '@hourly', pvcName: 'other' } } });
    await cluster.settle();
    const { spec } = theCronJob(cluster);
    expect([spec.schedule, spec.timeZone]).toEqual(['@hourly', undefined]);
    expect(spec.jobTemplate.spec.template.spec.containers[0]?.args).toContain('other');
    expect(cluster.backup('nightly').status?.nextRunTime).toBe('2026-11-22T16:00:00Z');
  });

  it("changes its CronJob with the operator's settings", async () => {
    const cluster = await nightly();
    await cluster.stopOperator();
    cluster.startOperator({ ...cluster.settings, image: 'holdfast:newer' });
    await cluster.settle();
    expect(theCronJob(cluster).spec.jobTemplate.spec.template.spec.containers[0]?.image).toBe('holdfast:newer');
  });

  it.each<[string, (cronJob: CronJob) => CronJob]>([
    ['suspended', (it) => ({ ...it, spec: { ...it.spec, suspend: true } })],
    ['given another schedule', (it) => ({ ...it, spec: { ...it.spec, schedule: '0 0 1 1 *' } })],
    ['given a deadline', (it) => ({ ...it, spec: { ...it.spec, startingDeadlineSeconds: 1 } })],
    ['stripped of its labels', (it) => ({ ...it, metadata: { ...it.metadata, labels: {} } })],
    ['stripped of its owner', (it) => ({ ...it, metadata: { ...it.metadata, ownerReferences: [] } })],
    ['given another image', (it) => withContainer(it, { image: 'evil:1' })],
    ['given other variables', (it) => withContainer(it, { env: [{ name: 'X', value: 'y' }] })],
  ])('puts its CronJob right when that was %s', async (_what, change) => {
    const cluster = await nightly();
    const { spec, metadata } = theCronJob(cluster);
    await edit(cluster, change);
    expect(theCronJob(cluster).spec).toEqual(spec);
    expect(theCronJob(cluster).metadata).toMatchObject({
      labels: metadata.labels,
      ownerReferences: metadata.ownerReferences,
    });
  });

  it("leaves others' labels and annotations on its CronJob", async () => {
    const cluster = await nightly();
    const annotations = { ...theCronJob(cluster).metadata.annotations, team: 'storage' };
    await edit(cluster, (it) => ({ ...it, metadata: { ...it.metadata, annotations } }));
    expect(theCronJob(cluster).metadata.annotations).toEqual(annotations);
  });

  it('makes its CronJob anew when that was removed', async () => {
    const cluster = await nightly();
    await cluster.api.delete(resources.cronJobs, theCronJob(cluster).metadata);
    await cluster.settle();
    expect(theCronJob(cluster).spec.schedule).toBe('20 4 * * *');
  });

  it('writes nothing while nothing changes', async () => {
    const cluster = await nightly();
    const before = cluster.api.writes.length;
    await cluster.stopOperator();
    cluster.startOperator();
    await cluster.pass(HOUR);
    expect(cluster.api.writes.length).toBe(before);
  });

  it('takes its CronJob with it, but not the backups', async () => {
    const cluster = await nightly();
    await run(cluster, 'nightly-1', SUCCESS);
    await cluster.api.delete(backups, { name: 'nightly' });
    await cluster.settle();
    expect(cluster.cronJobs()).toEqual([]);
    expect(outcomeOf(cluster.etcdBackup('nightly-1'))).toBe('BackupCompleted');
  });

  it('that was made anew under its name keeps the CronJob as its own', async () => {
    const cluster = await nightly();
    await cluster.stopOperator();
    await cluster.api.delete(backups, { name: 'nightly' });
    cluster.startOperator();
    const { metadata } = await cluster.schedule('nightly', { ...NIGHTLY, schedule: '0 5 * * *' });
    expect(theCronJob(cluster).metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([metadata.uid]);
    expect(theCronJob(cluster).spec.schedule).toBe('0 5 * * *');
  });

  it('does not touch a CronJob of its name that was not made for a Backup', async () => {
    const cluster = new OperatorCluster();
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'x', image: 'x', command: ['x'] }] } };
    await cluster.api.create(resources.cronJobs, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace: BACKUP_NAMESPACE },
      spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template } } },
    });
    await cluster.schedule('nightly', NIGHTLY);
    expect(theCronJob(cluster).spec.schedule).toBe('0 0 * * *');
    expect(said(cluster, 'Scheduled')).toContain('False CronJobNameTaken');
  });

  it('says what the API server has against its schedule, and that the former one stays', async () => {
    const cluster = await nightly();
    cluster.api.onWrite = ({ verb, plural }) => {
      if (plural === 'cronjobs' && verb === 'update')
        throw new ApiServerError('APISERVER_INVALID', 'spec.schedule: Invalid value: "@dailyy"', { hint: 'Mend it.' });
    };
    const backup = cluster.backup('nightly');
    await cluster.api.update(backups, { ...backup, spec: { etcd: { ...NIGHTLY, schedule: '@dailyy' } } });
    await cluster.settle();
    expect(said(cluster, 'Scheduled')).toBe(
      'False CronJobRefused: spec.schedule: Invalid value: "@dailyy"; the CronJob stays at 20 4 * * *',
    );
    expect(cluster.events()).toContain(
      'CronJobRefused: spec.schedule: Invalid value: "@dailyy"; the CronJob stays at 20 4 * * *',
    );
  });

  it.each([
    ['APISERVER_STATUS', 'CronJobNotWritten', 'failed calling webhook "gate". Look at it.'],
    ['APISERVER_FORBIDDEN', 'CronJobForbidden', 'failed calling webhook "gate". Look at it.'],
    ['APISERVER_NAMESPACE_TERMINATING', 'NamespaceTerminating', 'the namespace openshift-etcd is being deleted'],
  ] as const)('says why there is no CronJob yet, and what to do: %s', async (code, reason, words) => {
    const cluster = new OperatorCluster();
    cluster.api.onWrite = ({ plural }) => {
      if (plural === 'cronjobs')
        throw new ApiServerError(code, 'failed calling webhook "gate"', { hint: 'Look at it.' });
    };
    await cluster.schedule('nightly', NIGHTLY);
    expect(said(cluster, 'Scheduled')).toBe(`False ${reason}: ${words}`);
    expect(cluster.events()).toContain(`${reason}: ${words}`);
    cluster.api.onWrite = () => undefined;
    await cluster.pass(11_000);
    expect(said(cluster, 'Scheduled')).toContain('True');
  });

  it('says when a schedule can never be due', async () => {
    const cluster = new OperatorCluster();
    await cluster.schedule('nightly', { schedule: '0 0 30 2 *' });
    const before = cluster.api.writes.length;
    await cluster.pass(HOUR);
    expect(cluster.api.writes.length).toBe(before);
    expect(said(cluster, 'Scheduled')).toBe('False NeverDue: no time is ever due at 0 0 30 2 *');
  });

  it('waits for the namespace where there is none', async () => {
    const cluster = new OperatorCluster();
    cluster.api.namespaces.delete(BACKUP_NAMESPACE);
    await cluster.schedule('nightly', NIGHTLY);
    expect(said(cluster, 'Scheduled')).toBe('False NamespaceMissing: the namespace openshift-etcd does not exist');
    cluster.api.namespaces.add(BACKUP_NAMESPACE);
    await cluster.pass(11_000);
    expect(said(cluster, 'Scheduled')).toContain('True');
  });
});

describe('The runs of a Backup', () => {
  it('carry what is to stay of the series to the Job that takes the backup', async () => {
    const cluster = await nightly();
    const args = async (name: string): Promise<readonly string[]> => {
      await cluster.ask(name, { pvcName: 'etcd-backup-pvc', series: 'nightly' });
      const found = cluster.jobOf(name)?.spec.template.spec.containers[0]?.args ?? [];
      await cluster.end(name, SUCCESS);
      return found.slice(found.indexOf('--lock-wait') + 2);
    };
    const keep = async (retentionPolicy: object): Promise<void> => {
      const backup = cluster.backup('nightly');
      await cluster.api.update(backups, { ...backup, spec: { etcd: { ...backup.spec.etcd, ...retentionPolicy } } });
    };
    expect(await args('one')).toEqual(['--retain-number', '15']);
    await keep({ retentionPolicy: { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: 20 } } });
    expect(await args('two')).toEqual(['--retain-size-gb', '20']);
    await cluster.api.delete(backups, { name: 'nightly' });
    expect(await args('three')).toEqual([]);
    expect(cluster.jobOf('two')?.spec.template.spec.containers[0]?.args).toContain('--series');
  });

  it('are told by its status: the last success and what is kept', async () => {
    const cluster = await nightly();
    await run(cluster, 'nightly-1', { ...SUCCESS, kept: { backups: 7, bytes: 800, removed: 1, failed: 0 } });
    expect(cluster.backup('nightly').status).toMatchObject({
      lastSuccessfulTime: '2026-11-22T15:45:00Z',
      lastSuccess: { etcdBackup: 'nightly-1', folder: SUCCESS.folder, bytes: 120000000, seconds: 3.21 },
      consecutiveFailures: 0,
      kept: { backups: 7, bytes: 800 },
    });
    expect(said(cluster, 'LastRunSucceeded')).toBe(`True BackupCompleted: nightly-1: ${SUCCESS.folder}`);
    expect(cluster.events()).toContain(`RunSucceeded: nightly-1: ${SUCCESS.folder}`);
  });

  it('are counted while they fail, although their objects go', async () => {
    const cluster = await nightly();
    await run(cluster, 'nightly-1', SUCCESS);
    for (const name of ['nightly-2', 'nightly-3', 'nightly-4']) {
      await run(cluster, name, FAILURE);
      const job = cluster.jobs().find(({ metadata }) => metadata.name === name);
      await cluster.api.delete(resources.jobs, job?.metadata ?? { name });
      await cluster.pass(5_000);
    }
    expect(cluster.backup('nightly').status).toMatchObject({
      lastSuccessfulTime: '2026-11-22T15:45:00Z',
      lastFailure: { reason: 'ETCD_UNREACHABLE', message: 'no member of etcd answers', etcdBackup: 'nightly-4' },
      consecutiveFailures: 3,
    });
    expect(said(cluster, 'LastRunSucceeded')).toContain('False ETCD_UNREACHABLE');
    await run(cluster, 'nightly-5', SUCCESS);
    expect(cluster.backup('nightly').status?.consecutiveFailures).toBe(0);
    expect(said(cluster, 'LastRunSucceeded')).toContain('True');
  });

  it('count as failed where they never came to ask for a backup', async () => {
    const cluster = await nightly();
    const job = await cluster.run(theCronJob(cluster), 'nightly-1');
    await cluster.endJob(job, 'Failed', { ...FAILURE, code: 'APISERVER_FORBIDDEN', message: 'may not create' });
    expect(cluster.backup('nightly').status).toMatchObject({
      lastFailure: { reason: 'APISERVER_FORBIDDEN', message: 'may not create', etcdBackup: 'nightly-1' },
      consecutiveFailures: 1,
    });
  });

  it('go when their Job is gone, but those that nobody owns stay', async () => {
    const cluster = await nightly();
    await run(cluster, 'nightly-1', SUCCESS);
    await cluster.ask('by-hand', { series: 'nightly' });
    await cluster.end('by-hand', SUCCESS);
    for (const { metadata } of cluster.jobs()) await cluster.api.delete(resources.jobs, metadata);
    await cluster.pass(5_000);
    expect(() => cluster.etcdBackup('nightly-1')).toThrow('no nightly-1');
    expect(outcomeOf(cluster.etcdBackup('by-hand'))).toBe('BackupCompleted');
  });

  it('are skipped, not queued, while the one before them of the same series is at work', async () => {
    const cluster = await nightly();
    const start = async (name: string, series: string): Promise<void> => {
      const owner = await cluster.run(theCronJob(cluster), name);
      await cluster.ask(name, { series, owner });
    };
    await start('nightly-1', 'nightly');
    cluster.time.advance(MINUTE);
    await start('nightly-2', 'nightly');
    await start('weekly-1', 'weekly');
    await cluster.ask('by-hand', { series: 'nightly' });
    const outcomes = ['nightly-1', 'nightly-2', 'weekly-1', 'by-hand'].map((name) =>
      outcomeOf(cluster.etcdBackup(name)),
    );
    expect(outcomes).toEqual(['BackupPending', 'BackupSkipped', 'BackupPending', 'BackupPending']);
    expect(cluster.etcdBackup('nightly-2').metadata.labels).toEqual({ [SERIES_LABEL]: 'nightly' });
  });

  it('are missed where none has started a while after it was due, until one does', async () => {
    const cluster = await nightly();
    await cluster.pass(13 * HOUR);
    expect(said(cluster, 'ScheduleMissed')).toBe(
      'True RunMissed: the run that was due at 2026-11-23T04:20:00Z has not started',
    );
    expect(cluster.backup('nightly').status?.nextRunTime).toBe('2026-11-24T04:20:00Z');
    const cronJob = theCronJob(cluster);
    await cluster.api.updateStatus(resources.cronJobs, {
      ...cronJob,
      status: { lastScheduleTime: '2026-11-23T04:20:00Z' },
    });
    await cluster.settle();
    expect(said(cluster, 'ScheduleMissed')).toContain('False OnTime');
  });
});

function withContainer(cronJob: CronJob, change: object): CronJob {
  const copy = structuredClone(cronJob);
  Object.assign(copy.spec.jobTemplate.spec.template.spec.containers[0] ?? {}, change);
  return copy;
}
