import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import * as z from 'zod';
import { createHttpsTransport, createKubeClient, loadKubeconfig, resources } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, backups, etcdBackups } from '../../src/crd/index.ts';
import { temporaryFolder, waitFor } from '../kit/index.ts';
import type { KubectlRunner } from '../standalone/kubectl.ts';
import { liveWithBackups } from './backup-life.ts';
import { build, DEPLOY, deploymentOf, provideKubectl } from './manifests.ts';
import { OperatorProcess } from './operator-process.ts';

const connection = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.looseObject({}) })).min(1),
});

/** A kubeconfig of the same server with the token of a service account. */
async function kubeconfigOf(kubectl: KubectlRunner, namespace: string, name: string): Promise<string> {
  const token = (await kubectl.out('create', 'token', '-n', namespace, name)).trim();
  const { clusters } = connection.parse(
    JSON.parse(await kubectl.out('config', 'view', '--raw', '--minify', '-o', 'json')),
  );
  const path = join(await temporaryFolder(), `${name}.json`);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster: clusters[0]?.cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: name } }],
    'current-context': 'real',
  };
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}

/**
 * Installs the manifests on a cluster and goes through the life of backups on it, with the rights of the service accounts.
 *
 * @param named - a kubeconfig with an administrator's rights, of a cluster whose API server has RBAC, with a Job controller
 */
export async function liveOnCluster(named: string): Promise<void> {
  const kubectl = (await provideKubectl()).with(named);
  const transport = createHttpsTransport(await loadKubeconfig({ path: named }));
  const client = createKubeClient({ transport, userAgent: 'administrator/1' });
  onTestFinished(async () => {
    await kubectl.run(['delete', '-k', join(DEPLOY, 'kubernetes'), '--wait=false', '--ignore-not-found']);
    transport.close();
  });
  // Namespaces first: a trial run makes none for what lies in them.
  for (const namespace of ['holdfast', BACKUP_NAMESPACE])
    if ((await kubectl.run(['get', 'namespace', namespace])).code !== 0)
      await kubectl.out('create', 'namespace', namespace);
  const apply = ['apply', '-k', join(DEPLOY, 'kubernetes'), '--server-side', '--force-conflicts'];
  for (const overlay of ['kubernetes', 'k3s', 'rke2'])
    await kubectl.out('apply', '-k', join(DEPLOY, overlay), '--dry-run=server', '--validate=strict');
  const said = await kubectl.run([...apply, '--validate=strict']);
  expect(said.code, said.stderr).toBe(0);
  expect(said.stderr).not.toContain('PodSecurity');
  await waitFor(() => client.list(backups, {}));
  await waitFor(() => client.list(etcdBackups, {}));

  const pod = await waitFor(async () => (await client.list(resources.pods, { namespace: 'holdfast' })).items[0], {
    timeoutMs: 90_000,
    what: 'a pod of the Deployment, which Pod Security has to let in',
  });
  const operator = await OperatorProcess.start({
    deployment: deploymentOf(await build('kubernetes')),
    kubeconfig: await kubeconfigOf(kubectl, 'holdfast', 'holdfast-operator'),
    podName: pod.metadata.name,
  });
  onTestFinished(() => operator.kill('SIGKILL'));
  const requestKubeconfig = await kubeconfigOf(kubectl, BACKUP_NAMESPACE, 'holdfast-request');
  await liveWithBackups({ client, hasJobController: true, requestKubeconfig });
  expect(await operator.stop(), operator.log).toBe(0);
  expect(operator.log).not.toContain('APISERVER_FORBIDDEN');
  expect(operator.log).not.toMatch(/forbidden|could not be written/i);
}
