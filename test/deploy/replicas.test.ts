import { expect, it, onTestFinished } from 'vitest';
import { etcdBackups } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { etcdBackup } from '../kit/running-standalone.ts';
import { jobFor } from './backup-life.ts';
import { ClusterWithRights } from './cluster-with-rights.ts';
import { build, deploymentOf } from './manifests.ts';
import { OperatorProcess } from './operator-process.ts';

const PATIENCE = { timeoutMs: 90_000 };
const OPERATOR = { namespace: 'holdfast', name: 'holdfast-operator' };

const leads = async (operator: OperatorProcess): Promise<boolean> =>
  (await operator.get('/metrics')).text.includes('\nholdfast_operator_leader 1\n');

it('of two replicas one works and one stands by, ready and silent, and goes on when the first gives up its lease', async () => {
  const manifests = await build('kubernetes');
  const cluster = await ClusterWithRights.start(manifests);
  onTestFinished(() => cluster.close());
  const start = async (podName: string): Promise<OperatorProcess> => {
    const kubeconfig = await cluster.podOf(OPERATOR, podName, 'holdfast');
    const operator = await OperatorProcess.start({ deployment: deploymentOf(manifests), kubeconfig, podName });
    onTestFinished(() => operator.kill('SIGKILL'));
    return operator;
  };
  const first = await start('holdfast-operator-1');
  await waitFor(() => leads(first), { ...PATIENCE, what: () => `the first to lead; ${first.log}` });
  await cluster.client.create(etcdBackups, etcdBackup('one'));
  await jobFor(cluster.client, 'one');

  const second = await start('holdfast-operator-2');
  const isReady = async (): Promise<boolean> => (await second.get('/readyz')).status === 200;
  await waitFor(isReady, { ...PATIENCE, what: () => `the second to be ready; ${second.log}` });
  expect((await second.get('/metrics')).text).not.toMatch(/^etcd_backup|^holdfast_backup/m);
  expect(await leads(second)).toBe(false);

  expect(await first.stop()).toBe(0);
  await waitFor(() => leads(second), { ...PATIENCE, what: () => `the second to lead; ${second.log}` });
  await waitFor(async () => (await second.get('/metrics')).text.includes('etcd_backup_status{'), PATIENCE);
  expect(await second.stop()).toBe(0);
});
