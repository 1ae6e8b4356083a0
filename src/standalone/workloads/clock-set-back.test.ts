import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { resources } from '../../apiserver/index.ts';
import { formatTime } from '../../controller/index.ts';
import { createJobController } from './jobs/job-controller.ts';
import { createPodRunner } from './pods/pod-runner.ts';
import { TestRuntime } from './pods/test-runtime.ts';
import { NAMESPACE, TestCluster } from './test-cluster.ts';

const SECOND = 1000;
const DAY = 24 * 3_600 * SECOND;
const container = { name: 'backup', image: 'holdfast', command: ['holdfast'], args: ['backup'] };

it('a clock that is set back by a day does not keep a Job from trying again for a day', async () => {
  const cluster = await TestCluster.start();
  const { client, time, log } = cluster;
  const [jobs, pods] = [cluster.informer(resources.jobs), cluster.informer(resources.pods)];
  cluster.start(createJobController({ client, time, log, jobs, pods }));
  await client.create(resources.jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'backup', namespace: NAMESPACE },
    spec: { backoffLimit: 2, template: { spec: { restartPolicy: 'Never', containers: [container] } } },
  });
  await cluster.settle();
  const [first] = await cluster.all(resources.pods);
  if (first === undefined) throw new Error('the Job has made no pod');
  const terminated = { exitCode: 1, finishedAt: formatTime(time.now()) };
  const containerStatuses = [
    { name: 'backup', image: 'holdfast', ready: false, restartCount: 0, state: { terminated } },
  ];
  await client.updateStatus(resources.pods, { ...first, status: { phase: 'Failed', containerStatuses } });
  await cluster.settle();
  cluster.time.wrongBy = -DAY;
  await cluster.pass(30 * SECOND);
  expect(await cluster.names(resources.pods)).toHaveLength(2);
});

it('nor a container from being started again', async () => {
  const cluster = await TestCluster.start();
  const { client, time, log } = cluster;
  const runtime = new TestRuntime(time);
  cluster.start(
    createPodRunner({
      ...{ client, time, log, runtime },
      nodeName: 'master-0',
      folder: await temporaryFolder(),
      program: ['holdfast.js'],
      claimFolder: () => Promise.resolve('/srv'),
      podEnvironment: () => Promise.resolve({}),
      pods: cluster.informer(resources.pods),
    }),
  );
  await client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: NAMESPACE },
    spec: { nodeName: 'master-0', restartPolicy: 'OnFailure', containers: [container] },
  });
  const quiet = async (): Promise<void> => {
    for (let round = 0; round < 10; round++) await cluster.settle();
  };
  await quiet();
  runtime.last.end(1);
  await quiet();
  cluster.time.wrongBy = -DAY;
  await cluster.pass(30 * SECOND);
  await quiet();
  expect(runtime.started).toHaveLength(2);
});
