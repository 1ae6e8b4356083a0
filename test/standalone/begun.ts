import { onTestFinished } from 'vitest';
import { startCluster, type Cluster } from '../kit/index.ts';
import { processesWith, signalIfThere } from '../kit/processes.ts';
import { RunningStandalone } from '../kit/running-standalone.ts';

/** An etcd until the test has finished. */
export async function beginCluster(): Promise<Cluster> {
  const cluster = await startCluster();
  onTestFinished(() => cluster.stop());
  return cluster;
}

/** A standalone with backups enabled until the test has finished; what it has started goes with it. */
export async function beginStandalone(folder: string, ...args: readonly string[]): Promise<RunningStandalone> {
  const standalone = await RunningStandalone.start({ folder, args: ['--enable-backups', '--snapshot-only', ...args] });
  onTestFinished(async () => {
    await standalone.stop('SIGKILL');
    for (const { pid } of await processesWith(folder)) signalIfThere(pid, 'SIGKILL');
  });
  return standalone;
}
