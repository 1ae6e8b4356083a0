import { expect } from 'vitest';
import {
  ApiServerError,
  resources,
  type CronJob,
  type Job,
  type KubeClient,
  type KubeEvent,
  type NewObject,
} from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, backups, encodeJobReport, etcdBackups, type Backup } from '../../src/crd/index.ts';
import { holdfastCommand, runCommand, waitFor, type CommandResult } from '../kit/index.ts';
import { SUCCESS } from '../kit/operator-cluster.ts';
import { etcdBackup, untilDecided } from '../kit/running-standalone.ts';
import { bindOnceWaitedFor, makeLateClaim, makeNamedClaim } from './life-volumes.ts';

const PATIENCE = { timeoutMs: 90_000 };
/** Not due while a test runs. */
const SCHEDULE = '20 4 29 2 *';

/** Somebody's cluster, with an operator at work. */
export interface LivedCluster {
  /** An administrator's. */
  readonly client: KubeClient;
  /** A Job controller is there that makes pods of Jobs and ends Jobs with their pods. */
  readonly hasJobController: boolean;
  /** With the rights of the account of scheduled runs. */
  readonly requestKubeconfig: string;
}

/**
 * Everything that happens to backups while an operator takes care of them: single ones, scheduled ones, changes of mind,
 * removals. Whatever the operator and the pods of scheduled runs ask of an API server, they ask in it.
 */
export async function liveWithBackups(cluster: LivedCluster): Promise<void> {
  await singleBackup(cluster);
  await removedWhileAtWork(cluster);
  const cronJob = await changesOfMind(cluster);
  await scheduledRun(cluster, cronJob);
}

async function singleBackup(cluster: LivedCluster): Promise<void> {
  const { client } = cluster;
  await makeLateClaim(client, 'claim');
  await client.create(etcdBackups, etcdBackup('single', 'claim'));
  await endWell(cluster, await jobFor(client, 'single'));
  const { status } = await untilDecided(client, 'single', PATIENCE.timeoutMs);
  expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'BackupCompleted', status: 'True' }));
}

async function removedWhileAtWork({ client, hasJobController }: LivedCluster): Promise<void> {
  await makeNamedClaim(client, 'named');
  await client.create(etcdBackups, etcdBackup('leaving', 'named'));
  if (!hasJobController) await bindOnceWaitedFor(client, 'named', 'leaving');
  const { metadata } = await jobFor(client, 'leaving');
  await client.delete(etcdBackups, { name: 'leaving' });
  await waitFor(() => isGone(client.get(resources.jobs, metadata)), { ...PATIENCE, what: 'the Job of leaving to go' });
}

async function changesOfMind({ client }: LivedCluster): Promise<CronJob> {
  const nightly: NewObject<Backup> = {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: 'nightly' },
    spec: { etcd: { schedule: SCHEDULE, timeZone: 'UTC' } },
  };
  await client.create(backups, nightly);
  const name = { namespace: BACKUP_NAMESPACE, name: 'nightly' };
  const set = (etcd: object): Promise<unknown> =>
    client.patch(backups, { name: 'nightly' }, { kind: 'merge', body: { spec: { etcd } } });
  const standing = (what: (found: CronJob) => boolean): Promise<CronJob> =>
    waitFor(
      async () => {
        const found = await client.get(resources.cronJobs, name);
        return what(found) && found;
      },
      { ...PATIENCE, what: 'the CronJob of nightly' },
    );
  // What is changed too soon is told of once.
  const said = (word: string): Promise<unknown> =>
    waitFor(
      async () => {
        const { status } = await client.get(backups, { name: 'nightly' });
        return status?.conditions?.some(({ type, reason }) => type === 'Scheduled' && reason === word);
      },
      { ...PATIENCE, what: `a word about nightly: ${word}` },
    );
  await said('AsAskedFor');
  await set({ timeZone: 'Asia/Tokyo' });
  await standing(({ spec }) => spec.timeZone === 'Asia/Tokyo');
  await set({ schedule: null });
  await waitFor(() => isGone(client.get(resources.cronJobs, name)), { ...PATIENCE, what: 'the CronJob to go' });
  await said('NoSchedule');
  await set({ schedule: SCHEDULE });
  const cronJob = await standing(() => true);
  // The same was said of it before, so it is counted.
  let events: readonly KubeEvent[] = [];
  await waitFor(
    async () => {
      ({ items: events } = await client.list(resources.events, { namespace: 'default' }));
      return events.some(({ reason, count = 0 }) => reason === 'AsAskedFor' && count > 1);
    },
    { ...PATIENCE, what: () => `an event that was counted; ${JSON.stringify(events)}` },
  );
  return cronJob;
}

async function scheduledRun(cluster: LivedCluster, cronJob: CronJob): Promise<void> {
  const { client } = cluster;
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: cronJob.metadata.uid };
  const run = await client.create(resources.jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'nightly-1',
      namespace: BACKUP_NAMESPACE,
      labels: metadata?.labels ?? {},
      ownerReferences: [owner],
    },
    spec,
  });
  const asked = request(cluster, run);
  await endWell(cluster, await jobFor(client, 'nightly-1'));
  const { code, stdout, stderr } = await asked;
  expect(code, stderr).toBe(0);
  // As after a kill: it asks for none again, and finds the one that is there.
  expect((await request(cluster, run)).stdout).toBe(stdout);
  await waitFor(
    async () => (await client.get(backups, { name: 'nightly' })).status?.lastSuccess?.etcdBackup === 'nightly-1',
    { ...PATIENCE, what: 'the success of nightly-1' },
  );
  // The history limit of a CronJob does this.
  await client.delete(resources.jobs, run.metadata, { propagation: 'Background' });
  await waitFor(() => isGone(client.get(etcdBackups, { name: 'nightly-1' })), { ...PATIENCE, what: 'nightly-1 to go' });
}

/** What the pod of a scheduled run does. */
function request({ requestKubeconfig }: LivedCluster, { metadata: { name, uid } }: Job): Promise<CommandResult> {
  const args = ['request-backup', '--series', 'nightly', '--kubeconfig', requestKubeconfig, '--log-format', 'json'];
  const env = { PATH: process.env['PATH'], MY_JOB_NAME: name, MY_JOB_UID: uid };
  return runCommand(holdfastCommand(...args), { env, timeoutMs: PATIENCE.timeoutMs });
}

/** The Job that the operator has made for an EtcdBackup. */
export function jobFor(client: KubeClient, name: string): Promise<Job> {
  return waitFor(
    async () => {
      const { uid } = (await client.get(etcdBackups, { name })).metadata;
      const { items } = await client.list(resources.jobs, { namespace: BACKUP_NAMESPACE });
      return items.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
    },
    { ...PATIENCE, what: `a Job for ${name}` },
  );
}

/** Does what kubelet does when a backup's pod has ended well; where there is no Job controller, its work too. */
export async function endWell({ client, hasJobController }: LivedCluster, job: Job): Promise<void> {
  const { name, uid, namespace } = job.metadata;
  if (!hasJobController)
    await client.create(resources.pods, {
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
  const pod = await waitFor(
    async () => {
      const { items } = await client.list(resources.pods, { namespace });
      return items.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
    },
    { ...PATIENCE, what: `a pod of ${name}` },
  );
  const terminated = { exitCode: 0, message: encodeJobReport(SUCCESS) };
  const state = {
    name: 'cluster-backup',
    image: 'x',
    imageID: '',
    ready: false,
    restartCount: 0,
    state: { terminated },
  };
  await client.updateStatus(resources.pods, {
    ...pod,
    status: { ...pod.status, phase: 'Succeeded', containerStatuses: [state] },
  });
  if (hasJobController) return;
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    ...{ type, lastTransitionTime: now },
    status: 'True' as const,
  }));
  const status = { startTime: now, completionTime: now, succeeded: 1, conditions };
  await client.updateStatus(resources.jobs, { ...job, status });
}

export async function isGone(read: Promise<unknown>): Promise<boolean> {
  try {
    await read;
    return false;
  } catch (error) {
    if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return true;
    throw error;
  }
}
