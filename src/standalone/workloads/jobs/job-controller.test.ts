import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/kit/seeded-random.ts';
import { resources, type ApiRequest, type Job, type Pod } from '../../../apiserver/index.ts';
import { formatTime } from '../../../controller/index.ts';
import { createJobController } from './job-controller.ts';
import { NAMESPACE, TestCluster } from '../test-cluster.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

async function begin(): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  run(cluster);
  return cluster;
}

function run(cluster: TestCluster): void {
  const { client, time, log } = cluster;
  const [jobs, pods] = [cluster.informer(resources.jobs), cluster.informer(resources.pods)];
  cluster.start(createJobController({ client, time, log, jobs, pods }));
}

async function apply(
  cluster: TestCluster,
  spec: Partial<Job['spec']> = {},
  restartPolicy = 'Never',
  name = 'backup',
): Promise<void> {
  await cluster.client.create(resources.jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      template: {
        metadata: { labels: { app: 'backup' } },
        spec: { restartPolicy, containers: [{ name: 'backup', image: 'holdfast' }] },
      },
      ...spec,
    },
  });
  await cluster.settle();
}

async function change(cluster: TestCluster, spec: Partial<Job['spec']>): Promise<void> {
  const job = await cluster.job('backup');
  await cluster.client.update(resources.jobs, { ...job, spec: { ...job.spec, ...spec } });
  await cluster.settle();
}

/** The pods that have not ended. */
async function live(cluster: TestCluster): Promise<readonly Pod[]> {
  return (await cluster.all(resources.pods)).filter(
    ({ status }) => !['Succeeded', 'Failed'].includes(status?.phase ?? ''),
  );
}

async function only(cluster: TestCluster): Promise<Pod> {
  const [pod, ...others] = await live(cluster);
  if (pod === undefined || others.length > 0) throw new Error(`${others.length + (pod ? 1 : 0)} pods`);
  return pod;
}

/** What a node says of a pod. */
async function report(
  cluster: TestCluster,
  pod: Pod,
  phase: 'Running' | 'Succeeded' | 'Failed',
  restartCount = 0,
): Promise<void> {
  const current = await cluster.pod(pod.metadata.name);
  const finishedAt = formatTime(cluster.time.now());
  const ended = { terminated: { exitCode: phase === 'Succeeded' ? 0 : 1, finishedAt } };
  const isRunning = phase === 'Running';
  const state = isRunning ? { running: { startedAt: finishedAt } } : ended;
  await cluster.client.updateStatus(resources.pods, {
    ...current,
    status: {
      ...current.status,
      phase,
      conditions: [{ type: 'Ready', status: isRunning ? 'True' : 'False' }],
      containerStatuses: [{ name: 'backup', image: 'holdfast', ready: isRunning, restartCount, state }],
    },
  });
  await cluster.settle();
}

/** Puts a pod on a node, so that it waits for the node when it is deleted. */
async function assign(cluster: TestCluster, pod: Pod): Promise<void> {
  await cluster.client.bindPod(pod.metadata, 'master-0');
  await cluster.settle();
}

function onExitCode1(action: string): object {
  return { rules: [{ action, onExitCodes: { operator: 'In', values: [1] } }] };
}

const conditionsOf = ({ status }: Job): readonly string[] =>
  (status?.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason ?? ''}`);

describe('a Job', () => {
  it('gets one pod, with the name, labels, owner and finalizer of upstream', async () => {
    const cluster = await begin();
    await apply(cluster);
    const pod = await only(cluster);
    const job = await cluster.job('backup');
    const { uid } = job.metadata;
    expect(pod.metadata.name).toMatch(/^backup-[a-z0-9]{5}$/);
    expect(pod.metadata).toMatchObject({
      labels: {
        app: 'backup',
        'batch.kubernetes.io/controller-uid': uid,
        'batch.kubernetes.io/job-name': 'backup',
        'controller-uid': uid,
        'job-name': 'backup',
      },
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [{ kind: 'Job', name: 'backup', uid, controller: true, blockOwnerDeletion: true }],
    });
    expect(job.status).toMatchObject({ active: 1, ready: 0, terminating: 0, startTime: '2026-03-10T12:00:00Z' });
    expect(await cluster.events()).toEqual([`SuccessfulCreate: Created pod: ${pod.metadata.name}`]);
  });

  it('is complete when its pod has succeeded, and never runs again', async () => {
    const cluster = await begin();
    await apply(cluster);
    const pod = await only(cluster);
    await report(cluster, pod, 'Running');
    expect((await cluster.job('backup')).status).toMatchObject({ active: 1, ready: 1 });
    await cluster.pass(MINUTE);
    await report(cluster, pod, 'Succeeded');
    const job = await cluster.job('backup');
    expect(job.status).toMatchObject({
      succeeded: 1,
      startTime: '2026-03-10T12:00:00Z',
      completionTime: '2026-03-10T12:01:00Z',
      uncountedTerminatedPods: {},
    });
    expect(job.status?.active).toBeUndefined();
    expect(conditionsOf(job)).toEqual([
      'SuccessCriteriaMet=True CompletionsReached',
      'Complete=True CompletionsReached',
    ]);
    expect(await cluster.events()).toContain('Completed: Job completed');
    expect((await cluster.pod(pod.metadata.name)).metadata.finalizers ?? []).toEqual([]);
    await cluster.client.delete(resources.pods, pod.metadata);
    await cluster.pass(60 * MINUTE);
    expect(await cluster.names(resources.pods)).toEqual([]);
  });

  it('tries again after 10, 20, 40 seconds, and fails beyond its backoff limit', async () => {
    const cluster = await begin();
    await apply(cluster, { backoffLimit: 3 });
    for (const wait of [10, 20, 40]) {
      await report(cluster, await only(cluster), 'Failed');
      await cluster.pass(wait * SECOND - 1);
      expect(await live(cluster)).toEqual([]);
      await cluster.pass(1);
      expect(await live(cluster)).toHaveLength(1);
    }
    await report(cluster, await only(cluster), 'Failed');
    const job = await cluster.job('backup');
    expect(job.status).toMatchObject({ failed: 4 });
    expect(conditionsOf(job)).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
    expect(await cluster.events()).toContain('BackoffLimitExceeded: Job has reached the specified backoff limit');
    await cluster.pass(60 * MINUTE);
    expect(await live(cluster)).toEqual([]);
  });

  it('fails at the first failed pod with a backoff limit of 0', async () => {
    const cluster = await begin();
    await apply(cluster, { backoffLimit: 0 });
    await report(cluster, await only(cluster), 'Failed');
    expect(conditionsOf(await cluster.job('backup'))).toContain('Failed=True BackoffLimitExceeded');
  });

  it('ends at the first failed pod that its policy says ends it', async () => {
    const cluster = await begin();
    await apply(cluster, { podFailurePolicy: onExitCode1('FailJob') });
    const pod = await only(cluster);
    await report(cluster, pod, 'Failed');
    const job = await cluster.job('backup');
    expect(job.status).toMatchObject({ failed: 1 });
    expect(conditionsOf(job)).toEqual(['FailureTarget=True PodFailurePolicy', 'Failed=True PodFailurePolicy']);
    const message = `Container backup for pod ${NAMESPACE}/${pod.metadata.name} failed with exit code 1 matching FailJob rule at index 0`;
    expect(job.status?.conditions).toMatchObject([{ message }, { message }]);
    expect(await cluster.events()).toContain(`PodFailurePolicy: ${message}`);
    await cluster.pass(60 * MINUTE);
    expect(await live(cluster)).toEqual([]);
  });

  it('does not count a pod that its policy ignores, and waits before the next one all the same', async () => {
    const cluster = await begin();
    await apply(cluster, { backoffLimit: 0, podFailurePolicy: onExitCode1('Ignore') });
    for (let round = 0; round < 3; round += 1) {
      await report(cluster, await only(cluster), 'Failed');
      expect(await live(cluster)).toEqual([]);
      await cluster.pass(60 * SECOND);
    }
    await report(cluster, await only(cluster), 'Succeeded');
    const job = await cluster.job('backup');
    expect(conditionsOf(job)).toContain('Complete=True CompletionsReached');
    expect(job.status?.failed).toBeUndefined();
    for (const { metadata } of await cluster.all(resources.pods)) expect(metadata.finalizers ?? []).toEqual([]);
  });

  it('counts restarts inside the pod against the limit', async () => {
    const cluster = await begin();
    await apply(cluster, { backoffLimit: 2 }, 'OnFailure');
    const pod = await only(cluster);
    await report(cluster, pod, 'Running', 1);
    expect(conditionsOf(await cluster.job('backup'))).toEqual([]);
    await report(cluster, pod, 'Running', 2);
    expect(await live(cluster)).toEqual([]);
    expect(conditionsOf(await cluster.job('backup'))).toContain('Failed=True BackoffLimitExceeded');
  });

  it('ends its pod at the deadline, and has failed once that is gone', async () => {
    const cluster = await begin();
    await apply(cluster, { activeDeadlineSeconds: 90 });
    const pod = await only(cluster);
    await assign(cluster, pod);
    await report(cluster, pod, 'Running');
    await cluster.pass(90 * SECOND);
    expect((await cluster.pod(pod.metadata.name)).metadata.deletionTimestamp).toBeDefined();
    expect(conditionsOf(await cluster.job('backup'))).toEqual(['FailureTarget=True DeadlineExceeded']);
    expect((await cluster.job('backup')).status).toMatchObject({ terminating: 1 });
    await report(cluster, pod, 'Failed');
    expect(conditionsOf(await cluster.job('backup'))).toEqual([
      'FailureTarget=True DeadlineExceeded',
      'Failed=True DeadlineExceeded',
    ]);
    expect(await cluster.events()).toContain('DeadlineExceeded: Job was active longer than specified deadline');
  });

  it('is complete although its deadline passed before anybody saw that it had succeeded', async () => {
    const cluster = await begin();
    await apply(cluster, { activeDeadlineSeconds: 90 });
    const pod = await only(cluster);
    await cluster.stop();
    await report(cluster, pod, 'Succeeded');
    cluster.time.advance(60 * MINUTE);
    run(cluster);
    await cluster.settle();
    expect(conditionsOf(await cluster.job('backup'))).toContain('Complete=True CompletionsReached');
  });

  it('has no pod while it is suspended, and its time begins anew afterwards', async () => {
    const cluster = await begin();
    await apply(cluster, { activeDeadlineSeconds: 600 });
    await cluster.pass(5 * MINUTE);
    await change(cluster, { suspend: true });
    expect(await live(cluster)).toEqual([]);
    expect(conditionsOf(await cluster.job('backup'))).toEqual(['Suspended=True JobSuspended']);
    expect((await cluster.job('backup')).status?.startTime).toBeUndefined();
    await cluster.pass(60 * MINUTE);
    await change(cluster, { suspend: false });
    await cluster.pass(MINUTE);
    expect(await live(cluster)).toHaveLength(1);
    const job = await cluster.job('backup');
    expect(conditionsOf(job)).toEqual(['Suspended=False JobResumed']);
    expect(job.status?.startTime).toBe('2026-03-10T13:05:00Z');
    expect(await cluster.events()).toEqual(
      expect.arrayContaining(['Suspended: Job suspended', 'Resumed: Job resumed']),
    );
  });

  it('goes when its time after the end is over', async () => {
    const cluster = await begin();
    await apply(cluster, { ttlSecondsAfterFinished: 120 });
    await report(cluster, await only(cluster), 'Succeeded');
    await cluster.pass(119 * SECOND);
    expect(await cluster.names(resources.jobs)).toEqual(['backup']);
    await cluster.pass(SECOND);
    expect(await cluster.names(resources.jobs)).toEqual([]);
  });

  it.each([
    [{ parallelism: 2, completions: 1 }, 'spec.parallelism and spec.completions have to be 1'],
    [{ completions: 3 }, 'spec.parallelism and spec.completions have to be 1'],
    [{ backoffLimitPerIndex: 1 }, 'spec.backoffLimitPerIndex is not known'],
  ])('is refused where one machine cannot do as it says: %j', async (spec, reason) => {
    const cluster = await begin();
    await apply(cluster, spec);
    expect(await cluster.names(resources.pods)).toEqual([]);
    expect(conditionsOf(await cluster.job('backup'))).toContain('Failed=True NotSupported');
    expect(await cluster.events()).toEqual([`NotSupported: holdfast standalone runs one pod at a time: ${reason}`]);
  });
});

describe('a pod that somebody deletes', () => {
  it('is made again, after it has ended, and counts as failed', async () => {
    const cluster = await begin();
    await apply(cluster);
    const pod = await only(cluster);
    await assign(cluster, pod);
    await report(cluster, pod, 'Running');
    await cluster.client.delete(resources.pods, pod.metadata);
    await cluster.pass(MINUTE);
    // Its process still runs: no second one beside it.
    expect((await only(cluster)).metadata.uid).toBe(pod.metadata.uid);
    await report(cluster, pod, 'Failed');
    await cluster.client.delete(resources.pods, pod.metadata, { gracePeriodSeconds: 0 });
    await cluster.pass(10 * SECOND);
    expect((await only(cluster)).metadata.uid).not.toBe(pod.metadata.uid);
    expect((await cluster.job('backup')).status).toMatchObject({ failed: 1, active: 1 });
  });

  it('is made again at once where it had no node, after the wait', async () => {
    const cluster = await begin();
    await apply(cluster);
    const pod = await only(cluster);
    await cluster.client.delete(resources.pods, pod.metadata);
    await cluster.pass(10 * SECOND);
    expect((await only(cluster)).metadata.uid).not.toBe(pod.metadata.uid);
  });

  it('is let go when its Job is deleted', async () => {
    const cluster = await begin();
    await apply(cluster);
    const pod = await only(cluster);
    await cluster.client.delete(resources.jobs, await cluster.job('backup').then(({ metadata }) => metadata), {
      propagation: 'Background',
    });
    await cluster.settle();
    expect((await cluster.pod(pod.metadata.name)).metadata.finalizers ?? []).toEqual([]);
  });
});

it.each([
  ['while its controller reads it', 'GET', '/jobs/backup'],
  ['when its pod has been made', 'POST', '/pods'],
])('is no failure where a Job goes %s', async (_when, method, path) => {
  const cluster = await TestCluster.start();
  const errors: unknown[] = [];
  const { client, time, log } = cluster;
  const [jobs, pods] = [cluster.informer(resources.jobs), cluster.informer(resources.pods)];
  cluster.start(createJobController({ client, time, log, jobs, pods, onResult: ({ error }) => errors.push(error) }));
  const remove = (request: ApiRequest): void => {
    if (request.method !== method || !request.target.endsWith(path)) return;
    cluster.onRequest = cluster.onAnswer = () => undefined;
    void client.delete(resources.jobs, { name: 'backup', namespace: NAMESPACE }, { propagation: 'Background' });
  };
  cluster[method === 'GET' ? 'onRequest' : 'onAnswer'] = remove;
  await apply(cluster);
  expect(await cluster.all(resources.jobs)).toEqual([]);
  expect(errors.filter((error) => error !== undefined)).toEqual([]);
});

it(
  'never has two pods, counts each once and ends right, wherever the engine is killed and requests fail',
  { timeout: 60_000 },
  async () => {
    const random = new SeededRandom(6);
    const cluster = await TestCluster.start();
    const wanted = new Map<string, boolean>();
    for (let index = 0; index < 12; index++) {
      const name = `job-${index}`;
      const isSuccess = index % 3 !== 0;
      wanted.set(name, isSuccess);
      await apply(cluster, { backoffLimit: 2 }, 'Never', name);
    }
    const failures = new Map<string, number>();
    const seen = new Set<string>();
    for (let round = 0; round < 400; round++) {
      run(cluster);
      // The engine dies at some request, before or after it is carried out; its first two are those of its informers.
      let left = 3 + random.below(12);
      const die = (): void => {
        if (--left < 0) throw new Error('killed');
      };
      cluster[random.pick(['onRequest', 'onAnswer'] as const)] = die;
      await cluster.settle();
      cluster.onRequest = cluster.onAnswer = () => undefined;
      await cluster.stop();
      cluster.time.advance(20 * SECOND);
      for (const pod of await live(cluster)) {
        const { name, ownerReferences } = pod.metadata;
        const owner = ownerReferences?.[0]?.name ?? '';
        seen.add(name);
        const failed = failures.get(owner) ?? 0;
        const ends = wanted.get(owner) === true && failed === 1 ? 'Succeeded' : 'Failed';
        if (ends === 'Failed') failures.set(owner, failed + 1);
        await report(cluster, pod, ends);
      }
      const owners = (await live(cluster)).map(({ metadata }) => metadata.ownerReferences?.[0]?.name);
      expect(new Set(owners).size).toBe(owners.length);
      if ((await cluster.all(resources.jobs)).every((job) => conditionsOf(job).length === 2)) break;
    }
    for (const [name, isSuccess] of wanted) {
      const job = await cluster.job(name);
      expect(conditionsOf(job)).toContain(
        isSuccess ? 'Complete=True CompletionsReached' : 'Failed=True BackoffLimitExceeded',
      );
      expect(job.status).toMatchObject(isSuccess ? { succeeded: 1, failed: 1 } : { failed: 3 });
    }
    expect(seen.size).toBe([...wanted.values()].reduce((sum, isSuccess) => sum + (isSuccess ? 2 : 3), 0));
  },
);
