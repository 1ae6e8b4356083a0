import { describe, expect, it } from 'vitest';
import { OperatorCluster } from '../../test/kit/operator-cluster.ts';
import { etcdBackups } from '../crd/index.ts';

describe('An operator', () => {
  it('waits for its resources to be served, ready meanwhile, and begins when they are', async () => {
    const cluster = new OperatorCluster();
    await cluster.stopOperator();
    cluster.api.unserved.add('etcdbackups').add('backups');
    const operator = cluster.startOperator();
    expect(operator.isReady()).toBe(false);
    await cluster.pass(5_000);
    expect([operator.isReady(), operator.isIdle]).toEqual([true, true]);
    cluster.api.unserved.clear();
    await cluster.pass(1_000);
    await cluster.ask('single');
    expect(cluster.jobOf('single')).toBeDefined();
    expect(operator.isReady()).toBe(true);
  });

  it('is not ready while the API server does not answer', async () => {
    const cluster = new OperatorCluster();
    await cluster.stopOperator();
    cluster.api.getText = () => Promise.reject(new Error('no answer'));
    const operator = cluster.startOperator();
    cluster.time.advance(5_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(operator.isReady()).toBe(false);
  });

  it('runs once', async () => {
    const cluster = new OperatorCluster();
    await cluster.settle();
    await expect(cluster.operator.run(new AbortController().signal)).rejects.toThrow(TypeError);
  });

  it('ends when it is told to', async () => {
    const cluster = new OperatorCluster();
    await cluster.settle();
    await cluster.stopOperator();
    await cluster.api.create(etcdBackups, {
      apiVersion: 'operator.openshift.io/v1alpha1',
      kind: 'EtcdBackup',
      metadata: { name: 'late' },
      spec: {},
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(cluster.jobs()).toEqual([]);
  });
});
