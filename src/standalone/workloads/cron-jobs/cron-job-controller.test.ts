import { describe, expect, it } from 'vitest';
import { resources, type CronJob } from '../../../apiserver/index.ts';
import { formatTime } from '../../../controller/index.ts';
import { createCronJobController } from './cron-job-controller.ts';
import { NAMESPACE, TestCluster } from '../test-cluster.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

async function begin(start?: string): Promise<TestCluster> {
  const cluster = await TestCluster.start(start);
  run(cluster);
  return cluster;
}

function run(cluster: TestCluster, timeZone = 'UTC'): void {
  const { client, time, log } = cluster;
  const [cronJobs, jobs] = [cluster.informer(resources.cronJobs), cluster.informer(resources.jobs)];
  cluster.start(createCronJobController({ client, time, log, cronJobs, jobs, timeZone }));
}

async function apply(cluster: TestCluster, spec: Partial<CronJob['spec']> = {}): Promise<void> {
  await cluster.client.create(resources.cronJobs, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: NAMESPACE },
    spec: {
      schedule: '20 4 * * *',
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: { labels: { app: 'backup' }, annotations: { note: 'x' } },
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'backup', image: 'holdfast' }] } } },
      },
      ...spec,
    },
  });
  await cluster.settle();
}

/** Changes the spec as a user does. */
async function change(cluster: TestCluster, spec: Partial<CronJob['spec']>): Promise<void> {
  const cronJob = await cluster.cronJob('nightly');
  await cluster.client.update(resources.cronJobs, { ...cronJob, spec: { ...cronJob.spec, ...spec } });
  await cluster.settle();
}

const names = (cluster: TestCluster): Promise<readonly string[]> => cluster.names(resources.jobs);
/** Sets a Job's end, as the Job controller does. */
async function finish(cluster: TestCluster, name: string, type: 'Complete' | 'Failed'): Promise<void> {
  const job = await cluster.job(name);
  const now = formatTime(cluster.time.now());
  const [first, reason] =
    type === 'Complete' ? ['SuccessCriteriaMet', 'CompletionsReached'] : ['FailureTarget', 'BackoffLimitExceeded'];
  const conditions = [first, type].map((each) => ({
    type: each,
    status: 'True' as const,
    reason,
    lastProbeTime: now,
    lastTransitionTime: now,
  }));
  const status = { startTime: now, conditions, ...(type === 'Complete' && { completionTime: now, succeeded: 1 }) };
  await cluster.client.updateStatus(resources.jobs, { ...job, status });
  await cluster.settle();
}

const minutes = (instant: string): number => Date.parse(instant) / MINUTE;

describe('a CronJob', () => {
  it('gets one Job for each run, at its minute, with the name, annotation and owner of upstream', async () => {
    const cluster = await begin();
    await apply(cluster, { timeZone: 'Europe/Berlin' });
    await cluster.pass(DAY);
    const [job, ...others] = await cluster.all(resources.jobs);
    const { uid } = (await cluster.cronJob('nightly')).metadata;
    expect(others).toEqual([]);
    expect(job).toMatchObject({
      metadata: {
        name: `nightly-${minutes('2026-03-11T03:20Z')}`,
        creationTimestamp: '2026-03-11T03:20:00Z',
        labels: { app: 'backup' },
        annotations: { note: 'x', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-03-11T04:20:00+01:00' },
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: { template: { spec: { restartPolicy: 'Never' } } },
    });
    expect((await cluster.cronJob('nightly')).status).toMatchObject({
      lastScheduleTime: '2026-03-11T03:20:00Z',
      active: [{ apiVersion: 'batch/v1', kind: 'Job', name: job?.metadata.name, uid: job?.metadata.uid }],
    });
    expect(await cluster.events()).toEqual([`SuccessfulCreate: Created job ${job?.metadata.name ?? ''}`]);
  });

  it('lets the end of a Job show in its status and in an event', async () => {
    const cluster = await begin('2026-03-10T04:19:00Z');
    await apply(cluster);
    await cluster.pass(2 * MINUTE);
    const [name = ''] = await names(cluster);
    await finish(cluster, name, 'Complete');
    expect((await cluster.cronJob('nightly')).status).toEqual({
      active: [],
      lastScheduleTime: '2026-03-10T04:20:00Z',
      lastSuccessfulTime: '2026-03-10T04:21:00Z',
    });
    expect(await cluster.events()).toContain(`SawCompletedJob: Saw completed job: ${name}, condition: Complete`);
  });

  it('is told, once, of a Job that somebody made from it by hand, and keeps it among the finished', async () => {
    const cluster = await begin();
    await apply(cluster);
    const { metadata, spec } = await cluster.cronJob('nightly');
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: metadata.uid, controller: true };
    await cluster.client.create(resources.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'by-hand', namespace: NAMESPACE, ownerReferences: [owner] },
      spec: spec.jobTemplate.spec,
    });
    await cluster.pass(MINUTE);
    await change(cluster, { schedule: '21 4 * * *' });
    const words = 'UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand';
    expect(await cluster.events()).toEqual([words]);
    await finish(cluster, 'by-hand', 'Complete');
    expect((await cluster.cronJob('nightly')).status).toMatchObject({ lastSuccessfulTime: '2026-03-10T12:01:00Z' });
    expect(await cluster.events()).toEqual([words]);
  });

  it('keeps no more finished Jobs than its limits say, of each kind the newest', async () => {
    const cluster = await begin('2026-03-10T00:59:00Z');
    await apply(cluster, { schedule: '0 * * * *', successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
    const made: string[] = [];
    for (const end of ['Complete', 'Failed', 'Complete', 'Failed', 'Complete'] as const) {
      await cluster.pass(HOUR);
      const name = (await names(cluster)).find((each) => !made.includes(each)) ?? '';
      made.push(name);
      await finish(cluster, name, end);
    }
    expect(await names(cluster)).toEqual([made[2], made[3], made[4]]);
    expect(await cluster.events()).toContain(`SuccessfulDelete: Deleted job ${made[0] ?? ''}`);
  });

  it('makes no Job while it is suspended, and one for all that it missed when it goes on', async () => {
    const cluster = await begin();
    await apply(cluster, { suspend: true });
    await cluster.pass(3 * DAY);
    expect(await names(cluster)).toEqual([]);
    await change(cluster, { suspend: false });
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-13T04:20Z')}`]);
  });

  it('follows its schedule when that is changed', async () => {
    const cluster = await begin();
    await apply(cluster);
    await change(cluster, { schedule: '0 13 * * *' });
    await cluster.pass(61 * MINUTE);
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-10T13:00Z')}`]);
  });

  it('says once that its time zone is gone from the database', async () => {
    const cluster = await TestCluster.start();
    run(cluster, 'Middle/Earth');
    await apply(cluster);
    await change(cluster, { suspend: false });
    await cluster.pass(DAY);
    expect(await cluster.events()).toEqual([
      'UnknownTimeZone: invalid timeZone: "Middle/Earth": unknown time zone Middle/Earth',
    ]);
    expect(await names(cluster)).toEqual([]);
  });

  it('is left alone while it is being deleted', async () => {
    const cluster = await begin();
    await apply(cluster);
    await cluster.client.delete(resources.cronJobs, (await cluster.cronJob('nightly')).metadata, {
      propagation: 'Foreground',
    });
    await cluster.pass(DAY);
    expect(await names(cluster)).toEqual([]);
  });
});

describe('runs that overlap', () => {
  it('are skipped under Forbid, and one is made up for when the predecessor has ended', async () => {
    const cluster = await begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *' });
    await cluster.pass(3 * HOUR);
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-10T01:00Z')}`]);
    const told =
      'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid';
    expect(await cluster.events()).toContain(`${told} (x2)`);
    await finish(cluster, (await names(cluster))[0] ?? '', 'Failed');
    expect(await names(cluster)).toContain(`nightly-${minutes('2026-03-10T03:00Z')}`);
    expect(await names(cluster)).toHaveLength(2);
  });

  it('run side by side under Allow', async () => {
    const cluster = await begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *', concurrencyPolicy: 'Allow' });
    await cluster.pass(3 * HOUR);
    expect((await cluster.cronJob('nightly')).status?.active).toHaveLength(3);
  });

  it('take the place of their predecessor under Replace', async () => {
    const cluster = await begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *', concurrencyPolicy: 'Replace' });
    await cluster.pass(2 * HOUR);
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-10T02:00Z')}`]);
    expect((await cluster.cronJob('nightly')).status?.active).toHaveLength(1);
    expect(await cluster.events()).toContain(`SuccessfulDelete: Deleted job nightly-${minutes('2026-03-10T01:00Z')}`);
  });

  it('go on when the active Job was deleted by somebody', async () => {
    const cluster = await begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *' });
    await cluster.pass(HOUR);
    const [name = ''] = await names(cluster);
    await cluster.client.delete(resources.jobs, { name, namespace: NAMESPACE }, { propagation: 'Background' });
    await cluster.settle();
    expect(await cluster.events()).toContain(`MissingJob: Active job went missing: ${name}`);
    expect((await cluster.cronJob('nightly')).status?.active).toEqual([]);
    await cluster.pass(HOUR);
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-10T02:00Z')}`]);
  });
});

describe('runs that were missed', () => {
  it('are made up for by one, after days without an engine', async () => {
    const cluster = await begin();
    await apply(cluster);
    await cluster.pass(DAY);
    await finish(cluster, (await names(cluster))[0] ?? '', 'Complete');
    await cluster.stop();
    cluster.time.advance(5 * DAY);
    run(cluster);
    await cluster.settle();
    expect(await names(cluster)).toEqual([
      `nightly-${minutes('2026-03-11T04:20Z')}`,
      `nightly-${minutes('2026-03-16T04:20Z')}`,
    ]);
  });

  it('are warned of where there are more than a hundred, and still made up for', async () => {
    const cluster = await begin();
    await apply(cluster, { schedule: '*/10 * * * *' });
    await cluster.stop();
    cluster.time.advance(DAY);
    run(cluster);
    await cluster.pass(MINUTE);
    expect(await names(cluster)).toHaveLength(1);
    expect(await cluster.events()).toContain(
      'TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    );
  });

  it('are told, once, and left out where the starting deadline has passed', async () => {
    const cluster = await begin();
    await apply(cluster, { startingDeadlineSeconds: 600 });
    await cluster.stop();
    cluster.time.advance(DAY);
    run(cluster);
    await cluster.pass(HOUR);
    expect(await names(cluster)).toEqual([]);
    expect(await cluster.events()).toEqual([
      'MissSchedule: Missed scheduled time to start a job: Wed, 11 Mar 2026 04:20:00 +0000',
    ]);
    await cluster.pass(DAY);
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-12T04:20Z')}`]);
  });

  it('are not run a second time where the engine died between a Job and its being noted', async () => {
    const cluster = await begin();
    await apply(cluster);
    cluster.onRequest = ({ method, target }) => {
      if (method === 'PUT' && target.includes('/cronjobs/')) throw new Error('killed');
    };
    await cluster.pass(DAY);
    expect((await cluster.cronJob('nightly')).status).toEqual({});
    await cluster.stop();
    cluster.onRequest = () => undefined;
    run(cluster);
    await cluster.settle();
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-11T04:20Z')}`]);
    expect((await cluster.cronJob('nightly')).status).toMatchObject({
      active: [{ name: (await names(cluster))[0] }],
      lastScheduleTime: '2026-03-11T04:20:00Z',
    });
  });
});

describe('a clock that is set', () => {
  it('forward, as after a laptop slept, brings the run within a minute', async () => {
    const cluster = await begin();
    await apply(cluster);
    cluster.time.wrongBy = 20 * HOUR;
    await cluster.pass(MINUTE);
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-11T04:20Z')}`]);
  });

  it('back by an hour does not run anything twice', async () => {
    const cluster = await begin('2026-03-10T04:19:00Z');
    await apply(cluster);
    await cluster.pass(2 * MINUTE);
    await finish(cluster, (await names(cluster))[0] ?? '', 'Complete');
    cluster.time.wrongBy = -HOUR;
    await cluster.pass(3 * HOUR);
    expect(await names(cluster)).toEqual([`nightly-${minutes('2026-03-10T04:20Z')}`]);
    await cluster.pass(DAY);
    expect(await names(cluster)).toHaveLength(2);
  });

  it('back after it was a year ahead does not stop backups for a year', async () => {
    const cluster = await begin();
    await apply(cluster);
    cluster.time.wrongBy = 365 * DAY;
    await cluster.pass(MINUTE);
    await finish(cluster, (await names(cluster))[0] ?? '', 'Complete');
    cluster.time.wrongBy = 0;
    await cluster.pass(DAY);
    expect(await names(cluster)).toContain(`nightly-${minutes('2026-03-11T04:20Z')}`);
    expect(await names(cluster)).toHaveLength(2);
  });
});

it(
  'makes every run exactly once, over a change of the clocks and with an engine that is killed at random',
  { timeout: 60_000 },
  async () => {
    const cluster = await begin('2026-03-10T12:00:00Z');
    await apply(cluster, { timeZone: 'America/New_York', schedule: '30 2 * * *', successfulJobsHistoryLimit: 100 });
    for (let hour = 0; hour < 24 * 10; hour++) {
      await cluster.pass(HOUR);
      if (hour % 7 === 3) {
        await cluster.stop();
        run(cluster);
      }
      for (const job of await cluster.all(resources.jobs))
        if (job.status?.conditions === undefined) await finish(cluster, job.metadata.name, 'Complete');
    }
    expect(await names(cluster)).toHaveLength(10);
    expect(new Set(await names(cluster)).size).toBe(10);
  },
);
