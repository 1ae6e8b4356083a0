import { describe, expect, it } from 'vitest';
import { OperatorCluster, SUCCESS } from '../../../test/kit/operator-cluster.ts';
import { resources } from '../../apiserver/index.ts';
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

describe('On a cluster that is no OpenShift', () => {
  it('the rules of OpenShift change nothing', async () => {
    const cluster = clusterWith({ beforeUpdate: {} });
    await cluster.settle();
    await cluster.ask('single');
    expect(cluster.jobs()).toHaveLength(1);
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

describe('When an update begins', () => {
  const UPDATE = [{ version: '4.18.1', state: 'Partial', startedTime: '2026-11-22T15:44:00Z' }, ...RELEASE];
  const NAME = 'before-update-4.18.1';

  it('a backup is taken, where that was asked for', async () => {
    const cluster = clusterWith({ freshHours: 0, beforeUpdate: {} });
    await cluster.openshift({ history: RELEASE });
    expect(cluster.api.all(etcdBackups)).toEqual([]);
    await cluster.openshift({ history: UPDATE });
    expect(cluster.api.all(etcdBackups).map(({ metadata }) => metadata.name)).toEqual([NAME]);
    const args = cluster.jobOf(NAME)?.spec.template.spec.containers[0]?.args ?? [];
    expect(args).toContain('before-update.holdfast');
    expect(args.slice(args.indexOf('--retain-number')).slice(0, 2)).toEqual(['--retain-number', '3']);
    expect(cluster.api.all(resources.events).map(({ reason }) => reason)).toContain('BackupBeforeUpdate');
    await cluster.end(NAME, SUCCESS);
    await cluster.openshift({ history: UPDATE });
    expect(cluster.api.all(etcdBackups)).toHaveLength(1);
  });

  it('none is taken where nobody asked for it', async () => {
    const cluster = clusterWith({ freshHours: 0 });
    await cluster.openshift({ history: UPDATE });
    expect(cluster.api.all(etcdBackups)).toEqual([]);
  });

  it('none is taken where a good one is young enough, however long the update goes on', async () => {
    const cluster = clusterWith({ freshHours: 0, beforeUpdate: { maxAgeMinutes: 60 } });
    await cluster.openshift({ history: RELEASE });
    await cluster.ask('single');
    await cluster.end('single', SUCCESS);
    await cluster.openshift({ history: UPDATE });
    await cluster.pass(20 * 60_000);
    await cluster.openshift({ history: UPDATE });
    expect(cluster.api.all(etcdBackups)).toHaveLength(1);
  });

  it('none is taken by an operator that comes up in the middle of it', async () => {
    const cluster = clusterWith({ freshHours: 0, beforeUpdate: {} });
    const begun = [{ version: '4.18.1', state: 'Partial', startedTime: '2026-11-22T14:44:00Z' }, ...RELEASE];
    await cluster.openshift({ history: begun });
    expect(cluster.api.all(etcdBackups)).toEqual([]);
  });

  it('none is taken during the installation, which completes no release before its own', async () => {
    const cluster = clusterWith({ freshHours: 0, beforeUpdate: {} });
    await cluster.openshift({ history: [{ version: '4.17.3', state: 'Partial' }] });
    expect(cluster.api.all(etcdBackups)).toEqual([]);
  });

  it('the objects of old ones go', async () => {
    const cluster = clusterWith({ freshHours: 0, beforeUpdate: { keep: 2 } });
    for (const minor of [18, 19, 20, 21]) {
      const now = `${cluster.time.now().toISOString().slice(0, 19)}Z`;
      await cluster.openshift({
        history: [{ version: `4.${minor}.0`, state: 'Partial', startedTime: now }, ...RELEASE],
      });
      await cluster.end(`before-update-4.${minor}.0`, SUCCESS);
      await cluster.pass(2 * 3_600_000);
    }
    expect(cluster.api.all(etcdBackups).map(({ metadata }) => metadata.name)).toEqual([
      'before-update-4.20.0',
      'before-update-4.21.0',
    ]);
  });
});
