import { describe, expect, it } from 'vitest';
import { OperatorCluster, SUCCESS } from '../../../test/kit/operator-cluster.ts';
import { etcdBackups } from '../../crd/index.ts';
import type { OpenShiftSettings } from './house-rules.ts';

const RELEASE = [{ version: '4.17.3', state: 'Completed', startedTime: '2026-10-01T00:00:00Z' }];
const GATE = ['AutomatedEtcdBackup'];

function clusterWith(openshift: OpenShiftSettings): OperatorCluster {
  return new OperatorCluster({ openshift });
}

function holding(cluster: OperatorCluster, name: string): string | undefined {
  return cluster.etcdBackup(name).status?.conditions?.find(({ status }) => status === 'True')?.message;
}

describe('Where cluster-etcd-operator takes care of backups, the operator', () => {
  it('makes nothing, and says so on each Backup', async () => {
    const cluster = clusterWith({ freshHours: 0 });
    await cluster.openshift({ history: RELEASE, features: GATE });
    await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
    await cluster.ask('single');
    expect(cluster.cronJobs()).toEqual([]);
    expect(cluster.jobs()).toEqual([]);
    const { conditions } = cluster.backup('nightly').status ?? {};
    expect(conditions).toMatchObject([{ type: 'HandledElsewhere', status: 'True', reason: 'ClusterEtcdOperator' }]);
    expect(cluster.etcdBackup('single').status).toBeUndefined();
    expect(cluster.events().filter((each) => each.includes('stands aside'))).toHaveLength(2);
  });

  it('takes over where it was told to', async () => {
    const cluster = clusterWith({ takeOver: true, freshHours: 0 });
    await cluster.openshift({ history: RELEASE, features: GATE });
    await cluster.ask('single');
    expect(cluster.jobs()).toHaveLength(1);
  });

  it('goes by the features of the release that the cluster goes to', async () => {
    const cluster = clusterWith({ freshHours: 0 });
    await cluster.openshift({ history: RELEASE });
    await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
    expect(cluster.cronJobs()).toHaveLength(1);
    await cluster.openshift({ history: RELEASE, features: GATE });
    expect(cluster.backup('nightly').status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'HandledElsewhere', status: 'True' }),
    );
    await cluster.openshift({ history: RELEASE });
    await cluster.pass(1_000);
    expect(cluster.backup('nightly').status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'HandledElsewhere', status: 'False' }),
    );
  });
});

describe('When cluster-etcd-operator begins to take care of backups', () => {
  it('what is at work already is followed to its end, and what waits is left to it', async () => {
    const cluster = clusterWith({ freshHours: 0 });
    await cluster.openshift({ history: RELEASE });
    await cluster.ask('one');
    await cluster.ask('two');
    await cluster.openshift({ history: RELEASE, features: GATE });
    await cluster.end('one', SUCCESS);
    expect(cluster.etcdBackup('one').status?.backup).toMatchObject({ id: SUCCESS.id });
    expect(holding(cluster, 'one')).toContain('revision 31407');
    expect(cluster.jobOf('two')).toBeUndefined();
  });

  it('finds those that have an outcome marked as it marks its own, so that it takes none again', async () => {
    const cluster = clusterWith({ freshHours: 0 });
    await cluster.openshift({ history: RELEASE });
    await cluster.ask('no-claim', { pvcName: 'gone' });
    expect(cluster.etcdBackup('no-claim').status?.failure?.code).toBe('OPERATOR_CLAIM_NOT_FOUND');
    expect(cluster.etcdBackup('no-claim').metadata.labels).toEqual({ state: 'processed' });
    await cluster.ask('single');
    expect(cluster.etcdBackup('single').metadata.labels).toBeUndefined();
  });
});

describe('On a cluster that is no OpenShift', () => {
  it('the rules of OpenShift change nothing', async () => {
    const cluster = clusterWith({ beforeUpdate: {} });
    await cluster.settle();
    await cluster.ask('single');
    expect(cluster.jobs()).toHaveLength(1);
    await cluster.end('single', SUCCESS);
    expect(cluster.etcdBackup('single').metadata.labels).toBeUndefined();
  });
});

describe('In a cluster that was installed less than a day ago', () => {
  it('backups wait, say until when, and begin then', async () => {
    const cluster = clusterWith({});
    await cluster.openshift({ history: RELEASE });
    await cluster.ask('single');
    expect(cluster.jobs()).toEqual([]);
    expect(holding(cluster, 'single')).toMatch(/^waiting until 2026-11-23T15:44:00Z: .*certificates/);
    await cluster.pass(24 * 3_600_000 + 60_000);
    expect(cluster.jobs()).toHaveLength(1);
  });

  it('a backup is taken at once for somebody who accepts what that means', async () => {
    const cluster = clusterWith({});
    await cluster.openshift({ history: RELEASE });
    await cluster.api.create(etcdBackups, {
      apiVersion: 'operator.openshift.io/v1alpha1',
      kind: 'EtcdBackup',
      metadata: { name: 'now', annotations: { 'backup.holdfast.io/fresh-cluster': 'accepted' } },
      spec: {},
    });
    await cluster.settle();
    expect(cluster.jobs()).toHaveLength(1);
  });

  it('scheduled runs are skipped, since the next one comes', async () => {
    const cluster = clusterWith({});
    await cluster.openshift({ history: RELEASE });
    await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
    const owner = await cluster.run(cluster.cronJobs()[0] ?? expect.fail('no CronJob'), 'nightly-1');
    await cluster.ask('nightly-1', { series: 'nightly', owner });
    const types = cluster.etcdBackup('nightly-1').status?.conditions?.map(({ type, status }) => `${type}=${status}`);
    expect(types).toEqual(['BackupSkipped=True']);
  });
});
