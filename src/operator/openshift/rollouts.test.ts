import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OperatorCluster, SUCCESS } from '../../../test/kit/operator-cluster.ts';
import { resources } from '../../apiserver/index.ts';
import { etcdBackups } from '../../crd/index.ts';
import type { OpenShiftSettings } from './house-rules.ts';

const RELEASE = [{ version: '4.17.3', state: 'Completed', startedTime: '2026-10-01T00:00:00Z' }];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

async function openshift(
  settings: OpenShiftSettings = {},
  backupArgs: readonly string[] = [],
): Promise<OperatorCluster> {
  const cluster = new OperatorCluster({ backupArgs, openshift: { freshHours: 0, ...settings } });
  await cluster.openshift({ history: RELEASE });
  for (const name of ['etcd', 'kube-apiserver', 'kube-scheduler', 'ingress']) await cluster.rollout(name, undefined);
  return cluster;
}

function holding(cluster: OperatorCluster, name: string): string {
  const condition = cluster.etcdBackup(name).status?.conditions?.find(({ status }) => status === 'True');
  return `${condition?.type ?? ''}: ${condition?.message ?? ''}`;
}

function argsOf(cluster: OperatorCluster, name: string): readonly string[] {
  return cluster.jobOf(name)?.spec.template.spec.containers[0]?.args ?? expect.fail(`${name} has no Job`);
}

async function askAccepting(cluster: OperatorCluster, name: string, what: 'rollout' | 'fresh-cluster'): Promise<void> {
  await cluster.api.create(etcdBackups, {
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name, annotations: { [`backup.holdfast.io/${what}`]: 'accepted' } },
    spec: {},
  });
  await cluster.settle();
}

describe('While an operator of the control plane rolls out, a backup', () => {
  it('waits, says for whom and what it says, and begins as soon as that is over', async () => {
    const cluster = await openshift();
    await cluster.rollout('kube-apiserver', '1 node at revision 6');
    await cluster.ask('single');
    expect(holding(cluster, 'single')).toBe(
      'BackupPending: waiting until 2026-11-22T17:44:00Z at most, since the operator kube-apiserver rolls out since ' +
        '2026-11-22T15:44:00Z (1 node at revision 6)',
    );
    await cluster.pass(10 * MINUTE_MS);
    await cluster.rollout('kube-apiserver', '2 nodes at revision 6');
    expect(holding(cluster, 'single')).toContain('2 nodes at revision 6');
    expect(cluster.jobs()).toEqual([]);
    await cluster.rollout('kube-apiserver', undefined);
    expect(cluster.jobs()).toHaveLength(1);
  });

  it('is not held up by operators of which it holds nothing', async () => {
    const cluster = await openshift();
    await cluster.rollout('ingress', '1 of 2 replicas');
    await cluster.ask('single');
    expect(cluster.jobs()).toHaveLength(1);
  });

  it('fails with the truth when it has waited long enough, and those behind it do not wait for it', async () => {
    const cluster = await openshift({ rolloutWaitMs: HOUR_MS });
    await cluster.rollout('etcd', 'stuck');
    await cluster.ask('one');
    await cluster.pass(30 * MINUTE_MS);
    await cluster.ask('two');
    expect(holding(cluster, 'two')).toContain('waiting for EtcdBackup one');
    await cluster.pass(30 * MINUTE_MS + 2_000);
    expect(cluster.etcdBackup('one').status?.failure).toMatchObject({
      code: 'OPERATOR_ROLLOUT_TOO_LONG',
      message:
        'no backup was taken, since the operator etcd rolls out since 2026-11-22T15:44:00Z (stuck): a backup waits 60 minutes for that',
      hint: expect.stringContaining('backup.holdfast.io/rollout=accepted') as string,
    });
    expect(holding(cluster, 'two')).toContain('waiting until 2026-11-22T17:14:00Z');
    await cluster.pass(30 * MINUTE_MS);
    expect(holding(cluster, 'two')).toContain('BackupFailed');
    expect(cluster.jobs()).toEqual([]);
  });

  it('is taken in spite of it when it has waited long enough, where the operator was told so', async () => {
    const cluster = await openshift({ rolloutWaitMs: HOUR_MS }, ['--despite-rollout']);
    await cluster.rollout('etcd', 'stuck');
    await cluster.ask('single');
    await cluster.pass(59 * MINUTE_MS);
    expect(cluster.jobs()).toEqual([]);
    await cluster.pass(2 * MINUTE_MS);
    expect(argsOf(cluster, 'single')).toContain('--despite-rollout');
  });

  it('has not waited for it while it waited for another', async () => {
    const cluster = await openshift({ rolloutWaitMs: HOUR_MS });
    await cluster.ask('one');
    const pod = await cluster.pod(cluster.jobOf('one') ?? expect.fail('no Job'), 'Running');
    await cluster.ask('two');
    await cluster.pass(2 * HOUR_MS);
    await cluster.rollout('etcd', 'just begun');
    await cluster.api.delete(resources.pods, pod.metadata);
    await cluster.end('one', SUCCESS);
    expect(holding(cluster, 'two')).toContain('waiting until 2026-11-22T18:44:00Z');
  });

  it('that has begun goes on, and its Job sees to it by itself', async () => {
    const cluster = await openshift();
    await cluster.ask('single');
    await cluster.rollout('etcd', 'begun');
    expect(argsOf(cluster, 'single').join(' ')).toContain('--rollout-wait 1800s');
    await cluster.end('single', SUCCESS);
    expect(holding(cluster, 'single')).toContain('BackupCompleted');
  });

  it('is taken at once for somebody who accepts that, before those that wait', async () => {
    const cluster = await openshift();
    await cluster.rollout('etcd', 'stuck');
    await cluster.ask('patient');
    await cluster.pass(1_000);
    await askAccepting(cluster, 'bold', 'rollout');
    expect(argsOf(cluster, 'bold')).toContain('--despite-rollout');
    expect(holding(cluster, 'patient')).toContain('waiting for EtcdBackup bold, which goes first');
    await cluster.end('bold', { ...SUCCESS, forced: true });
    expect(holding(cluster, 'patient')).toContain('since the operator etcd rolls out');
  });

  it('does not wait where nobody wants that: its Job refuses', async () => {
    const cluster = await openshift({ rolloutWaitMs: 0 });
    await cluster.rollout('etcd', 'begun');
    await cluster.ask('single');
    expect(argsOf(cluster, 'single').join(' ')).not.toContain('rollout');
  });

  it('waits after a restart of the operator as before', async () => {
    const cluster = await openshift();
    await cluster.rollout('etcd', 'begun');
    await cluster.ask('single');
    await cluster.stopOperator();
    cluster.startOperator();
    await cluster.settle();
    expect(cluster.jobs()).toEqual([]);
    await cluster.rollout('etcd', undefined);
    expect(cluster.jobs()).toHaveLength(1);
  });

  it('wakes nothing that has ended', async () => {
    const cluster = await openshift();
    await cluster.ask('done');
    await cluster.end('done', SUCCESS);
    const before = cluster.api.writes.length;
    await cluster.rollout('etcd', 'begun');
    expect(cluster.api.writes.slice(before).map(({ plural }) => plural)).toEqual(['clusteroperators']);
  });
});

describe('Where the operators cannot be seen', () => {
  it('backups are taken all the same, since their Jobs ask too', async () => {
    const cluster = new OperatorCluster({ openshift: { freshHours: 0 } });
    cluster.api.unserved.add('clusteroperators');
    const known = cluster.openshift({ history: RELEASE });
    for (let isKnown = false; !isKnown;) {
      isKnown = await Promise.race([known.then(() => true), setImmediate(false)]);
      cluster.time.advance(1_000);
    }
    await cluster.ask('single');
    expect(argsOf(cluster, 'single')).toContain('--rollout-wait');
  });
});

describe('In a fresh cluster', () => {
  it('who accepts that goes before those that wait for its first day to pass', async () => {
    const cluster = new OperatorCluster({ openshift: {} });
    await cluster.openshift({ history: RELEASE });
    await cluster.ask('patient');
    await askAccepting(cluster, 'bold', 'fresh-cluster');
    expect(cluster.jobOf('bold')).toBeDefined();
    expect(cluster.jobs()).toHaveLength(1);
  });
});
