import { describe, expect, it, onTestFinished } from 'vitest';
import { resources } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE } from '../../src/crd/index.ts';
import { liveWithBackups } from './backup-life.ts';
import { ClusterWithRights } from './cluster-with-rights.ts';
import { build, deploymentOf } from './manifests.ts';
import { OperatorProcess } from './operator-process.ts';
import { rightFor, rightsOf, wordsOf } from './rights.ts';

const OPERATOR = { namespace: 'holdfast', name: 'holdfast-operator' };
const REQUEST = { namespace: BACKUP_NAMESPACE, name: 'holdfast-request' };
const BACKUP = { namespace: BACKUP_NAMESPACE, name: 'holdfast-backup' };
const IMAGE = 'holdfast@sha256:5ba1';

describe('The rights that deploy/kubernetes gives', () => {
  it('are what the operator and scheduled runs use in the life of backups: none is missing, none is too much', async () => {
    const manifests = await build('kubernetes');
    const cluster = await ClusterWithRights.start(manifests);
    onTestFinished(() => cluster.close());
    const podName = 'holdfast-operator-1';
    const operator = await OperatorProcess.start({
      deployment: deploymentOf(manifests),
      kubeconfig: await cluster.podOf(OPERATOR, podName, IMAGE),
      podName,
    });
    onTestFinished(() => operator.kill('SIGKILL'));
    const requestKubeconfig = await cluster.podOf(REQUEST, 'nightly-1-x', IMAGE);
    await liveWithBackups({ client: cluster.client, hasJobController: false, requestKubeconfig });
    expect((await operator.get('/readyz')).status).toBe(200);
    expect(await operator.stop()).toBe(0);

    const lease = await cluster.client.get(resources.leases, {
      namespace: BACKUP_NAMESPACE,
      name: 'holdfast-operator',
    });
    expect(lease.spec?.holderIdentity).toBe('');
    for (const account of [OPERATOR, REQUEST]) {
      const { used, refused } = cluster.record(account);
      expect([...refused], operator.log).toEqual([]);
      const granted = rightsOf(manifests, account).map(wordsOf);
      expect(granted.toSorted()).toEqual([...used].toSorted());
    }
  });

  it('are none for the pods of backups', async () => {
    for (const overlay of ['kubernetes', 'k3s', 'rke2']) expect(rightsOf(await build(overlay), BACKUP)).toEqual([]);
    expect(rightsOf(await build('openshift'), BACKUP).map(wordsOf)).toEqual([
      'use securitycontextconstraints.security.openshift.io holdfast-backup in openshift-etcd',
    ]);
  });
});

describe('Rights', () => {
  const rights = [
    { verb: 'get', group: 'batch', resource: 'jobs', namespace: 'n', name: undefined },
    { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: 'n', name: 'one' },
  ];
  const asked = (verb: string, plural: string, more: { group?: string; namespace?: string; name?: string } = {}) => ({
    verb,
    resource: { group: 'batch', plural, subresource: '', namespace: 'n', name: 'x', ...more },
  });

  it('hold for their verb, resource, namespace and name alone', () => {
    expect(rightFor(rights, asked('get', 'jobs'))).toBe(rights[0]);
    expect(rightFor(rights, asked('get', 'jobs', { namespace: 'other' }))).toBeUndefined();
    expect(rightFor(rights, asked('list', 'jobs'))).toBeUndefined();
    const lease = { group: 'coordination.k8s.io' };
    expect(rightFor(rights, asked('update', 'leases', { ...lease, name: 'one' }))).toBe(rights[1]);
    expect(rightFor(rights, asked('update', 'leases', { ...lease, name: 'two' }))).toBeUndefined();
  });
});
