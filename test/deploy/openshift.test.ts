import { describe, expect, it, onTestFinished } from 'vitest';
import { resources, type KubeClient } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { ClusterWithRights } from './cluster-with-rights.ts';
import { build, deploymentOf } from './manifests.ts';
import { beginUpdate, makeOpenShift, rollOut, turnOnBackups } from './openshift-cluster.ts';
import { OperatorProcess } from './operator-process.ts';

const PATIENCE = { timeoutMs: 90_000 };

/** As OLM and administrators set them where the cluster has a proxy; here nothing listens there. */
const PROXIES = {
  ...Object.fromEntries(
    ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'grpc_proxy']
      .flatMap((name) => [name, name.toLowerCase()])
      .map((name) => [name, 'http://127.0.0.1:9']),
  ),
  // From Node 24 on its own clients heed the others where this is set.
  NODE_USE_ENV_PROXY: '1',
};

async function operatorOn(...args: readonly string[]): Promise<KubeClient> {
  const manifests = await build('openshift');
  const cluster = await ClusterWithRights.start(manifests);
  onTestFinished(() => cluster.close());
  await cluster.client.create(resources.namespaces, { metadata: { name: BACKUP_NAMESPACE } }).catch(() => undefined);
  await makeOpenShift(cluster.client);
  const podName = 'holdfast-operator-1';
  const operator = await OperatorProcess.start({
    deployment: deploymentOf(manifests),
    kubeconfig: await cluster.podOf({ namespace: 'holdfast', name: 'holdfast-operator' }, podName, 'holdfast:test'),
    podName,
    args,
    env: PROXIES,
  });
  onTestFinished(() => operator.kill('SIGKILL'));
  return cluster.client;
}

async function ask(client: KubeClient, name: string): Promise<void> {
  await client.create(etcdBackups, {
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name },
    spec: {},
  });
}

/** Until the condition that holds says this. */
async function untilSaid(client: KubeClient, name: string, words: RegExp): Promise<void> {
  let said = '';
  const isSaid = async (): Promise<boolean | undefined> => {
    const { status } = await client.get(etcdBackups, { name });
    const holding = status?.conditions?.find((each) => each.status === 'True');
    said = `${holding?.type ?? ''}: ${holding?.message ?? ''}`;
    return words.test(said) || undefined;
  };
  await waitFor(isSaid, { ...PATIENCE, what: () => `${name} to say ${words.source}; it says ${said}` });
}

async function jobNames(client: KubeClient): Promise<readonly string[]> {
  const { items } = await client.list(resources.jobs, { namespace: BACKUP_NAMESPACE });
  return items.map(({ metadata }) => metadata.name);
}

describe('The operator on OpenShift, where the environment names proxies', () => {
  it('lets a backup wait for a rollout, and one before an update not', async () => {
    const client = await operatorOn('--fresh-hours', '0', '--before-update');
    await rollOut(client, 'kube-apiserver', 'NodeInstallerProgressing: 1 node is at revision 6');
    await ask(client, 'single');
    await untilSaid(client, 'single', /^BackupPending: waiting until .*kube-apiserver rolls out.*revision 6/);
    await beginUpdate(client);
    await untilSaid(client, 'single', /waiting for EtcdBackup before-update-4\.17\.6-1, which/);
    await untilSaid(client, 'before-update-4.17.6-1', /^BackupPending: Executing job/);
    await client.delete(etcdBackups, { name: 'before-update-4.17.6-1' });
    await untilSaid(client, 'single', /kube-apiserver rolls out/);
    await rollOut(client, 'kube-apiserver', undefined);
    await untilSaid(client, 'single', /^BackupPending: Executing job/);
  });

  it('stands aside as soon as the cluster takes care of backups by itself', async () => {
    const client = await operatorOn('--fresh-hours', '0');
    await ask(client, 'before');
    await untilSaid(client, 'before', /^BackupPending: Executing job/);
    const jobs = await jobNames(client);
    await turnOnBackups(client);
    await ask(client, 'after');
    await waitFor(async () => {
      const { items } = await client.list(resources.events, { namespace: 'default' });
      return items.some(
        ({ reason, involvedObject }) => reason === 'HandledElsewhere' && involvedObject.name === 'after',
      )
        ? true
        : undefined;
    }, PATIENCE);
    expect((await client.get(etcdBackups, { name: 'after' })).status).toBeUndefined();
    expect(await jobNames(client)).toEqual(jobs);
  });
});
