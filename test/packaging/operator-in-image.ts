import { expect, onTestFinished } from 'vitest';
import { etcdBackups } from '../../src/crd/index.ts';
import { jobFor } from '../deploy/backup-life.ts';
import { ClusterWithRights } from '../deploy/cluster-with-rights.ts';
import { build, deploymentOf } from '../deploy/manifests.ts';
import { makeOpenShift } from '../deploy/openshift-cluster.ts';
import { OperatorProcess } from '../deploy/operator-process.ts';
import { waitFor } from '../kit/index.ts';
import { etcdBackup } from '../kit/running-standalone.ts';
import { contained, mountedAccount, type User } from './contained.ts';

const PATIENCE = { timeoutMs: 90_000 };
const OPERATOR = { namespace: 'holdfast', name: 'holdfast-operator' };
const IMAGE = 'registry.example/holdfast:0.1.0';

/** Runs the operator from the image's own files as each user in turn, as the pod of its Deployment, from an EtcdBackup to its Job. */
export async function operateFrom(root: string, users: readonly User[]): Promise<void> {
  const manifests = await build('openshift');
  const cluster = await ClusterWithRights.start(manifests);
  onTestFinished(() => cluster.close());
  // Otherwise it looks for a while for what an OpenShift serves, and leaves a cluster alone that is younger than a day.
  await makeOpenShift(cluster.client);
  const args = ['--fresh-hours', '0'];
  const deployment = deploymentOf(manifests);
  const command = deployment.spec.template.spec.containers[0]?.command ?? [];
  for (const [index, user] of users.entries()) {
    const podName = `holdfast-operator-${index}`;
    const { folder, variables } = await mountedAccount(await cluster.podOf(OPERATOR, podName, IMAGE));
    const pod = { ...variables, POD_NAME: podName, POD_NAMESPACE: OPERATOR.namespace };
    const program = contained(user, { root, account: folder, variables: pod }, command);
    const operator = await OperatorProcess.start({ deployment, program, podName, args });
    onTestFinished(() => operator.kill('SIGKILL'));
    const answers = async (path: string, text: string): Promise<boolean> =>
      (await operator.get(path)).text.includes(text);
    const patience = { ...PATIENCE, what: () => `the operator as ${user}; ${operator.log}` };
    await waitFor(() => answers('/metrics', '\nholdfast_operator_leader 1\n'), patience);
    await waitFor(() => answers('/readyz', 'ok'), patience);
    expect(await answers('/healthz', 'ok')).toBe(true);
    await cluster.client.create(etcdBackups, etcdBackup(podName));
    const { spec } = await jobFor(cluster.client, podName);
    expect(spec.template.spec.containers[0]?.image).toBe(IMAGE);
    await waitFor(() => answers('/metrics', `etcd_backup_status{etcd_backup="${podName}"`), patience);
    await cluster.client.delete(etcdBackups, { name: podName });
    expect(await operator.stop(), operator.log).toBe(0);
  }
}
