import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { SUCCESS } from '../../test/kit/operator-cluster.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import {
  createKubeClient,
  objects,
  resources,
  type CustomResourceDefinition,
  type Job,
  type KubeClient,
  type KubeObject,
  type NewObject,
} from '../apiserver/index.ts';
import { silentLog, systemTime } from '../base/index.ts';
import {
  backupDefinition,
  backups,
  BACKUP_NAMESPACE,
  encodeJobReport,
  etcdBackupDefinition,
  etcdBackups,
  outcomeOf,
} from '../crd/index.ts';
import { TestApi } from '../standalone/api/test-api.ts';
import { createOperator } from './create-operator.ts';
import { requestBackup } from './request-backup.ts';

/** The embedded engine's API with nobody behind it who runs Jobs; `requests` says what came in: `PUT /apis/…`. */
async function engine(requests: string[] = []): Promise<KubeClient> {
  const { api } = await TestApi.start({ time: systemTime, random: Math.random });
  return createKubeClient({
    transport: (request) => {
      requests.push(`${request.method} ${request.target}`);
      return api.transport(request);
    },
  });
}

function operate(client: KubeClient): () => Promise<void> {
  const stop = new AbortController();
  const settings = { image: 'holdfast:test', defaultTimeZone: 'UTC' };
  const running = createOperator({ client, time: systemTime, log: silentLog, settings }).run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  onTestFinished(end);
  return end;
}

async function define(client: KubeClient, definitions = [backupDefinition, etcdBackupDefinition]): Promise<void> {
  for (const definition of definitions) await client.create(resources.customResourceDefinitions, definition);
  const probe = { metadata: { name: 'probe' }, apiVersion: 'config.openshift.io/v1alpha1', kind: 'Backup' };
  await waitFor(() => client.create(backups, { ...probe, spec: { etcd: {} } }));
  await client.delete(backups, { name: 'probe' });
}

async function end(client: KubeClient, job: Job): Promise<void> {
  const { name, uid } = job.metadata;
  const pod = await client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-pod`,
      namespace: BACKUP_NAMESPACE,
      labels: job.spec.template.metadata?.labels ?? {},
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    },
    spec: job.spec.template.spec,
  });
  const terminated = { exitCode: 0, message: encodeJobReport(SUCCESS) };
  const containerStatuses = [{ name: 'cluster-backup', state: { terminated } }];
  await client.updateStatus(resources.pods, { ...pod, status: { phase: 'Succeeded', containerStatuses } });
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    type,
    status: 'True' as const,
    lastTransitionTime: now,
  }));
  const status = { startTime: now, completionTime: now, succeeded: 1, conditions };
  await client.updateStatus(resources.jobs, { ...job, status });
}

async function single<T extends KubeObject>(found: Promise<{ readonly items: readonly T[] }>): Promise<T | undefined> {
  return (await found).items[0];
}

/** A definition whose status knows no more than the reference's: `openshift/api` has had no others so far. */
function asOfOpenShift(
  definition: NewObject<CustomResourceDefinition>,
  known: readonly string[],
): NewObject<CustomResourceDefinition> {
  const copy = objects.customResourceDefinition.parse(structuredClone(definition));
  for (const version of copy.spec.versions) {
    const { openAPIV3Schema } = z.object({ openAPIV3Schema: statusSchema }).parse(version.schema);
    const { properties } = openAPIV3Schema.properties.status;
    for (const name of Object.keys(properties)) if (!known.includes(name)) Reflect.deleteProperty(properties, name);
    version.schema = { openAPIV3Schema };
  }
  const { name } = copy.metadata;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: copy.spec,
  };
}

const statusSchema = z.looseObject({
  properties: z.looseObject({ status: z.looseObject({ properties: z.record(z.string(), z.unknown()) }) }),
});

describe('On the embedded engine the operator', () => {
  it('begins when the definitions come, and takes a backup from the asking to the outcome', async () => {
    const client = await engine();
    operate(client);
    await define(client);
    await client.create(etcdBackups, {
      apiVersion: 'operator.openshift.io/v1alpha1',
      kind: 'EtcdBackup',
      metadata: { name: 'single' },
      spec: {},
    });
    const job = await waitFor(() => single(client.list(resources.jobs, { namespace: BACKUP_NAMESPACE })));
    await end(client, job);
    const done = await waitFor(async () => {
      const read = await client.get(etcdBackups, { name: 'single' });
      return outcomeOf(read) === 'BackupCompleted' && read;
    });
    expect(done.status?.backup).toMatchObject({ revision: '31407', size: '114.4 MiB' });
    const events = await waitFor(async () => {
      const { items } = await client.list(resources.events, { namespace: 'default' });
      return items.length === 2 && items;
    });
    expect(events.map(({ reason }) => reason).toSorted()).toEqual(['BackupCompleted', 'BackupStarted']);
  });

  it('keeps a CronJob as it is where nobody touched it, also after a restart', async () => {
    const requests: string[] = [];
    const client = await engine(requests);
    await define(client);
    const stop = operate(client);
    const { metadata } = await client.create(backups, {
      apiVersion: 'config.openshift.io/v1alpha1',
      kind: 'Backup',
      metadata: { name: 'nightly' },
      spec: { etcd: { schedule: '20 4 * * *', timeZone: 'UTC' } },
    });
    const isScheduled = async (): Promise<boolean> => {
      const { status } = await client.get(backups, { name: 'nightly' });
      return status?.nextRunTime !== undefined;
    };
    await waitFor(isScheduled);
    const name = { namespace: BACKUP_NAMESPACE, name: 'nightly' };
    await stop();
    operate(client);
    // A change that it must answer shows that it has been over everything again.
    await client.patch(
      backups,
      { name: 'nightly' },
      { kind: 'merge', body: { spec: { etcd: { timeZone: 'Asia/Tokyo' } } } },
    );
    await waitFor(async () => (await client.get(resources.cronJobs, name)).spec.timeZone === 'Asia/Tokyo');
    const after = await client.get(resources.cronJobs, name);
    expect(requests.filter((each) => each.startsWith('PUT ') && each.includes('/cronjobs/'))).toHaveLength(1);
    expect(after.metadata.ownerReferences?.[0]?.uid).toBe(metadata.uid);
  });

  it('loses nothing of a status of which the definitions know less', async () => {
    const requests: string[] = [];
    const client = await engine(requests);
    const stop = operate(client);
    await define(client, [
      asOfOpenShift(backupDefinition, []),
      asOfOpenShift(etcdBackupDefinition, ['conditions', 'backupJob']),
    ]);
    await client.create(backups, {
      apiVersion: 'config.openshift.io/v1alpha1',
      kind: 'Backup',
      metadata: { name: 'nightly' },
      spec: { etcd: { schedule: '20 4 * * *', timeZone: 'UTC' } },
    });
    await client.create(etcdBackups, {
      apiVersion: 'operator.openshift.io/v1alpha1',
      kind: 'EtcdBackup',
      metadata: { name: 'single', labels: { 'backup.holdfast.io/series': 'nightly' } },
      spec: {},
    });
    await end(client, await waitFor(() => single(client.list(resources.jobs, { namespace: BACKUP_NAMESPACE }))));
    const read = await waitFor(async () => {
      const standing = await client.get(etcdBackups, { name: 'single' });
      return standing.status?.backup !== undefined && standing;
    });
    expect(outcomeOf(read)).toBe('BackupCompleted');
    expect(read.metadata.annotations?.['backup.holdfast.io/status']).toContain('"revision":"31407"');
    const series = await waitFor(async () => {
      const standing = await client.get(backups, { name: 'nightly' });
      return standing.status?.lastSuccessfulTime !== undefined && standing;
    });
    expect(series.status?.lastSuccess).toMatchObject({ etcdBackup: 'single' });
    await stop();
    requests.splice(0);
    operate(client);
    await client.patch(
      backups,
      { name: 'nightly' },
      { kind: 'merge', body: { spec: { etcd: { timeZone: 'Asia/Tokyo' } } } },
    );
    const name = { namespace: BACKUP_NAMESPACE, name: 'nightly' };
    await waitFor(async () => (await client.get(resources.cronJobs, name)).spec.timeZone === 'Asia/Tokyo');
    expect(requests.filter((each) => each.includes('/etcdbackups/') && !each.startsWith('GET '))).toEqual([]);
  });

  it('serves the request of a scheduled run', async () => {
    const client = await engine();
    operate(client);
    await define(client);
    const job = await client.create(resources.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'nightly-1', namespace: BACKUP_NAMESPACE },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'x', image: 'x' }] } } },
    });
    const asked = requestBackup({
      client,
      time: systemTime,
      log: silentLog,
      series: 'nightly',
      pvcName: '',
      job: { name: 'nightly-1', uid: job.metadata.uid },
      timeoutMs: 30_000,
      signal: new AbortController().signal,
    });
    const which = { namespace: BACKUP_NAMESPACE, labelSelector: 'app=cluster-backup-job' };
    await end(client, await waitFor(() => single(client.list(resources.jobs, which))));
    expect((await asked).folder).toBe(SUCCESS.folder);
  });
});
