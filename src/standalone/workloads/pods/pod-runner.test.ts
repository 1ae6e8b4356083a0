import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/kit/temporary-folder.ts';
import { resources, type ObjectName, type Pod } from '../../../apiserver/index.ts';
import { attemptFiles } from '../runtime/attempt-files.ts';
import { NAMESPACE, TestCluster } from '../test-cluster.ts';
import { WorkloadError } from '../errors.ts';
import { createPodRunner, type PodRunner } from './pod-runner.ts';
import { TestRuntime } from './test-runtime.ts';

const SECOND = 1000;

interface Setting {
  readonly cluster: TestCluster;
  readonly runtime: TestRuntime;
  readonly runner: PodRunner;
}

async function begin(
  claimFolder: (claim: ObjectName) => Promise<string> = () => Promise.resolve('/srv'),
): Promise<Setting> {
  const cluster = await TestCluster.start();
  const { client, time, log } = cluster;
  const runtime = new TestRuntime(time);
  const runner = createPodRunner({
    ...{ client, time, log, runtime, claimFolder },
    nodeName: 'master-0',
    folder: await temporaryFolder(),
    program: ['holdfast.js'],
    podEnvironment: () => Promise.resolve({}),
    pods: cluster.informer(resources.pods),
  });
  cluster.start(runner);
  return { cluster, runtime, runner };
}

async function apply({ cluster }: Setting, spec: Partial<Pod['spec']> = {}): Promise<void> {
  await cluster.client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: NAMESPACE },
    spec: {
      nodeName: 'master-0',
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'x', command: ['holdfast'], args: ['backup'] }],
      ...spec,
    },
  });
  await quiet(cluster);
}

/** Files are read and written on the way, which takes more than a turn. */
async function quiet(cluster: TestCluster): Promise<void> {
  for (let round = 0; round < 10; round++) await cluster.settle();
}

async function status({ cluster }: Setting): Promise<NonNullable<Pod['status']>> {
  return (await cluster.pod('p')).status ?? {};
}

describe('a pod', () => {
  it('is running once its container is, and ends as that does', async () => {
    const setting = await begin();
    await apply(setting);
    expect(setting.runtime.last.attempt.argv).toEqual(['holdfast.js', 'backup']);
    expect(await status(setting)).toMatchObject({
      phase: 'Running',
      startTime: '2026-03-10T12:00:00Z',
      containerStatuses: [{ ready: true, state: { running: { startedAt: '2026-03-10T12:00:00Z' } } }],
    });
    await setting.cluster.pass(5 * SECOND);
    await writeFile(attemptFiles(setting.runtime.last.attempt.folder).termination, 'it did not go well');
    setting.runtime.last.end(3);
    await quiet(setting.cluster);
    const finishedAt = '2026-03-10T12:00:05Z';
    const terminated = { exitCode: 3, reason: 'Error', message: 'it did not go well', finishedAt };
    expect(await status(setting)).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ ready: false, restartCount: 0, state: { terminated } }],
    });
  });

  it('has its status written once for each that is news', async () => {
    const setting = await begin();
    await apply(setting);
    const { conditions = [] } = await status(setting);
    expect(conditions.find(({ type }) => type === 'Ready')).toEqual({
      type: 'Ready',
      status: 'True',
      lastTransitionTime: '2026-03-10T12:00:00Z',
    });
    const writes: string[] = [];
    setting.cluster.onRequest = ({ method, target }) => {
      if (method === 'PUT') writes.push(target);
    };
    await setting.cluster.client.patch(
      resources.pods,
      { name: 'p', namespace: NAMESPACE },
      { kind: 'merge', body: { metadata: { labels: { looked: 'at' } } } },
    );
    await quiet(setting.cluster);
    expect(writes).toEqual([]);
  });

  it('is started again after 10, 20, 40 seconds under OnFailure, until it succeeds', async () => {
    const setting = await begin();
    await apply(setting, { restartPolicy: 'OnFailure' });
    for (const [index, wait] of [10, 20, 40].entries()) {
      setting.runtime.last.end(1);
      await quiet(setting.cluster);
      expect((await status(setting)).containerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
      await setting.cluster.pass((wait - 1) * SECOND);
      expect(setting.runtime.started).toHaveLength(index + 1);
      await setting.cluster.pass(SECOND);
      await quiet(setting.cluster);
      expect(setting.runtime.started).toHaveLength(index + 2);
    }
    setting.runtime.last.end(0);
    await quiet(setting.cluster);
    expect(await status(setting)).toMatchObject({
      phase: 'Succeeded',
      containerStatuses: [{ restartCount: 3, lastState: { terminated: { exitCode: 1 } } }],
    });
  });

  it('that is deleted is asked to end, is killed after its grace, and goes then', async () => {
    const setting = await begin();
    await apply(setting, { terminationGracePeriodSeconds: 20 });
    await setting.cluster.client.delete(resources.pods, { name: 'p', namespace: NAMESPACE });
    await quiet(setting.cluster);
    await setting.cluster.pass(19 * SECOND);
    expect(setting.runtime.last.signals).toEqual(['SIGTERM']);
    expect(await setting.cluster.names(resources.pods)).toEqual(['p']);
    await setting.cluster.pass(SECOND);
    await quiet(setting.cluster);
    expect(setting.runtime.last.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(await setting.cluster.names(resources.pods)).toEqual([]);
  });

  it('ends when its own deadline has passed', async () => {
    const setting = await begin();
    await apply(setting, { activeDeadlineSeconds: 90 });
    await setting.cluster.pass(90 * SECOND);
    await quiet(setting.cluster);
    expect(setting.runtime.last.signals).toEqual(['SIGTERM']);
    setting.runtime.last.end(143);
    await quiet(setting.cluster);
    expect(await status(setting)).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
  });

  it('waits for its volume, and says so', async () => {
    let isThere = false;
    const missing = new WorkloadError('WORKLOAD_MOUNT_FAILED', 'no such volume yet', { hint: 'Wait.' });
    const setting = await begin(() => (isThere ? Promise.resolve('/srv') : Promise.reject(missing)));
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'pvc' } }];
    const containers = [
      {
        name: 'c',
        image: 'x',
        command: ['holdfast'],
        args: ['/backups'],
        volumeMounts: [{ name: 'v', mountPath: '/backups' }],
      },
    ];
    await apply(setting, { volumes, containers });
    expect((await status(setting)).containerStatuses?.[0]?.state?.waiting?.reason).toBe('ContainerCreating');
    expect(await setting.cluster.events()).toContainEqual(expect.stringContaining('FailedMount: no such volume yet'));
    isThere = true;
    await setting.cluster.pass(10 * SECOND);
    await quiet(setting.cluster);
    expect(setting.runtime.last.attempt.argv).toEqual(['holdfast.js', '/srv']);
  });

  it('of another node is left alone', async () => {
    const setting = await begin();
    await apply(setting, { nodeName: 'worker-0' });
    expect(setting.runtime.started).toEqual([]);
  });
});

describe('an orderly end', () => {
  const never = new AbortController().signal;

  it('waits as long as it may for a pod that does the work', async () => {
    const setting = await begin();
    await apply(setting, { volumes: [{ name: 'v', hostPath: { path: '/srv' } }] });
    const drained = setting.runner.drain({ graceMs: 300 * SECOND, signal: never });
    await setting.cluster.pass(299 * SECOND);
    expect(setting.runtime.last.signals).toEqual([]);
    setting.runtime.last.end(0);
    await setting.cluster.pass(SECOND);
    await drained;
    expect(await status(setting)).toMatchObject({ phase: 'Succeeded' });
  });

  it('does not wait for one that only waits for others, once none of those runs', async () => {
    const setting = await begin();
    await apply(setting);
    const drained = setting.runner.drain({ graceMs: 300 * SECOND, signal: never });
    await setting.cluster.pass(10 * SECOND);
    await quiet(setting.cluster);
    expect(setting.runtime.last.signals).toEqual(['SIGTERM']);
    setting.runtime.last.end(143);
    await quiet(setting.cluster);
    await setting.cluster.pass(SECOND);
    await drained;
    expect(await status(setting)).toMatchObject({ phase: 'Failed', reason: 'Terminated' });
  });
});
