import { describe, expect, it } from 'vitest';
import { ApiServerError, resources, type ApiServerErrorCode, type NewObject } from '../apiserver/index.ts';
import { BACKUP_NAMESPACE, encodeJobReport, etcdBackups, outcomeOf, type EtcdBackup } from '../crd/index.ts';
import { isEnded } from './job-state.ts';
import { FAILURE, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';

/** The condition that holds, in words. */
function held(cluster: OperatorCluster, name: string): string {
  const holding = cluster.etcdBackup(name).status?.conditions?.filter(({ status }) => status === 'True') ?? [];
  return holding.map(({ type, reason, message }) => `${type} (${reason ?? ''}): ${message ?? ''}`).join(' & ');
}

describe('An EtcdBackup', () => {
  it('gets one Job, which writes to the claim and carries what the command needs', async () => {
    const cluster = new OperatorCluster({ backupArgs: ['--layout', 'openshift'] });
    await cluster.claim('etcd-backup-pvc');
    const { metadata } = await cluster.ask('etcd-single-backup', { pvcName: 'etcd-backup-pvc' });
    const [job, ...others] = cluster.jobs();
    expect(others).toEqual([]);
    expect(job?.metadata).toMatchObject({
      name: 'cluster-backup-job-etcd-single-backup-00000000',
      namespace: 'openshift-etcd',
      labels: { app: 'cluster-backup-job', 'backup-name': 'etcd-single-backup' },
      ownerReferences: [{ kind: 'EtcdBackup', name: 'etcd-single-backup', uid: metadata.uid }],
    });
    expect(job?.spec).toMatchObject({ backoffLimit: 2, activeDeadlineSeconds: 3600 });
    const { containers, volumes, restartPolicy } = job?.spec.template.spec ?? {};
    expect(restartPolicy).toBe('Never');
    expect(volumes).toEqual([{ name: 'backups', persistentVolumeClaim: { claimName: 'etcd-backup-pvc' } }]);
    expect(containers).toHaveLength(1);
    expect(containers?.[0]).toMatchObject({
      command: ['holdfast'],
      volumeMounts: [{ name: 'backups', mountPath: '/backups' }],
      args: [
        ...['backup', '/backups', '--name', 'etcd-single-backup', '--uid', metadata.uid],
        ...[
          '--report-file',
          '/dev/termination-log',
          '--no-progress',
          '--log-format',
          'json',
          '--lock-wait',
          '3m',
          '--layout',
          'openshift',
        ],
      ],
    });
  });

  it('is pending while its Job is at work, and says which', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    const job = cluster.jobOf('single')?.metadata.name ?? '';
    expect(cluster.etcdBackup('single').status).toMatchObject({
      backupJob: { namespace: 'openshift-etcd', name: job },
      startTime: '2026-11-22T15:44:00Z',
    });
    expect(held(cluster, 'single')).toBe(`BackupPending (BackupPending): Executing job ${job} to save the backup`);
    expect(cluster.events()).toEqual([`BackupStarted: Executing job ${job} to save the backup`]);
  });

  it('is complete once the Job is and a pod of it told of a verified backup', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.end('single', SUCCESS);
    const words = 'backup-single-2026-11-22_154400: revision 31407, hash 3866667823, 114.4 MiB, 3.2 s';
    expect(held(cluster, 'single')).toBe(`BackupCompleted (BackupCompleted): ${words}`);
    expect(cluster.events()).toContain(`BackupCompleted: ${words}`);
    expect(cluster.etcdBackup('single').status).toMatchObject({
      completionTime: '2026-11-22T15:44:00Z',
      nodeName: 'master-0',
      backup: { revision: '31407', hash: 3866667823, bytes: 120000000, size: '114.4 MiB', seconds: 3.21 },
    });
    const types = cluster.etcdBackup('single').status?.conditions?.map(({ type, status }) => `${type}=${status}`);
    expect(types).toEqual(['BackupPending=False', 'BackupCompleted=True']);
  });

  it('is written twice in all: when the Job is made, and when it has ended', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.end('single', SUCCESS);
    await cluster.pass(3_600_000);
    expect(cluster.api.writes.filter(({ plural, verb }) => plural === 'etcdbackups' && verb !== 'create')).toEqual([
      { verb: 'updateStatus', plural: 'etcdbackups', name: 'single' },
      { verb: 'updateStatus', plural: 'etcdbackups', name: 'single' },
    ]);
  });

  it('fails with the reason that the pod gave', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.end('single', FAILURE);
    expect(held(cluster, 'single')).toBe('BackupFailed (BackupFailed): no member of etcd answers');
    expect(cluster.etcdBackup('single').status?.failure).toEqual({
      code: 'ETCD_UNREACHABLE',
      message: 'no member of etcd answers',
      hint: 'Start etcd.',
    });
    expect(cluster.events()).toContain('BackupFailed: no member of etcd answers (ETCD_UNREACHABLE) Start etcd.');
  });

  it('does not count as taken for a Job that is complete without a report', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.endJob(cluster.jobs()[0] ?? never(), 'Complete', 'everything went well');
    expect(held(cluster, 'single')).toContain('BackupFailed (BackupFailed)');
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_NO_REPORT');
  });

  it('does not count as taken for a report of a Job that failed', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.endJob(cluster.jobs()[0] ?? never(), 'Failed', encodeJobReport(SUCCESS), 'BackoffLimitExceeded');
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_JOB_FAILED');
    expect(held(cluster, 'single')).toContain(`reported the backup ${SUCCESS.id}`);
  });

  it('fails when its Job is removed while at work', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.api.delete(resources.jobs, cluster.jobs()[0]?.metadata ?? never());
    await cluster.settle();
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_JOB_GONE');
    expect(cluster.jobs()).toEqual([]);
  });

  it('fails with the words of the reference where the claim is not there', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single', { pvcName: 'no-such-pvc' });
    expect(held(cluster, 'single')).toBe('BackupFailed (BackupFailed): unable to find PVC [no-such-pvc]');
    expect(cluster.jobs()).toEqual([]);
  });

  it('fails where the claim has lost its volume', async () => {
    const cluster = new OperatorCluster();
    await cluster.claim('etcd-backup-pvc', 'Lost');
    await cluster.ask('single', { pvcName: 'etcd-backup-pvc' });
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_CLAIM_LOST');
  });

  it.each([undefined, ''])('without a claim (%o) goes to a folder of the host', async (pvcName) => {
    const cluster = new OperatorCluster({ hostFolder: '/srv/backups' });
    await cluster.ask('single', pvcName === undefined ? {} : { pvcName });
    expect(cluster.jobs()[0]?.spec.template.spec.volumes).toEqual([
      { name: 'backups', hostPath: { path: '/srv/backups', type: 'DirectoryOrCreate' } },
    ]);
  });

  it('waits for the namespace where there is none, and goes on once there is', async () => {
    const cluster = new OperatorCluster();
    cluster.api.namespaces.delete(BACKUP_NAMESPACE);
    await cluster.ask('single');
    expect(held(cluster, 'single')).toContain('waiting for the namespace openshift-etcd, which does not exist');
    cluster.api.namespaces.add(BACKUP_NAMESPACE);
    await cluster.pass(11_000);
    expect(cluster.jobOf('single')).toBeDefined();
  });

  it('fails where the API server refuses the Job as wrong', async () => {
    const cluster = new OperatorCluster();
    cluster.api.onWrite = refuseJobs('APISERVER_INVALID', 'spec.template is wrong');
    await cluster.ask('single');
    expect(cluster.etcdBackup('single').status?.failure?.code).toBe('OPERATOR_JOB_REFUSED');
    expect(held(cluster, 'single')).toContain('spec.template is wrong');
  });

  it('stays pending where the Job is forbidden, says so, and goes on when it no longer is', async () => {
    const cluster = new OperatorCluster();
    cluster.api.onWrite = refuseJobs('APISERVER_FORBIDDEN', 'exceeded quota');
    await cluster.ask('single');
    expect(held(cluster, 'single')).toMatch(/^BackupPending .*exceeded quota/);
    cluster.api.onWrite = () => undefined;
    await cluster.pass(300_000);
    expect(cluster.jobOf('single')).toBeDefined();
  });

  it.each([
    ['APISERVER_STATUS', 'failed calling webhook "gate": context deadline exceeded'],
    ['APISERVER_TOO_MANY_REQUESTS', 'too many requests'],
    ['APISERVER_TIMEOUT', 'did not answer in 30 s'],
  ] as const)('says what it waits for, and what to do, where the Job cannot be made: %s', async (code, message) => {
    const cluster = new OperatorCluster();
    cluster.api.onWrite = refuseJobs(code, message);
    await cluster.ask('single');
    expect(held(cluster, 'single')).toBe(`BackupPending (BackupPending): waiting: ${message}. A test asked for it.`);
    cluster.api.onWrite = () => undefined;
    await cluster.pass(1_000);
    expect(held(cluster, 'single')).toContain('Executing job ');
  });

  it('waits for a namespace that is being deleted to be there again', async () => {
    const cluster = new OperatorCluster();
    cluster.api.onWrite = refuseJobs('APISERVER_NAMESPACE_TERMINATING', 'is being terminated');
    await cluster.ask('single');
    expect(held(cluster, 'single')).toContain('the namespace openshift-etcd, which is being deleted');
    cluster.api.onWrite = () => undefined;
    await cluster.pass(11_000);
    expect(cluster.jobOf('single')).toBeDefined();
  });

  it('says that nothing is known of its Job while the pods cannot be read', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    cluster.api.list = () => Promise.reject(failure('APISERVER_FORBIDDEN', 'may not'));
    await cluster.end('single', SUCCESS);
    expect(held(cluster, 'single')).toMatch(/Executing job \S+ to save the backup: may not. A test asked for it.$/);
    Reflect.deleteProperty(cluster.api, 'list');
    await cluster.pass(10_000);
    expect(held(cluster, 'single')).toMatch(/^BackupCompleted/);
  });

  it('takes its running Job with it when it is removed', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.api.delete(etcdBackups, { name: 'single' });
    await cluster.settle();
    expect(cluster.jobs()).toEqual([]);
  });

  it('gets a new Job when it was removed and asked for anew under its name', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    const [first] = cluster.jobs();
    await cluster.stopOperator();
    await cluster.api.delete(etcdBackups, { name: 'single' });
    cluster.startOperator();
    const anew = await cluster.ask('single');
    await cluster.pass(10_000);
    expect(cluster.jobs().map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual([anew.metadata.uid]);
    expect(cluster.jobs()[0]?.metadata.uid).not.toBe(first?.metadata.uid);
  });

  it('keeps an outcome for good, also when its Job is gone and the operator new', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.end('single', SUCCESS);
    await cluster.api.delete(resources.jobs, cluster.jobs()[0]?.metadata ?? never());
    await cluster.stopOperator();
    cluster.startOperator();
    await cluster.pass(60_000);
    expect(outcomeOf(cluster.etcdBackup('single'))).toBe('BackupCompleted');
    expect(cluster.jobs()).toEqual([]);
  });
});

describe('Several EtcdBackups', () => {
  it('are taken one at a time, in the order in which they were asked for', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('c');
    cluster.time.advance(1000);
    await cluster.ask('b');
    await cluster.ask('a');
    expect(cluster.jobs()).toHaveLength(1);
    expect(held(cluster, 'a')).toContain('waiting for EtcdBackup c,');
    expect(held(cluster, 'b')).toContain('waiting for EtcdBackup a,');
    await cluster.end('c', FAILURE);
    await cluster.pass(2_000);
    expect([cluster.jobOf('a'), cluster.jobOf('b')].map(Boolean)).toEqual([true, false]);
    await cluster.end('a', SUCCESS);
    await cluster.pass(2_000);
    await cluster.end('b', SUCCESS);
    expect(['a', 'b', 'c'].map((name) => outcomeOf(cluster.etcdBackup(name)))).toEqual([
      'BackupCompleted',
      'BackupCompleted',
      'BackupFailed',
    ]);
  });

  it('close up when one that waits is removed', async () => {
    const cluster = new OperatorCluster();
    for (const name of ['a', 'b', 'c']) await cluster.ask(name);
    await cluster.api.delete(etcdBackups, { name: 'b' });
    await cluster.settle();
    expect(held(cluster, 'c')).toContain('waiting for EtcdBackup a,');
  });

  it('wait until the pods of a removed one are gone, but not for ever', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('a');
    await cluster.ask('b');
    const pod = await cluster.pod(cluster.jobs()[0] ?? never(), 'Running');
    await cluster.api.delete(etcdBackups, { name: 'a' });
    await cluster.pass(10_000);
    expect(held(cluster, 'b')).toContain(`waiting for pod ${pod.metadata.name} to end`);
    await cluster.api.delete(resources.pods, pod.metadata, { propagation: 'Foreground' });
    await cluster.pass(290_000);
    expect(cluster.jobs()).toEqual([]);
    await cluster.pass(20_000);
    expect(cluster.jobOf('b')).toBeDefined();
  });

  it('wait for the Job of another operator', async () => {
    const cluster = new OperatorCluster();
    const metadata = { name: 'foreign', namespace: BACKUP_NAMESPACE, labels: { app: 'cluster-backup-job' } };
    const containers = [{ name: 'other', image: 'other:1', command: ['other'] }];
    const spec = { template: { spec: { restartPolicy: 'Never', containers } } };
    const job = await cluster.api.create(resources.jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec });
    await cluster.ask('a');
    expect(held(cluster, 'a')).toContain('waiting for job foreign to end');
    await cluster.endJob(job, 'Complete');
    await cluster.pass(3_000);
    expect(cluster.jobOf('a')).toBeDefined();
  });

  it('are all taken in the end where hundreds are asked for at once', { timeout: 60_000 }, async () => {
    const cluster = new OperatorCluster();
    await cluster.stopOperator();
    const names = Array.from({ length: 300 }, (_, index) => `many-${String(index).padStart(4, '0')}`);
    for (const name of names) await cluster.api.create(etcdBackups, bare(name));
    cluster.startOperator();
    await cluster.settle();
    for (const name of names.slice(0, 5)) {
      expect(cluster.jobs().filter((job) => !isEnded(job))).toHaveLength(1);
      await cluster.end(name, SUCCESS);
    }
    // A status write for each at first; then only for those whose turn came.
    const writes = cluster.api.writes.filter(({ verb, plural }) => verb === 'updateStatus' && plural === 'etcdbackups');
    expect(writes.length).toBeLessThan(names.length + 25);
  });
});

function bare(name: string): NewObject<EtcdBackup> {
  return { apiVersion: 'operator.openshift.io/v1alpha1', kind: 'EtcdBackup', metadata: { name }, spec: {} };
}

function refuseJobs(code: ApiServerErrorCode, message: string) {
  return ({ verb, plural }: { verb: string; plural: string }): void => {
    if (verb === 'create' && plural === 'jobs') throw failure(code, message);
  };
}

function failure(code: ApiServerErrorCode, message: string): ApiServerError {
  return new ApiServerError(code, message, { hint: 'A test asked for it.' });
}

function never(): never {
  throw new Error('expected a Job');
}
