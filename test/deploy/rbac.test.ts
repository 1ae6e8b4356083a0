import { describe, expect, it, onTestFinished } from 'vitest';
import { resources } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { jobFor, liveWithBackups, type LivedCluster } from './backup-life.ts';
import { ClusterWithRights } from './cluster-with-rights.ts';
import { build, deploymentOf, type Manifest } from './manifests.ts';
import { beginUpdate, likeTheClusters, makeOpenShift } from './openshift-cluster.ts';
import { OperatorProcess } from './operator-process.ts';
import { liveOnCluster } from './real-cluster.ts';
import { rightFor, rightsOf, wordsOf } from './rights.ts';

const OPERATOR = { namespace: 'holdfast', name: 'holdfast-operator' };
const REQUEST = { namespace: BACKUP_NAMESPACE, name: 'holdfast-request' };
const BACKUP = { namespace: BACKUP_NAMESPACE, name: 'holdfast-backup' };
const IMAGE = 'holdfast@sha256:5ba1';

/** Starts the operator as its manifests say, on a cluster with the rights that they give. */
async function installed(
  manifests: readonly Manifest[],
  args: readonly string[] = [],
): Promise<{ readonly cluster: ClusterWithRights; readonly operator: OperatorProcess; readonly lived: LivedCluster }> {
  const cluster = await ClusterWithRights.start(manifests);
  onTestFinished(() => cluster.close());
  if (args.length > 0) await makeOpenShift(cluster.client);
  const podName = 'holdfast-operator-1';
  const operator = await OperatorProcess.start({
    deployment: deploymentOf(manifests),
    kubeconfig: await cluster.podOf(OPERATOR, podName, IMAGE),
    podName,
    args,
  });
  onTestFinished(() => operator.kill('SIGKILL'));
  const requestKubeconfig = await cluster.podOf(REQUEST, 'nightly-1-x', IMAGE);
  return { cluster, operator, lived: { client: cluster.client, hasJobController: false, requestKubeconfig } };
}

function expectExactly(cluster: ClusterWithRights, manifests: readonly Manifest[], log: string): void {
  for (const account of [OPERATOR, REQUEST]) {
    const { used, refused } = cluster.record(account);
    expect([...refused], log).toEqual([]);
    expect([...new Set(rightsOf(manifests, account).map(wordsOf))].toSorted()).toEqual([...used].toSorted());
  }
}

describe('The rights that the manifests give', () => {
  it('are what is used in the life of backups on Kubernetes: none is missing, none is too much', async () => {
    const manifests = await build('kubernetes');
    const { cluster, operator, lived } = await installed(manifests);
    await liveWithBackups(lived);
    const { spec } = (await jobFor(cluster.client, 'single')).spec.template;
    expect(spec.containers.map(({ image }) => image)).toEqual([IMAGE]);
    expect((await operator.get('/readyz')).status).toBe(200);
    expect(await operator.stop()).toBe(0);
    const name = { namespace: BACKUP_NAMESPACE, name: 'holdfast-operator' };
    expect((await cluster.client.get(resources.leases, name)).spec?.holderIdentity).toBe('');
    expectExactly(cluster, manifests, operator.log);
  });

  it('are what is used on OpenShift, where the definitions are its own and an update begins', async () => {
    const manifests = (await build('openshift')).map(likeTheClusters);
    const args = ['--fresh-hours', '0', '--before-update', '--before-update-max-age', '1ms'];
    const { cluster, operator, lived } = await installed(manifests, args);
    await liveWithBackups(lived);
    await beginUpdate(cluster.client);
    await waitFor(() => cluster.client.get(etcdBackups, { name: 'before-update-4.17.6-1' }), {
      timeoutMs: 90_000,
      what: () => `a backup before the update; ${operator.log}`,
    });
    expect(await operator.stop()).toBe(0);
    expectExactly(cluster, manifests, operator.log);
  });

  it('are the same for k3s and RKE2 as for Kubernetes', async () => {
    for (const account of [OPERATOR, REQUEST])
      for (const overlay of ['k3s', 'rke2'])
        expect(rightsOf(await build(overlay), account)).toEqual(rightsOf(await build('kubernetes'), account));
  });

  it('are none for the pods of backups', async () => {
    for (const overlay of ['kubernetes', 'k3s', 'rke2']) expect(rightsOf(await build(overlay), BACKUP)).toEqual([]);
    expect(rightsOf(await build('openshift'), BACKUP).map(wordsOf)).toEqual([
      'use securitycontextconstraints.security.openshift.io holdfast-backup in openshift-etcd',
    ]);
  });
});

/** A kubeconfig with an administrator's rights: the same life on the cluster that it names. */
const named = process.env['HOLDFAST_E2E_KUBECONFIG'];

if (named !== undefined)
  describe('On the cluster that HOLDFAST_E2E_KUBECONFIG names', () => {
    it('the manifests are taken as they are, and suffice for the life of backups', () => liveOnCluster(named), 300_000);
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
