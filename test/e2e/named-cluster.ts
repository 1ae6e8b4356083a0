import { rm } from 'node:fs/promises';
import { systemTime } from '../../src/base/index.ts';
import { BACKUP_NAMESPACE } from '../../src/crd/index.ts';
import { kubeconfigOfAccount } from '../deploy/account-kubeconfig.ts';
import { installOn } from '../deploy/installation.ts';
import { build, deploymentOf, provideKubectl } from '../deploy/manifests.ts';
import { makeTemporaryFolder } from '../kit/index.ts';
import { StandInJobKubelet } from '../kit/stand-in-job-kubelet.ts';
import type { OpenedCluster } from './controllers.ts';
import { InstalledOperator } from './controllers/installed-operator.ts';

const NODE = 'holdfast-stand-in';

/**
 * A cluster on which Holdfast is installed: the manifests are applied, and the operator is the program as its Deployment starts
 * it, with the token of its service account, so that it can do what the manifests allow and nothing else. The pods of
 * scheduled runs have the token of theirs. The cluster's controllers are its own; a stand-in is the node that runs the pods.
 *
 * @param named - a kubeconfig with an administrator's rights
 */
export async function openNamedCluster(named: string): Promise<OpenedCluster> {
  const folder = await makeTemporaryFolder();
  const kubectl = (await provideKubectl()).with(named);
  const { podName, remove } = await installOn(named);
  const deployment = deploymentOf(await build('kubernetes'));
  const kubeconfig = await kubeconfigOfAccount(kubectl, { namespace: 'holdfast', name: 'holdfast-operator' }, folder);
  const kubelet = await StandInJobKubelet.start({
    ...{ kubeconfig: named, folder, nodeName: NODE, namespace: BACKUP_NAMESPACE },
    kubeconfigOf: (name) => kubeconfigOfAccount(kubectl, { namespace: BACKUP_NAMESPACE, name }, folder),
  });
  let operator: InstalledOperator | undefined;
  return {
    ...{ kubeconfig: named, nodeName: NODE, time: systemTime },
    operator: (plan) => (operator = new InstalledOperator({ ...plan, deployment, kubeconfig, podName })),
    async close() {
      await kubelet.stop();
      await remove();
      await rm(folder, { recursive: true, force: true });
      if (/APISERVER_FORBIDDEN|is forbidden/.test(operator?.log ?? ''))
        throw new Error(`the operator lacks a right; ${operator?.log ?? ''}`);
    },
  };
}
