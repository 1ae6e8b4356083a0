import { describe, expect, it } from 'vitest';
import { resources, type Pod, type StorageClass } from '../../../apiserver/index.ts';
import { NAMESPACE, TestCluster } from '../test-cluster.ts';
import { createScheduler } from './scheduler.ts';

const NO_USE = 'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

async function begin(maxPods = 2): Promise<TestCluster> {
  const cluster = await TestCluster.start();
  const { client, time, log } = cluster;
  await client.create(resources.nodes, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'master-0', labels: { 'node-role.kubernetes.io/master': '' } },
  });
  const [pods, claims] = [cluster.informer(resources.pods), cluster.informer(resources.persistentVolumeClaims)];
  const [classes, nodes] = [cluster.informer(resources.storageClasses), cluster.informer(resources.nodes)];
  cluster.start(createScheduler({ client, time, log, nodeName: 'master-0', maxPods, pods, claims, classes, nodes }));
  return cluster;
}

const STORAGE = { volumes: [{ name: 'v', hostPath: { path: '/srv' } }] };
const CLAIM = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'pvc' } }] };

async function apply(cluster: TestCluster, name: string, spec: Partial<Pod['spec']> = {}): Promise<void> {
  await cluster.client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: { containers: [{ name: 'c', image: 'x' }], ...spec },
  });
  await cluster.settle();
}

async function claim(
  cluster: TestCluster,
  storage: Pick<StorageClass, 'provisioner' | 'volumeBindingMode'>,
): Promise<void> {
  await cluster.client.create(resources.storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'folders' },
    ...storage,
  });
  await cluster.client.create(resources.persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'pvc', namespace: NAMESPACE },
    spec: { storageClassName: 'folders', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  await cluster.settle();
}

async function obstacleOf(cluster: TestCluster, name: string): Promise<string | undefined> {
  const { status } = await cluster.pod(name);
  return status?.conditions?.find(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable')?.message;
}

async function assigned(cluster: TestCluster): Promise<readonly string[]> {
  const pods = (await cluster.all(resources.pods)).filter(({ spec }) => spec.nodeName === 'master-0');
  return pods.map(({ metadata }) => metadata.name).sort();
}

async function end(cluster: TestCluster, name: string): Promise<void> {
  const pod = await cluster.pod(name);
  await cluster.client.updateStatus(resources.pods, { ...pod, status: { ...pod.status, phase: 'Succeeded' } });
  await cluster.settle();
}

describe('a pod', () => {
  it('gets the node, and an event says so', async () => {
    const cluster = await begin();
    const terms = [{ matchExpressions: [{ key: 'node-role.kubernetes.io/master', operator: 'Exists' }] }];
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
    await apply(cluster, 'p', { affinity });
    expect(await assigned(cluster)).toEqual(['p']);
    expect(await cluster.events()).toEqual([`Scheduled: Successfully assigned ${NAMESPACE}/p to master-0`]);
  });

  it('whose labels or affinity ask for another node waits', async () => {
    const cluster = await begin();
    const terms = [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }];
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
    await apply(cluster, 'labels', { nodeSelector: { zone: 'a' } });
    await apply(cluster, 'affinity', { affinity });
    const words = `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. ${NO_USE}`;
    expect(await obstacleOf(cluster, 'labels')).toBe(words);
    expect(await obstacleOf(cluster, 'affinity')).toBe(words);
    expect(await cluster.events()).toContain(`FailedScheduling: ${words}`);
    const node = await cluster.client.get(resources.nodes, { name: 'master-0' });
    await cluster.client.update(resources.nodes, { ...node, metadata: { ...node.metadata, labels: { zone: 'a' } } });
    await cluster.settle();
    expect(await assigned(cluster)).toEqual(['affinity', 'labels']);
  });

  it('waits for a claim that is not there, or that nobody binds', async () => {
    const cluster = await begin();
    await apply(cluster, 'p', CLAIM);
    expect(await obstacleOf(cluster, 'p')).toBe(
      `0/1 nodes are available: persistentvolumeclaim "pvc" not found. ${NO_USE}`,
    );
    await claim(cluster, { provisioner: 'x', volumeBindingMode: 'Immediate' });
    expect(await obstacleOf(cluster, 'p')).toBe(
      `0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. ${NO_USE}`,
    );
  });

  it('is the first consumer that a claim waits for', async () => {
    const cluster = await begin();
    await claim(cluster, { provisioner: 'holdfast.io/folder', volumeBindingMode: 'WaitForFirstConsumer' });
    await apply(cluster, 'p', CLAIM);
    const found = await cluster.client.get(resources.persistentVolumeClaims, { name: 'pvc', namespace: NAMESPACE });
    expect(found.metadata.annotations?.[SELECTED_NODE]).toBe('master-0');
    expect(await assigned(cluster)).toEqual([]);
    expect(await obstacleOf(cluster, 'p')).toBeUndefined();
    await cluster.client.updateStatus(resources.persistentVolumeClaims, { ...found, status: { phase: 'Bound' } });
    await cluster.settle();
    expect(await assigned(cluster)).toEqual(['p']);
  });
});

describe('room', () => {
  it('is for so many pods at a time; the others follow in order', async () => {
    const cluster = await begin(2);
    for (const name of ['a', 'b', 'c', 'd']) await apply(cluster, name, STORAGE);
    expect(await assigned(cluster)).toEqual(['a', 'b']);
    expect(await obstacleOf(cluster, 'c')).toContain('1 Too many pods.');
    await end(cluster, 'b');
    expect(await assigned(cluster)).toEqual(['a', 'b', 'c']);
    await end(cluster, 'a');
    expect(await assigned(cluster)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('for pods that do the work is never taken by those that wait for it', async () => {
    const cluster = await begin(2);
    for (const name of ['ask-1', 'ask-2', 'ask-3']) await apply(cluster, name);
    await apply(cluster, 'work', STORAGE);
    expect(await assigned(cluster)).toEqual(['ask-1', 'ask-2', 'work']);
  });
});
