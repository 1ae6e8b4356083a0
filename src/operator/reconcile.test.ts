import { expect, it, onTestFinished } from 'vitest';
import { OperatorCluster } from '../../test/kit/operator-cluster.ts';
import { silentLog } from '../base/index.ts';
import { createOperator } from './create-operator.ts';

it('says in the log what became of a backup, as loud as it is', async () => {
  const cluster = new OperatorCluster();
  await cluster.stopOperator();
  const said: string[] = [];
  const log = {
    ...silentLog,
    info: (message: string) => void said.push(`info: ${message}`),
    warn: (message: string) => void said.push(`warn: ${message}`),
  };
  const { api: client, time, settings } = cluster;
  cluster.operator = createOperator({ client, time, log, settings });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  void cluster.operator.run(stop.signal);
  await cluster.ask('no-claim', { pvcName: 'missing' });
  await cluster.ask('good');
  expect(said).toContainEqual(expect.stringContaining('warn: EtcdBackup no-claim: unable to find PVC [missing]'));
  expect(said).toContainEqual(expect.stringContaining('info: EtcdBackup good: Executing job cluster-backup-job-good-'));
});
