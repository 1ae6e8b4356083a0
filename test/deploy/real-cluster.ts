import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { BACKUP_NAMESPACE } from '../../src/crd/index.ts';
import { temporaryFolder } from '../kit/index.ts';
import { kubeconfigOfAccount } from './account-kubeconfig.ts';
import { liveWithBackups } from './backup-life.ts';
import { installOn } from './installation.ts';
import { build, DEPLOY, deploymentOf, provideKubectl } from './manifests.ts';
import { OperatorProcess } from './operator-process.ts';

/**
 * Installs the manifests on a cluster and goes through the life of backups on it, with the rights of the service accounts.
 *
 * @param named - a kubeconfig with an administrator's rights, of a cluster whose API server has RBAC, with a Job controller
 */
export async function liveOnCluster(named: string): Promise<void> {
  const kubectl = (await provideKubectl()).with(named);
  const { client, podName, remove } = await installOn(named);
  onTestFinished(remove);
  for (const overlay of ['k3s', 'rke2'])
    await kubectl.out('apply', '-k', join(DEPLOY, overlay), '--dry-run=server', '--validate=strict');
  const kubeconfigOf = async (namespace: string, name: string): Promise<string> =>
    kubeconfigOfAccount(kubectl, { namespace, name }, await temporaryFolder());
  const operator = await OperatorProcess.start({
    deployment: deploymentOf(await build('kubernetes')),
    kubeconfig: await kubeconfigOf('holdfast', 'holdfast-operator'),
    podName,
  });
  onTestFinished(() => operator.kill('SIGKILL'));
  const requestKubeconfig = await kubeconfigOf(BACKUP_NAMESPACE, 'holdfast-request');
  await liveWithBackups({ client, hasJobController: true, requestKubeconfig });
  expect(await operator.stop(), operator.log).toBe(0);
  expect(operator.log).not.toContain('APISERVER_FORBIDDEN');
  expect(operator.log).not.toMatch(/forbidden|could not be written/i);
}
