import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OperatorCluster, FAILURE, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { ApiServerError, resources, type Job } from '../apiserver/index.ts';
import { silentLog } from '../base/index.ts';
import { etcdBackups, type EtcdBackup, type SucceededReport } from '../crd/index.ts';
import { requestBackup, type RequestBackupOptions } from './request-backup.ts';

/** A cluster with a Backup whose run has begun, and the request of that run. */
async function begun(): Promise<{
  cluster: OperatorCluster;
  job: Job;
  request: (change?: Partial<RequestBackupOptions>) => Promise<SucceededReport>;
}> {
  const cluster = new OperatorCluster();
  await cluster.schedule('nightly', { schedule: '20 4 * * *' });
  const cronJob = cluster.cronJobs()[0];
  if (cronJob === undefined) throw new Error('expected a CronJob');
  const job = await cluster.run(cronJob, 'nightly-29384');
  const { name, uid } = job.metadata;
  const request = (change: Partial<RequestBackupOptions> = {}): Promise<SucceededReport> =>
    requestBackup({
      client: cluster.api,
      time: cluster.time,
      log: silentLog,
      series: 'nightly',
      pvcName: '',
      job: { name, uid },
      timeoutMs: 3_600_000,
      signal: new AbortController().signal,
      ...change,
    });
  return { cluster, job, request };
}

/** What a request came to, once the cluster has done its part. */
async function outcome(request: Promise<SucceededReport>): Promise<string> {
  try {
    return (await request).folder;
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error);
  }
}

describe('The request of a scheduled run', () => {
  it('asks for a backup of the series in the name of its Job, and returns what that reported', async () => {
    const { cluster, job, request } = await begun();
    const asked = outcome(request());
    await cluster.settle();
    const { metadata, spec } = cluster.etcdBackup('nightly-29384');
    expect(metadata).toMatchObject({
      labels: { 'backup.holdfast.io/series': 'nightly' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: job.metadata.uid }],
    });
    expect(spec).toEqual({ pvcName: '' });
    await cluster.end('nightly-29384', SUCCESS);
    expect(await asked).toBe(SUCCESS.folder);
  });

  it('fails with the reason and the hint of the backup', async () => {
    const { cluster, request } = await begun();
    const asked = request();
    asked.catch(() => undefined);
    await cluster.settle();
    await cluster.end('nightly-29384', FAILURE);
    await expect(asked).rejects.toMatchObject({
      code: 'OPERATOR_REQUEST_FAILED',
      message: 'EtcdBackup nightly-29384 failed: no member of etcd answers (ETCD_UNREACHABLE)',
      hint: 'Start etcd.',
    });
  });

  it.each([
    ['comes a moment later', 'backup-single-2026-11-22_154400'],
    ['never comes', 'OPERATOR_REQUEST_FAILED: EtcdBackup nightly-29384 is complete, but its status does not say how'],
  ])('looks again where the report of a complete backup %s', async (how, expected) => {
    const { cluster, request } = await begun();
    await cluster.stopOperator();
    const asked = outcome(request());
    await turn();
    const conditions = [
      { type: 'BackupCompleted', status: 'True' as const, reason: 'BackupCompleted', message: 'done' },
    ];
    const say = async (status: EtcdBackup['status']): Promise<unknown> => {
      const current = await cluster.api.get(etcdBackups, { name: 'nightly-29384' });
      return cluster.api.updateStatus(etcdBackups, { ...current, status });
    };
    const lastTransitionTime = '2026-11-22T15:44:03Z';
    const complete = { conditions: conditions.map((each) => ({ ...each, lastTransitionTime })) };
    await say(complete);
    await cluster.pass(3_000);
    const { folder, id, revision, hash, bytes, seconds, verifiedAt } = SUCCESS;
    const backup = { folder, id, revision, hash, bytes, seconds, verifiedAt };
    if (how === 'comes a moment later') await say({ ...complete, backup });
    await cluster.pass(10_000);
    expect(await asked).toBe(expected);
  });

  it('that is begun again after a kill goes on with the backup that it has asked for', async () => {
    const { cluster, request } = await begun();
    const killed = new AbortController();
    const first = outcome(request({ signal: killed.signal }));
    await cluster.settle();
    killed.abort(new Error('SIGTERM'));
    expect(await first).toBe('Error: SIGTERM');
    const second = outcome(request());
    await cluster.end('nightly-29384', SUCCESS);
    expect(await second).toBe(SUCCESS.folder);
    expect(cluster.api.all(etcdBackups)).toHaveLength(1);
  });

  it('refuses an EtcdBackup of its name that belongs to another run', async () => {
    const { cluster, request } = await begun();
    await cluster.ask('nightly-29384');
    expect(await outcome(request())).toBe(
      'OPERATOR_REQUEST_NAME_TAKEN: EtcdBackup nightly-29384 belongs to another run',
    );
  });

  it('fails where its EtcdBackup is removed', async () => {
    const { cluster, request } = await begun();
    const asked = outcome(request());
    await cluster.settle();
    await cluster.api.delete(etcdBackups, { name: 'nightly-29384' });
    await cluster.pass(1_000);
    expect(await asked).toContain('OPERATOR_REQUEST_GONE');
  });

  it('fails where it is skipped, since no backup was taken', async () => {
    const { cluster, request } = await begun();
    await cluster.ask('a-run-before', { series: 'nightly' });
    const asked = outcome(request());
    await cluster.settle();
    expect(await asked).toContain('OPERATOR_REQUEST_SKIPPED');
  });

  it('gives up when its time is over', async () => {
    const { cluster, request } = await begun();
    const asked = outcome(request({ timeoutMs: 60_000 }));
    await cluster.pass(60_000);
    expect(await asked).toBe('OPERATOR_REQUEST_TIMEOUT: EtcdBackup nightly-29384 had no outcome after 60 s');
  });

  it('waits for an API server that is away for a while', async () => {
    const { cluster, request } = await begun();
    const away = new ApiServerError('APISERVER_UNREACHABLE', 'no answer', { hint: 'Start it.' });
    cluster.api.onWrite = ({ plural, verb }) => {
      if (plural === 'etcdbackups' && verb === 'create') throw away;
    };
    const asked = outcome(request());
    await cluster.pass(5_000);
    cluster.api.onWrite = () => undefined;
    await cluster.pass(2_000);
    await cluster.end('nightly-29384', SUCCESS);
    expect(await asked).toBe(SUCCESS.folder);
  });

  it('leaves an API server alone for as long as that asks', async () => {
    const { cluster, request } = await begun();
    const busy = new ApiServerError('APISERVER_TOO_MANY_REQUESTS', 'busy', { hint: 'Wait.', retryAfterMs: 20_000 });
    let attempts = 0;
    cluster.api.onWrite = ({ plural, verb }) => {
      if (plural !== 'etcdbackups' || verb !== 'create') return;
      attempts += 1;
      throw busy;
    };
    const asked = outcome(request());
    await cluster.pass(19_000);
    expect(attempts).toBe(1);
    cluster.api.onWrite = () => undefined;
    await cluster.pass(2_000);
    await cluster.end('nightly-29384', SUCCESS);
    expect(await asked).toBe(SUCCESS.folder);
  });

  it('gives up at once where it may not ask', async () => {
    const { cluster, request } = await begun();
    cluster.api.onWrite = () => {
      throw new ApiServerError('APISERVER_FORBIDDEN', 'may not create etcdbackups', { hint: 'Bind the role.' });
    };
    expect(await outcome(request())).toBe('APISERVER_FORBIDDEN: may not create etcdbackups');
  });

  it('lists again when its watch has ended', async () => {
    const { cluster, request } = await begun();
    let watches = 0;
    const client = new Proxy(cluster.api, {
      get(api, name) {
        if (name === 'watch')
          return async function* () {
            watches += 1;
            await turn();
          };
        const member: unknown = Reflect.get(api, name, api);
        return typeof member === 'function' ? (member as () => unknown).bind(api) : member;
      },
    });
    const asked = outcome(request({ client }));
    await cluster.pass(3_000);
    await cluster.end('nightly-29384', SUCCESS);
    await cluster.pass(2_000);
    expect(await asked).toBe(SUCCESS.folder);
    expect(watches).toBeGreaterThan(2);
    expect(cluster.api.all(resources.jobs)).toHaveLength(2);
  });
});
