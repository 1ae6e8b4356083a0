import { describe, expect, it } from 'vitest';
import { resources, type CronJob } from '../../apiserver/index.ts';
import { createCronJobController } from './cron-job-controller.ts';
import { TestCluster } from './test-cluster.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function begin(start?: string): TestCluster {
  const cluster = new TestCluster(start);
  run(cluster);
  return cluster;
}

function run(cluster: TestCluster): void {
  const { api: client, time, log } = cluster;
  const [cronJobs, jobs] = [cluster.informer(resources.cronJobs), cluster.informer(resources.jobs)];
  cluster.start(createCronJobController({ client, time, log, cronJobs, jobs, timeZone: 'UTC' }));
}

async function apply(cluster: TestCluster, spec: Partial<CronJob['spec']> = {}): Promise<void> {
  await cluster.api.create(resources.cronJobs, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: 'openshift-etcd' },
    spec: {
      schedule: '20 4 * * *',
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: { labels: { app: 'backup' }, annotations: { note: 'x' } },
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'backup' }] } } },
      },
      ...spec,
    },
  });
  await cluster.settle();
}

/** Changes the spec as a user does. */
async function change(cluster: TestCluster, spec: Partial<CronJob['spec']>): Promise<void> {
  const cronJob = cluster.cronJob('nightly');
  await cluster.api.update(resources.cronJobs, { ...cronJob, spec: { ...cronJob.spec, ...spec } });
  await cluster.settle();
}

const names = (cluster: TestCluster): readonly string[] => cluster.jobs().map(({ metadata }) => metadata.name);
const minutes = (instant: string): number => Date.parse(instant) / MINUTE;

describe('a CronJob', () => {
  it('gets one Job for each run, at its minute, with the name, annotation and owner of upstream', async () => {
    const cluster = begin();
    await apply(cluster, { timeZone: 'Europe/Berlin' });
    await cluster.pass(DAY);
    const [job] = cluster.jobs();
    const { uid } = cluster.cronJob('nightly').metadata;
    expect(cluster.jobs()).toHaveLength(1);
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
    expect(cluster.cronJob('nightly').status).toMatchObject({
      lastScheduleTime: '2026-03-11T03:20:00Z',
      active: [{ apiVersion: 'batch/v1', kind: 'Job', name: job?.metadata.name, uid: job?.metadata.uid }],
    });
    expect(cluster.events()).toEqual([`SuccessfulCreate: Created job ${job?.metadata.name ?? ''}`]);
  });

  it('lets the end of a Job show in its status and in an event', async () => {
    const cluster = begin('2026-03-10T04:19:00Z');
    await apply(cluster);
    await cluster.pass(2 * MINUTE);
    const [name = ''] = names(cluster);
    await cluster.finish(name, 'Complete');
    expect(cluster.cronJob('nightly').status).toEqual({
      active: [],
      lastScheduleTime: '2026-03-10T04:20:00Z',
      lastSuccessfulTime: '2026-03-10T04:21:00Z',
    });
    expect(cluster.events()).toContain(`SawCompletedJob: Saw completed job: ${name}, condition: Complete`);
  });

  it('keeps no more finished Jobs than its limits say, of each kind the newest', async () => {
    const cluster = begin('2026-03-10T00:59:00Z');
    await apply(cluster, { schedule: '0 * * * *', successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 });
    const made: string[] = [];
    for (const end of ['Complete', 'Failed', 'Complete', 'Failed', 'Complete'] as const) {
      await cluster.pass(HOUR);
      const name = names(cluster).find((each) => !made.includes(each)) ?? '';
      made.push(name);
      await cluster.finish(name, end);
    }
    expect(names(cluster)).toEqual([made[2], made[3], made[4]]);
    expect(cluster.events()).toContain(`SuccessfulDelete: Deleted job ${made[0] ?? ''}`);
  });

  it('makes no Job while it is suspended, and one for all that it missed when it goes on', async () => {
    const cluster = begin();
    await apply(cluster, { suspend: true });
    await cluster.pass(3 * DAY);
    expect(names(cluster)).toEqual([]);
    await change(cluster, { suspend: false });
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-13T04:20Z')}`]);
  });

  it('follows its schedule when that is changed', async () => {
    const cluster = begin();
    await apply(cluster);
    await change(cluster, { schedule: '0 13 * * *' });
    await cluster.pass(61 * MINUTE);
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-10T13:00Z')}`]);
  });

  it.each([
    [
      { schedule: 'often' },
      'UnparseableSchedule: unparseable schedule: "often" : expected exactly 5 fields, found 1: [often]',
    ],
    [{ timeZone: 'Middle/Earth' }, 'UnknownTimeZone: invalid timeZone: "Middle/Earth": unknown time zone Middle/Earth'],
  ])('says once that it cannot be followed: %j', async (spec, event) => {
    const cluster = begin();
    await apply(cluster, spec);
    await change(cluster, { suspend: false });
    await cluster.pass(DAY);
    expect(cluster.events()).toEqual([event]);
    expect(names(cluster)).toEqual([]);
  });

  it('is left alone while it is being deleted', async () => {
    const cluster = begin();
    await apply(cluster);
    await cluster.api.delete(resources.cronJobs, cluster.cronJob('nightly').metadata, { propagation: 'Foreground' });
    await cluster.pass(DAY);
    expect(names(cluster)).toEqual([]);
  });
});

describe('runs that overlap', () => {
  it('are skipped under Forbid, and one is made up for when the predecessor has ended', async () => {
    const cluster = begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *' });
    await cluster.pass(3 * HOUR);
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-10T01:00Z')}`]);
    const told =
      'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid';
    expect(cluster.events()).toContain(`${told} (x2)`);
    await cluster.finish(names(cluster)[0] ?? '', 'Failed');
    expect(names(cluster)).toContain(`nightly-${minutes('2026-03-10T03:00Z')}`);
    expect(names(cluster)).toHaveLength(2);
  });

  it('run side by side under Allow', async () => {
    const cluster = begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *', concurrencyPolicy: 'Allow' });
    await cluster.pass(3 * HOUR);
    expect(cluster.cronJob('nightly').status?.active).toHaveLength(3);
  });

  it('take the place of their predecessor under Replace', async () => {
    const cluster = begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *', concurrencyPolicy: 'Replace' });
    await cluster.pass(2 * HOUR);
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-10T02:00Z')}`]);
    expect(cluster.cronJob('nightly').status?.active).toHaveLength(1);
    expect(cluster.events()).toContain(`SuccessfulDelete: Deleted job nightly-${minutes('2026-03-10T01:00Z')}`);
  });

  it('go on when the active Job was deleted by somebody', async () => {
    const cluster = begin('2026-03-10T00:30:00Z');
    await apply(cluster, { schedule: '0 * * * *' });
    await cluster.pass(HOUR);
    const [name = ''] = names(cluster);
    await cluster.api.delete(resources.jobs, { name, namespace: 'openshift-etcd' });
    await cluster.settle();
    expect(cluster.events()).toContain(`MissingJob: Active job went missing: ${name}`);
    expect(cluster.cronJob('nightly').status?.active).toEqual([]);
    await cluster.pass(HOUR);
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-10T02:00Z')}`]);
  });
});

describe('runs that were missed', () => {
  it('are made up for by one, after days without an engine', async () => {
    const cluster = begin();
    await apply(cluster);
    await cluster.pass(DAY);
    await cluster.finish(names(cluster)[0] ?? '', 'Complete');
    await cluster.stop();
    cluster.time.advance(5 * DAY);
    run(cluster);
    await cluster.settle();
    expect(names(cluster)).toEqual([
      `nightly-${minutes('2026-03-11T04:20Z')}`,
      `nightly-${minutes('2026-03-16T04:20Z')}`,
    ]);
  });

  it('are warned of where there are more than a hundred, and still made up for', async () => {
    const cluster = begin();
    await apply(cluster, { schedule: '*/10 * * * *' });
    await cluster.stop();
    cluster.time.advance(DAY);
    run(cluster);
    await cluster.pass(MINUTE);
    expect(names(cluster)).toHaveLength(1);
    expect(cluster.events()).toContain(
      'TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    );
  });

  it('are told, once, and left out where the starting deadline has passed', async () => {
    const cluster = begin();
    await apply(cluster, { startingDeadlineSeconds: 600 });
    await cluster.stop();
    cluster.time.advance(DAY);
    run(cluster);
    await cluster.pass(HOUR);
    expect(names(cluster)).toEqual([]);
    expect(cluster.events()).toEqual([
      'MissSchedule: Missed scheduled time to start a job: Wed, 11 Mar 2026 04:20:00 +0000',
    ]);
    await cluster.pass(DAY);
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-12T04:20Z')}`]);
  });

  it('are not run a second time where the engine died between a Job and its being noted', async () => {
    const cluster = begin();
    await apply(cluster);
    cluster.api.onWrite = ({ verb, plural }) => {
      if (verb === 'updateStatus' && plural === 'cronjobs') throw new Error('killed');
    };
    await cluster.pass(DAY);
    expect(cluster.cronJob('nightly').status).toBeUndefined();
    await cluster.stop();
    cluster.api.onWrite = () => undefined;
    run(cluster);
    await cluster.settle();
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-11T04:20Z')}`]);
    expect(cluster.cronJob('nightly').status).toMatchObject({
      active: [{ name: names(cluster)[0] }],
      lastScheduleTime: '2026-03-11T04:20:00Z',
    });
  });
});

describe('a clock that is set', () => {
  it('forward, as after a laptop slept, brings the run within a minute', async () => {
    const cluster = begin();
    await apply(cluster);
    cluster.time.wrongBy = 20 * HOUR;
    await cluster.pass(MINUTE);
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-11T04:20Z')}`]);
  });

  it('back by an hour does not run anything twice', async () => {
    const cluster = begin('2026-03-10T04:19:00Z');
    await apply(cluster);
    await cluster.pass(2 * MINUTE);
    await cluster.finish(names(cluster)[0] ?? '', 'Complete');
    cluster.time.wrongBy = -HOUR;
    await cluster.pass(3 * HOUR);
    expect(names(cluster)).toEqual([`nightly-${minutes('2026-03-10T04:20Z')}`]);
    await cluster.pass(DAY);
    expect(names(cluster)).toHaveLength(2);
  });

  it('back after it was a year ahead does not stop backups for a year', async () => {
    const cluster = begin();
    await apply(cluster);
    cluster.time.wrongBy = 365 * DAY;
    await cluster.pass(MINUTE);
    await cluster.finish(names(cluster)[0] ?? '', 'Complete');
    cluster.time.wrongBy = 0;
    await cluster.pass(DAY);
    expect(names(cluster)).toContain(`nightly-${minutes('2026-03-11T04:20Z')}`);
    expect(names(cluster)).toHaveLength(2);
  });
});

it('makes every run exactly once, over a change of the clocks and with an engine that is killed at random', async () => {
  const cluster = begin('2026-03-10T12:00:00Z');
  await apply(cluster, { timeZone: 'America/New_York', schedule: '30 2 * * *', successfulJobsHistoryLimit: 100 });
  for (let hour = 0; hour < 24 * 10; hour++) {
    await cluster.pass(HOUR);
    if (hour % 7 === 3) {
      await cluster.stop();
      run(cluster);
    }
    for (const job of cluster.jobs())
      if (job.status?.conditions === undefined) await cluster.finish(job.metadata.name, 'Complete');
  }
  expect(names(cluster)).toHaveLength(10);
  expect(new Set(names(cluster)).size).toBe(10);
});
