import { describe, expect, it } from 'vitest';
import { ClusterStorage } from '../../test/kit/cluster-storage.ts';
import { nodeOf, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { resources, type Job, type Pod } from '../apiserver/index.ts';
import { outcomeOf } from '../crd/index.ts';

const MINUTE_MS = 60_000;
const UNSCHEDULABLE = '0/3 nodes are available: 3 Insufficient memory.';

function pendingWords(cluster: OperatorCluster, name: string): string {
  const conditions = cluster.etcdBackup(name).status?.conditions ?? [];
  return conditions.find(({ type }) => type === 'BackupPending')?.message ?? '';
}

const jobOf = (cluster: OperatorCluster, name: string): Job => cluster.jobOf(name) ?? expect.fail(`no Job of ${name}`);

function podsOf(cluster: OperatorCluster, { metadata: { uid } }: Job): readonly Pod[] {
  const pods = cluster.api.all(resources.pods);
  return pods.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
}

/** What Kubernetes does once a Job is gone. */
async function collect(cluster: OperatorCluster, job: Job): Promise<void> {
  for (const { metadata } of podsOf(cluster, job)) await cluster.api.delete(resources.pods, metadata);
}

async function controlPlane(): Promise<{ cluster: OperatorCluster; storage: ClusterStorage }> {
  const cluster = new OperatorCluster();
  const storage = new ClusterStorage(cluster.api);
  for (const name of ['master-0', 'master-1', 'master-2']) await storage.node(name);
  return { cluster, storage };
}

describe('A Job whose pod does not start', () => {
  it('is given up after ten minutes, with what it waited for, and the next backup begins', async () => {
    const { cluster } = await controlPlane();
    await cluster.ask('first');
    const job = jobOf(cluster, 'first');
    await cluster.waitingPod(job, UNSCHEDULABLE);
    await cluster.ask('second');
    await cluster.pass(9 * MINUTE_MS);
    expect(pendingWords(cluster, 'first')).toContain(`its pod waits: Unschedulable: ${UNSCHEDULABLE}`);
    await cluster.pass(2 * MINUTE_MS);
    expect(cluster.etcdBackup('first').status?.failure).toMatchObject({
      code: 'OPERATOR_JOB_NOT_STARTED',
      message: `the pod of job ${job.metadata.name} was not started within 600 s: Unschedulable: ${UNSCHEDULABLE}`,
    });
    expect(cluster.jobs()).toEqual([]);
    // Its pod may be at work for all that anybody knows.
    expect(cluster.jobOf('second')).toBeUndefined();
    await collect(cluster, job);
    await cluster.pass(5_000);
    expect(cluster.jobOf('second')).toBeDefined();
  });

  it('is given up too where no pod of it can be made', async () => {
    const { cluster, storage } = await controlPlane();
    await cluster.ask('first');
    await cluster.ask('second');
    await storage.event(jobOf(cluster, 'first'), 'FailedCreate', 'serviceaccount "holdfast-backup" not found');
    await cluster.pass(11 * MINUTE_MS);
    expect(cluster.etcdBackup('first').status?.failure?.message).toContain(
      '600 s: FailedCreate: serviceaccount "holdfast-backup" not found',
    );
    await cluster.pass(11 * MINUTE_MS);
    expect(cluster.etcdBackup('second').status?.failure?.message).toContain('600 s: nobody says why');
    expect(cluster.jobs()).toEqual([]);
  });

  it('is kept once its pod has started, however long it works', async () => {
    const { cluster } = await controlPlane();
    await cluster.ask('first');
    await cluster.waitingPod(jobOf(cluster, 'first'), UNSCHEDULABLE);
    await cluster.pass(9 * MINUTE_MS);
    const [pod] = podsOf(cluster, jobOf(cluster, 'first'));
    await cluster.api.updateStatus(resources.pods, { ...(pod ?? expect.fail('no pod')), status: { phase: 'Running' } });
    await cluster.pass(40 * MINUTE_MS);
    expect(pendingWords(cluster, 'first')).toMatch(/to save the backup$/);
    await cluster.end('first', SUCCESS);
    expect(outcomeOf(cluster.etcdBackup('first'))).toBe('BackupCompleted');
  });

  it('says what those say who attach, provision and mount', async () => {
    const { cluster, storage } = await controlPlane();
    await storage.storageClass('disks', { volumeBindingMode: 'WaitForFirstConsumer' });
    const claim = await storage.claim('late', { storageClassName: 'disks' });
    await cluster.ask('single', { pvcName: 'late' });
    const job = jobOf(cluster, 'single');
    await cluster.waitingPod(job, UNSCHEDULABLE);
    const pod = podsOf(cluster, job)[0] ?? expect.fail('no pod');
    await storage.event(pod, 'FailedScheduling', UNSCHEDULABLE);
    await storage.event(claim, 'ProvisioningFailed', 'quota exceeded');
    await cluster.pass(21_000);
    expect(pendingWords(cluster, 'single')).toContain(
      `its pod waits: Unschedulable: ${UNSCHEDULABLE}; ProvisioningFailed: quota exceeded`,
    );
    const status = {
      phase: 'Pending' as const,
      containerStatuses: [{ name: 'cluster-backup', image: 'x', state: { waiting: { reason: 'ContainerCreating' } } }],
    };
    const { metadata } = claim;
    await cluster.api.updateStatus(resources.persistentVolumeClaims, {
      ...claim,
      metadata,
      status: { phase: 'Bound' },
    });
    await cluster.api.updateStatus(resources.pods, { ...pod, status });
    const later = '2026-11-22T15:45:00Z';
    await storage.event(pod, 'FailedAttachVolume', 'Multi-Attach error for volume "disk"', later);
    await cluster.pass(11_000);
    expect(pendingWords(cluster, 'single')).toContain(
      'its pod waits: ContainerCreating; FailedAttachVolume: Multi-Attach error for volume "disk"',
    );
  });
});

/** A pod at work whose node stops answering: it is told to go, and never does. */
async function loseNodeOf(cluster: OperatorCluster, name: string): Promise<Pod> {
  const made = await cluster.pod(jobOf(cluster, name), 'Running');
  const kept = { ...made, metadata: { ...made.metadata, finalizers: ['batch.kubernetes.io/job-tracking'] } };
  const pod = await cluster.api.update(resources.pods, kept);
  await cluster.pass(11_000);
  await cluster.node(pod.spec.nodeName ?? '', { isReady: false });
  await cluster.api.delete(resources.pods, pod.metadata);
  // The Job controller counts it as terminating.
  const job = jobOf(cluster, name);
  await cluster.api.updateStatus(resources.jobs, { ...job, status: { ...job.status, terminating: 1 } });
  return pod;
}

describe('A Job whose node dies under it', () => {
  it('is begun anew on another once its pod counts as lost, and not before', async () => {
    const { cluster, storage } = await controlPlane();
    await storage.volume('share');
    await storage.claim('shared', { volumeName: 'share' });
    await cluster.ask('single', { pvcName: 'shared' });
    const first = jobOf(cluster, 'single');
    await loseNodeOf(cluster, 'single');
    await cluster.pass(4 * MINUTE_MS);
    expect(jobOf(cluster, 'single').metadata.uid).toBe(first.metadata.uid);
    await cluster.pass(2 * MINUTE_MS);
    const second = jobOf(cluster, 'single');
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(cluster.jobs()).toHaveLength(1);
    expect(cluster.events()).toContain(
      `BackupLost: node master-0 does not answer, and with it job ${first.metadata.name} is lost; the backup begins anew`,
    );
    await cluster.end('single', SUCCESS);
    expect(outcomeOf(cluster.etcdBackup('single'))).toBe('BackupCompleted');
  });

  it('is not begun anew because of a clock that is wrong', async () => {
    const { cluster } = await controlPlane();
    await cluster.ask('single');
    const list = cluster.api.list.bind(cluster.api);
    const deletionTimestamp = '2026-11-22T12:00:00Z';
    cluster.api.list = async (resource, options) => {
      const all = await list(resource, options);
      const items = all.items.map((each) =>
        each.metadata.deletionTimestamp === undefined
          ? each
          : { ...each, metadata: { ...each.metadata, deletionTimestamp } },
      );
      return { ...all, items };
    };
    await loseNodeOf(cluster, 'single');
    const { uid } = jobOf(cluster, 'single').metadata;
    await cluster.pass(4 * MINUTE_MS);
    expect(jobOf(cluster, 'single').metadata.uid).toBe(uid);
    await cluster.pass(2 * MINUTE_MS);
    expect(jobOf(cluster, 'single').metadata.uid).not.toBe(uid);
  });

  it('goes to the disk of another node where it names no claim', async () => {
    const { cluster } = await controlPlane();
    await cluster.ask('single');
    expect(nodeOf(jobOf(cluster, 'single'))).toBe('master-0');
    await loseNodeOf(cluster, 'single');
    await cluster.pass(6 * MINUTE_MS);
    expect(nodeOf(jobOf(cluster, 'single'))).toBe('master-1');
  });

  it('waits for the node where its volume is nowhere else, for ten minutes', async () => {
    const { cluster, storage } = await controlPlane();
    await storage.localVolume('disk', ['master-0']);
    await storage.claim('local', { volumeName: 'disk' });
    await cluster.ask('single', { pvcName: 'local' });
    await loseNodeOf(cluster, 'single');
    await cluster.pass(6 * MINUTE_MS);
    expect(pendingWords(cluster, 'single')).toContain('can be reached from master-0, which is not ready');
    await cluster.pass(11 * MINUTE_MS);
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_VOLUME_NODE_NOT_READY');
  });

  it('and whose time is over has failed, though its pod never ends', async () => {
    const { cluster } = await controlPlane();
    await cluster.ask('single');
    await cluster.ask('second');
    await loseNodeOf(cluster, 'single');
    const job = jobOf(cluster, 'single');
    const target = { type: 'FailureTarget', status: 'True' as const, reason: 'DeadlineExceeded', message: 'too long' };
    await cluster.api.updateStatus(resources.jobs, { ...job, status: { ...job.status, conditions: [target] } });
    await cluster.pass(4 * MINUTE_MS);
    expect(outcomeOf(cluster.etcdBackup('single'))).toBe('BackupPending');
    await cluster.pass(2 * MINUTE_MS);
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_JOB_DEADLINE');
  });
});
