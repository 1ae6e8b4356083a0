import {
  resources,
  type Job,
  type KubeClient,
  type NewObject,
  type OwnerReference,
  type PodTemplate,
} from '../src/apiserver/index.ts';
import {
  APP_LABEL,
  BACKUP_NAMESPACE,
  backups,
  CRONJOB_APP,
  encodeJobReport,
  etcdBackups,
  SERIES_LABEL,
  type Backup,
  type EtcdBackup,
  type SucceededReport,
} from '../src/crd/index.ts';
import { backupJob } from '../src/operator/backup-job.ts';
import { cronJobSpec } from '../src/operator/cron-job.ts';
import { resolveSettings } from '../src/operator/settings.ts';

/** How much stands in the API. */
export interface Load {
  readonly backups: number;
  readonly etcdBackups: number;
  /** Of the EtcdBackups, those that nobody has begun. */
  readonly pending: number;
}

/** What Kubernetes keeps of a CronJob's Jobs that ended well, as the operator asks for it. */
const RUNS_KEPT = 5;
const AT_A_TIME = 32;
const SETTINGS = resolveSettings({ image: 'holdfast:bench' });

/**
 * A cluster as it is after months: every Backup has as many runs as are kept, the other EtcdBackups were asked for by people,
 * and whatever was taken still has its Job and pod, which go with their EtcdBackup.
 */
export async function fill(client: KubeClient, load: Load): Promise<void> {
  const now = new Date();
  await times(load.backups, (index) => client.create(backups, daily(index, now)));
  const scheduled = Math.min(load.backups * RUNS_KEPT, load.etcdBackups);
  await times(scheduled, (index) => addRun(client, index, now));
  await times(load.etcdBackups - load.pending - scheduled, (index) => addTaken(client, asked(`asked-${index}`), now));
  for (let index = 0; index < load.pending; index++) await client.create(etcdBackups, asked(`waiting-${index}`));
}

/** An EtcdBackup that somebody asks for. */
export function asked(name: string): NewObject<EtcdBackup> {
  return {
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name },
    spec: { pvcName: '' },
  };
}

/** Daily, and not due while anything is measured. */
function daily(index: number, now: Date): NewObject<Backup> {
  const schedule = `${index % 60} ${(now.getUTCHours() + 12) % 24} * * *`;
  return {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: seriesName(index) },
    spec: { etcd: { schedule, timeZone: 'UTC', pvcName: '' } },
  };
}

function seriesName(index: number): string {
  return `daily-${index}`;
}

/** One of the last runs of a Backup: the Job of its CronJob, the EtcdBackup that it asked for, and what that left. */
async function addRun(client: KubeClient, index: number, now: Date): Promise<void> {
  const backup = await client.get(backups, { name: seriesName(Math.floor(index / RUNS_KEPT)) });
  const series = backup.metadata.name;
  const name = `${series}-${29_000_000 + (index % RUNS_KEPT)}`;
  const { spec } = cronJobSpec(backup, backup.spec.etcd.schedule ?? '', SETTINGS).jobTemplate;
  const metadata = { name, namespace: BACKUP_NAMESPACE, labels: { [APP_LABEL]: CRONJOB_APP, [SERIES_LABEL]: series } };
  const job = await addEndedJob(client, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec }, name, now);
  const { uid } = job.metadata;
  const ownerReferences: OwnerReference[] = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }];
  await addTaken(
    client,
    { ...asked(name), metadata: { name, labels: { [SERIES_LABEL]: series }, ownerReferences } },
    now,
  );
}

/** An EtcdBackup whose backup was taken. */
async function addTaken(client: KubeClient, wanted: NewObject<EtcdBackup>, now: Date): Promise<void> {
  const made = await client.create(etcdBackups, wanted);
  const { name } = made.metadata;
  const job = await addEndedJob(client, backupJob(made, { retention: undefined }, SETTINGS), name, now);
  const backup = takenBy(name, now);
  const condition = (type: string, status: 'True' | 'False', message: string) => ({
    ...{ type, status, reason: type, message, lastTransitionTime: time(now), observedGeneration: 1 },
  });
  await client.updateStatus(etcdBackups, {
    ...made,
    status: {
      conditions: [
        condition('BackupPending', 'False', `Executing job ${job.metadata.name} to save the backup`),
        condition('BackupCompleted', 'True', `${backup.folder}: revision ${backup.revision}, hash ${backup.hash}`),
      ],
      backupJob: { namespace: BACKUP_NAMESPACE, name: job.metadata.name },
      startTime: time(now),
      completionTime: time(now),
      nodeName: 'master-0',
      backup: { ...backup, size: '114.4 MiB' },
    },
  });
}

async function addEndedJob(client: KubeClient, wanted: NewObject<Job>, name: string, now: Date): Promise<Job> {
  const made = await client.create(resources.jobs, wanted);
  const { uid } = made.metadata;
  await addPod(client, made.spec.template, { apiVersion: 'batch/v1', kind: 'Job', name: made.metadata.name, uid }, now);
  const [startTime, completionTime] = [time(now), time(now)];
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    ...{ type, status: 'True' as const, reason: 'CompletionsReached', message: `Reached completions for ${name}` },
    ...{ lastProbeTime: time(now), lastTransitionTime: time(now) },
  }));
  return await client.updateStatus(resources.jobs, {
    ...made,
    status: { startTime, completionTime, succeeded: 1, ready: 0, terminating: 0, conditions },
  });
}

async function addPod(
  client: KubeClient,
  { metadata, spec }: PodTemplate,
  owner: OwnerReference,
  now: Date,
): Promise<void> {
  const made = await client.create(resources.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${owner.name.slice(0, 57)}-x7k2p`,
      namespace: BACKUP_NAMESPACE,
      labels: { ...metadata?.labels },
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: { ...spec, nodeName: 'master-0' },
  });
  const message = encodeJobReport({ outcome: 'succeeded', ...takenBy(owner.name, now) });
  const terminated = { exitCode: 0, reason: 'Completed', message, startedAt: time(now), finishedAt: time(now) };
  const status = { name: 'cluster-backup', image: 'holdfast:bench', imageID: '', ready: false, restartCount: 0 };
  await client.updateStatus(resources.pods, {
    ...made,
    status: { phase: 'Succeeded', startTime: time(now), containerStatuses: [{ ...status, state: { terminated } }] },
  });
}

function takenBy(name: string, now: Date): Omit<SucceededReport, 'outcome'> {
  const timestamp = '2026-11-22_154400';
  return {
    folder: `backup-${name}-${timestamp}`,
    id: `backup-${name}-${timestamp}/${timestamp}`,
    ...{ revision: '31407', hash: 3866667823, totalKey: 12828, snapshotBytes: 114446336, bytes: 120000000 },
    ...{ seconds: 3.21, verifiedAt: time(now), forced: false, warnings: 0 },
    volume: { freeBytes: 40_000_000_000, totalBytes: 100_000_000_000 },
    certificatesExpireAt: '2027-11-22T00:00:00Z',
    kept: { backups: 5, bytes: 600000000, removed: 1, failed: 0 },
  };
}

function time(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Some at a time: the server writes those that come together at once. */
async function times(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}
