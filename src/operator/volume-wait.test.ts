import { describe, expect, it } from 'vitest';
import { ClusterStorage } from '../../test/kit/cluster-storage.ts';
import { nodeOf, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { resources, type Condition } from '../apiserver/index.ts';
import { encodeJobReport, outcomeOf, type JobReport } from '../crd/index.ts';
import type { BackupJobSettings } from './settings.ts';

const MINUTE_MS = 60_000;
const MASTERS = ['master-0', 'master-1', 'master-2'];

/** A cluster with three control-plane nodes, and a claim `local` whose volume is on `host`. */
async function begin(
  host: string,
  settings: Partial<BackupJobSettings> = {},
): Promise<{ cluster: OperatorCluster; storage: ClusterStorage }> {
  const cluster = new OperatorCluster(settings);
  const storage = new ClusterStorage(cluster.api);
  for (const name of MASTERS) await storage.node(name);
  await storage.localVolume('disk', [host]);
  await storage.claim('local', { volumeName: 'disk' });
  return { cluster, storage };
}

function said(cluster: OperatorCluster, name: string, type: string): Condition | undefined {
  return cluster.etcdBackup(name).status?.conditions?.find((each) => each.type === type);
}

const told = (cluster: OperatorCluster, reason: string): readonly string[] =>
  cluster.events().filter((each) => each.startsWith(`${reason}: `));

describe('A backup whose volume cannot be had yet', () => {
  it('waits, says why in a condition and once in an event, and begins when it can be had', async () => {
    const { cluster } = await begin('master-1');
    await cluster.node('master-1', { isReady: false });
    await cluster.ask('single', { pvcName: 'local' });
    const message = 'volume disk of PVC [local] can be reached from master-1, which is not ready';
    expect(said(cluster, 'single', 'BackupPending')).toMatchObject({ status: 'True', message: `waiting: ${message}` });
    expect(said(cluster, 'single', 'VolumeReady')).toMatchObject({
      ...{ status: 'False', reason: 'OPERATOR_VOLUME_NODE_NOT_READY', message },
    });
    await cluster.pass(5 * MINUTE_MS);
    expect(cluster.jobs()).toEqual([]);
    expect(told(cluster, 'VolumeNotReady')).toEqual([`VolumeNotReady: ${message} (OPERATOR_VOLUME_NODE_NOT_READY)`]);
    await cluster.node('master-1');
    await cluster.pass(15_000);
    expect(said(cluster, 'single', 'VolumeReady')).toBeUndefined();
    await cluster.end('single', SUCCESS);
    expect(outcomeOf(cluster.etcdBackup('single'))).toBe('BackupCompleted');
  });

  it('fails after ten minutes, and the next one begins, whatever comes of it', async () => {
    const { cluster, storage } = await begin('master-9');
    await storage.volume('share');
    await storage.claim('shared', { volumeName: 'share' });
    await cluster.ask('first', { pvcName: 'local' });
    await cluster.pass(1_000);
    await cluster.ask('second', { pvcName: 'local' });
    await cluster.pass(1_000);
    await cluster.ask('third', { pvcName: 'shared' });
    await cluster.pass(9 * MINUTE_MS);
    expect(outcomeOf(cluster.etcdBackup('first'))).toBe('BackupPending');
    await cluster.pass(MINUTE_MS);
    // The second has waited for the same claim meanwhile.
    for (const name of ['first', 'second']) {
      const { status } = cluster.etcdBackup(name);
      expect(status?.failure).toMatchObject({
        code: 'OPERATOR_VOLUME_NODE_GONE',
        message: expect.stringContaining('is on master-9, and there is no such node, for 60') as string,
      });
      expect(said(cluster, name, 'VolumeReady')).toMatchObject({
        status: 'False',
        reason: 'OPERATOR_VOLUME_NODE_GONE',
      });
    }
    expect(cluster.jobOf('third')).toBeDefined();
  });

  it('has the time that the settings say', async () => {
    const { cluster } = await begin('master-9', { startDeadlineSeconds: 1800 });
    await cluster.ask('single', { pvcName: 'local' });
    await cluster.pass(29 * MINUTE_MS);
    expect(outcomeOf(cluster.etcdBackup('single'))).toBe('BackupPending');
    await cluster.pass(MINUTE_MS);
    expect(outcomeOf(cluster.etcdBackup('single'))).toBe('BackupFailed');
  });

  it('fails at once where it never can be had', async () => {
    const { cluster, storage } = await begin('worker-0');
    await storage.node('worker-0', { isWorker: true });
    await cluster.ask('single', { pvcName: 'local' });
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_VOLUME_UNREACHABLE');
    expect(said(cluster, 'single', 'VolumeReady')?.status).toBe('False');
    expect(told(cluster, 'BackupFailed')).toHaveLength(1);
    expect(told(cluster, 'VolumeNotReady')).toEqual([]);
  });

  it('is no news for the moment that a claim takes to be bound', async () => {
    const { cluster, storage } = await begin('master-0');
    await storage.storageClass('disks');
    const claim = await storage.claim('new', { storageClassName: 'disks' });
    await cluster.ask('single', { pvcName: 'new' });
    expect(said(cluster, 'single', 'BackupPending')?.message).toBe('waiting: PVC [new] waits for disks.example.com');
    await cluster.pass(5_000);
    expect(said(cluster, 'single', 'VolumeReady')).toBeUndefined();
    await storage.volume('made');
    const bound = { ...claim, spec: { ...claim.spec, volumeName: 'made' } };
    const updated = await cluster.api.update(resources.persistentVolumeClaims, bound);
    await cluster.api.updateStatus(resources.persistentVolumeClaims, { ...updated, status: { phase: 'Bound' } });
    await cluster.pass(3_000);
    expect(cluster.jobOf('single')).toBeDefined();
    expect(told(cluster, 'VolumeNotReady')).toEqual([]);
  });
});

describe('The Job of a backup with a claim', () => {
  it('goes to the node where a volume for one node is in use', async () => {
    const { cluster, storage } = await begin('master-0');
    const accessModes = ['ReadWriteOnce'];
    await storage.volume('block', { csi: { driver: 'd', volumeHandle: 'h' }, accessModes });
    await storage.claim('once', { volumeName: 'block', accessModes });
    await storage.pod('viewer', 'once', 'master-2');
    await cluster.ask('single', { pvcName: 'once' });
    const job = cluster.jobOf('single');
    expect(job && nodeOf(job)).toBe('master-2');
    expect(cluster.etcdBackup('single').status?.nodeName).toBe('master-2');
  });

  it('is made for a volume that is likely too small, with a warning', async () => {
    const { cluster } = await begin('master-0');
    await cluster.ask('first', { pvcName: 'local' });
    await cluster.end('first', { ...SUCCESS, bytes: 12 * 1024 ** 3 });
    await cluster.ask('second', { pvcName: 'local' });
    expect(cluster.jobOf('second')).toBeDefined();
    expect(told(cluster, 'VolumeSmall')).toEqual([
      'VolumeSmall: PVC [local] has 10Gi, and the last backup took 12.0 GiB',
    ]);
    expect(said(cluster, 'second', 'VolumeReady')).toBeUndefined();
  });

  it.each([
    ['STORE_FULL', {}, 'STORE_FULL'],
    ['STORE_READ_ONLY', {}, 'STORE_READ_ONLY'],
    ['OPERATION_REFUSED', { findings: ['HOST_X', 'BACKUP_NO_ROOM'] }, 'BACKUP_NO_ROOM'],
  ])('that failed for its volume says so (%s), and the next one is tried', async (code, more, reason) => {
    const { cluster } = await begin('master-0');
    await cluster.ask('first', { pvcName: 'local' });
    const report: JobReport = {
      outcome: 'failed',
      code,
      message: 'no room on the volume',
      hint: 'Make room.',
      ...more,
    };
    await cluster.end('first', report);
    expect(said(cluster, 'first', 'VolumeReady')).toMatchObject({ status: 'False', reason, message: report.message });
    expect(cluster.etcdBackup('first').status?.failure?.code).toBe(code);
    await cluster.ask('second', { pvcName: 'local' });
    await cluster.end('second', SUCCESS);
    expect(outcomeOf(cluster.etcdBackup('second'))).toBe('BackupCompleted');
    expect(said(cluster, 'second', 'VolumeReady')).toBeUndefined();
  });

  it('says so after the first attempt already, and no more once a later one succeeds', async () => {
    const { cluster } = await begin('master-0');
    await cluster.ask('single', { pvcName: 'local' });
    const report: JobReport = { outcome: 'failed', code: 'STORE_READ_ONLY', message: 'mounted read-only', hint: '' };
    await cluster.pod(cluster.jobOf('single') ?? expect.fail('no Job'), 'Failed', encodeJobReport(report));
    await cluster.pass(11_000);
    expect(said(cluster, 'single', 'BackupPending')?.message).toContain(
      'an attempt has failed: mounted read-only (STORE_READ_ONLY)',
    );
    expect(said(cluster, 'single', 'VolumeReady')).toMatchObject({ status: 'False', reason: 'STORE_READ_ONLY' });
    await cluster.end('single', SUCCESS);
    expect(outcomeOf(cluster.etcdBackup('single'))).toBe('BackupCompleted');
    expect(said(cluster, 'single', 'VolumeReady')).toBeUndefined();
  });

  it('that failed for something else says nothing of its volume', async () => {
    const { cluster } = await begin('master-0');
    await cluster.ask('first', { pvcName: 'local' });
    await cluster.end('first', { outcome: 'failed', code: 'ETCD_UNREACHABLE', message: 'no member', hint: '' });
    expect(said(cluster, 'first', 'VolumeReady')).toBeUndefined();
  });
});
