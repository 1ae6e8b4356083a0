import { describe, expect, it } from 'vitest';
import { FAILURE, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { etcdBackups } from '../crd/index.ts';
import { textOf } from '../../test/kit/text-of.ts';

/** Lines with a value, without those of other metrics. */
async function figures(cluster: OperatorCluster, prefix: string): Promise<readonly string[]> {
  const text = await textOf(cluster.operator.metrics());
  return text.split('\n').filter((line) => line.startsWith(prefix));
}

describe('The metrics', () => {
  it('tell of each EtcdBackup under the names and labels that OpenShift plans', async () => {
    const cluster = new OperatorCluster();
    await cluster.claim('etcd-backup-pvc');
    await cluster.ask('single', { pvcName: 'etcd-backup-pvc', series: 'nightly' });
    await cluster.end('single', SUCCESS);
    const { uid } = cluster.etcdBackup('single').metadata;
    const which = `etcd_backup="single",uid="${uid}"`;
    const more = 'node="master-0",storage_type="PVC",storage_location="etcd-backup-pvc",created_by_policy="nightly"';
    expect(await figures(cluster, 'etcd_backup_')).toEqual([
      `etcd_backup_info{${which},${more}} 1`,
      `etcd_backup_status{${which},status="Completed"} 1`,
      `etcd_backup_start_time{${which}} 1795362240`,
      `etcd_backup_completion_time{${which}} 1795362240`,
      `etcd_backup_size_bytes{${which}} 114446336`,
    ]);
  });

  it('tell waiting, running and failed backups apart, and none of them as complete', async () => {
    const cluster = new OperatorCluster();
    for (const name of ['a', 'b', 'c']) await cluster.ask(name);
    await cluster.end('a', FAILURE);
    await cluster.pass(2_000);
    const statuses = await figures(cluster, 'etcd_backup_status');
    expect(statuses.map((line) => /"(\w+)"} 1$/.exec(line)?.[1])).toEqual(['Failed', 'Running', 'Pending']);
    expect(await figures(cluster, 'etcd_backup_completion_time{')).toEqual([]);
  });

  it('tell what became of a schedule: successes, failures in a row, what is kept, and runs that are missed', async () => {
    const cluster = new OperatorCluster();
    await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
    await cluster.ask('nightly-1', { series: 'nightly' });
    await cluster.end('nightly-1', { ...SUCCESS, kept: { backups: 3, bytes: 300, removed: 0, failed: 0 } });
    await cluster.ask('nightly-2', { series: 'nightly' });
    await cluster.end('nightly-2', FAILURE);
    const of = async (name: string): Promise<readonly string[]> =>
      (await figures(cluster, `holdfast_backup_${name}{`)).map((line) => line.slice(line.indexOf('{')));
    expect(await of('last_success_time')).toEqual(['{backup_policy="nightly"} 1795362240']);
    expect(await of('last_success_bytes')).toEqual(['{backup_policy="nightly"} 120000000']);
    expect(await of('last_success_seconds')).toEqual(['{backup_policy="nightly"} 3.21']);
    expect(await of('last_verified_time')).toEqual(['{backup_policy="nightly"} 1795362243']);
    expect(await of('volume_free_bytes')).toEqual(['{backup_policy="nightly"} 40000000000']);
    expect(await of('volume_bytes')).toEqual(['{backup_policy="nightly"} 100000000000']);
    expect(await of('certificates_expiry_time')).toEqual(['{backup_policy="nightly"} 1826841600']);
    expect(await of('last_failure_time')).toEqual(['{backup_policy="nightly",reason="ETCD_UNREACHABLE"} 1795362240']);
    expect(await of('consecutive_failures')).toEqual(['{backup_policy="nightly"} 1']);
    expect(await of('kept')).toEqual(['{backup_policy="nightly"} 3']);
    expect(await of('kept_bytes')).toEqual(['{backup_policy="nightly"} 300']);
    expect(await of('schedule_enabled')).toEqual(['{backup_policy="nightly"} 1']);
    expect(await of('schedule_missed')).toEqual(['{backup_policy="nightly"} 0']);
    expect(await of('schedule_since_time')).toEqual(['{backup_policy="nightly"} 1795362240']);
    expect(await of('schedule_interval_seconds')).toEqual(['{backup_policy="nightly"} 86400']);
    expect(await of('running')).toEqual(['{backup_policy="nightly"} 0']);
    await cluster.ask('nightly-3', { series: 'nightly' });
    expect(await of('running')).toEqual(['{backup_policy="nightly"} 1']);
    await cluster.end('nightly-3', FAILURE);
    await cluster.stopOperator();
    cluster.startOperator();
    await cluster.pass(13 * 3_600_000);
    expect(await of('schedule_missed')).toEqual(['{backup_policy="nightly"} 1']);
    expect(await of('last_success_time')).toEqual(['{backup_policy="nightly"} 1795362240']);
  });

  it('count the time of a schedule from when a young cluster has runs taken', async () => {
    const cluster = new OperatorCluster({ openshift: {} });
    await cluster.openshift({ history: [{ version: '4.17.3', state: 'Completed' }] });
    await cluster.schedule('hourly', { schedule: '0 * * * *', timeZone: 'UTC' });
    const since = 'holdfast_backup_schedule_since_time{backup_policy="hourly"} 1795448640';
    expect(await figures(cluster, 'holdfast_backup_schedule_since_time{')).toEqual([since]);
    await cluster.pass(30 * 3_600_000);
    expect(await figures(cluster, 'holdfast_backup_schedule_since_time{')).toEqual([since]);
  });

  it('judge no schedule that somebody else takes care of', async () => {
    const cluster = new OperatorCluster({ openshift: { freshHours: 0 } });
    const history = [{ version: '4.17.3', state: 'Completed' }];
    await cluster.openshift({ history });
    await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
    expect(await figures(cluster, 'holdfast_backup_schedule_since_time{')).toHaveLength(1);
    await cluster.openshift({ history, features: ['AutomatedEtcdBackup'] });
    const told = (await figures(cluster, 'holdfast_backup_')).map((line) => line.slice(0, line.indexOf('{')));
    expect(told).toEqual(['holdfast_backup_policy_info']);
  });

  it('forget what is gone', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.api.delete(etcdBackups, { name: 'single' });
    await cluster.settle();
    expect(await figures(cluster, 'etcd_backup_')).toEqual([]);
  });

  it('repeat no message, only codes', async () => {
    const cluster = new OperatorCluster();
    await cluster.ask('single');
    await cluster.end('single', { ...FAILURE, message: 'MARKER-OF-A-SECRET', hint: 'MARKER-OF-A-SECRET' });
    expect(await textOf(cluster.operator.metrics())).not.toContain('MARKER');
  });
});
