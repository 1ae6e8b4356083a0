import { afterAll, beforeAll } from 'vitest';
import { ClusterUnderTest, type OpenedCluster } from './controllers/cluster-under-test.ts';
import { describeDefinitions } from './controllers/definitions.ts';
import { describeKilledOperator } from './controllers/killed-operator.ts';
import { describeRecurringBackups } from './controllers/recurring-backups.ts';
import { describeRuns } from './controllers/runs.ts';
import { describeSingleBackups } from './controllers/single-backups.ts';

export type { OpenedCluster } from './controllers/cluster-under-test.ts';

/**
 * What the operator makes of Backups and EtcdBackups: the same specifications for the embedded engine and for any Kubernetes
 * API with its controllers and a node that runs pods on this machine. To be called within a `describe`. Backups are real
 * ones of a real etcd, taken by the program itself. All that is made goes again.
 *
 * @param open - once, before the first specification
 */
export function describeControllers(open: () => Promise<OpenedCluster>): void {
  let opened: ClusterUnderTest | undefined;
  const cluster = (): ClusterUnderTest => {
    if (opened === undefined) throw new TypeError('the cluster is asked before it is open');
    return opened;
  };
  beforeAll(async () => {
    opened = await ClusterUnderTest.open(await open());
  });
  afterAll(async () => {
    await opened?.close();
  });
  describeDefinitions(cluster);
  describeSingleBackups(cluster);
  describeRecurringBackups(cluster);
  describeRuns(cluster);
  describeKilledOperator(cluster);
}
