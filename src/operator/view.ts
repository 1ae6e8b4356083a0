import { resources, type CronJob, type Job, type KubeClient, type Pod, type Resource } from '../apiserver/index.ts';
import {
  createIndex,
  createInformer,
  type Informer,
  type InformerOptions,
  type ObjectIndex,
} from '../controller/index.ts';
import {
  APP_LABEL,
  BACKUP_NAMESPACE,
  backups,
  CRONJOB_APP,
  etcdBackups,
  JOB_APP,
  SERIES_LABEL,
  type Backup,
  type EtcdBackup,
} from '../crd/index.ts';
import { JOB_SELECTOR, seriesOf } from './backup-job.ts';
import { isEnded } from './job-state.ts';
import { owningJob } from './turn.ts';
import { WaitingLine } from './waiting-line.ts';

/**
 * What the operator knows of its cluster. There may be ten thousands of objects, so whatever is asked for each of them is
 * found by an index, never by looking through all.
 */
export interface View {
  readonly backups: Informer<Backup>;
  readonly etcdBackups: Informer<EtcdBackup>;
  readonly cronJobs: Informer<CronJob>;
  /** Without what their pods are made from, which would be most of what the operator holds. */
  readonly jobs: Informer<Job>;
  /** Those of backups' Jobs that have not ended. */
  readonly pods: Informer<Pod>;
  /** The EtcdBackups that have no outcome yet. */
  readonly line: WaitingLine;
  /** The EtcdBackups of a series, by its name. */
  readonly bySeries: ObjectIndex<EtcdBackup>;
  /** The EtcdBackups of scheduled runs, by the uid of the run's Job. */
  readonly byRun: ObjectIndex<EtcdBackup>;
  /** The Jobs of CronJobs, by the name of the Backup. */
  readonly runJobs: ObjectIndex<Job>;
  /** The Jobs of backups, by the name of the EtcdBackup. */
  readonly jobsFor: ObjectIndex<Job>;
  /** The Jobs of backups that have not ended, whoever made them: by {@link AT_WORK}. */
  readonly jobsAtWork: ObjectIndex<Job>;
  /** By the name of the Backup that owns them. */
  readonly cronJobsFor: ObjectIndex<CronJob>;
}

export const AT_WORK = 'at work';

/** What has to do with the Jobs that take backups. */
const OF_BACKUPS = { namespace: BACKUP_NAMESPACE, labelSelector: JOB_SELECTOR } as const;

/** The pods of backups that may be at work. */
export const PODS_AT_WORK = { ...OF_BACKUPS, fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' } as const;

/** The Jobs of backups without those that ended well, which are nearly all after some months. */
export const JOBS_NOT_DONE = { ...OF_BACKUPS, fieldSelector: 'status.successful=0' } as const;

const NO_TEMPLATE: Job['spec'] = { template: { spec: { containers: [] } } };

const jobsInBrief: Resource<Job> = {
  ...resources.jobs,
  schema: resources.jobs.schema.transform((job) => ({ ...job, spec: NO_TEMPLATE })),
};

/** Informers that nobody runs yet. */
export function createView(client: KubeClient, watch: Pick<InformerOptions, 'time' | 'log' | 'random'>): View {
  const inNamespace = { ...watch, namespace: BACKUP_NAMESPACE };
  const single = createInformer(client, etcdBackups, watch);
  const cronJobs = createInformer(client, resources.cronJobs, inNamespace);
  const jobs = createInformer(client, jobsInBrief, inNamespace);
  return {
    backups: createInformer(client, backups, watch),
    etcdBackups: single,
    cronJobs,
    jobs,
    pods: createInformer(client, resources.pods, { ...watch, ...PODS_AT_WORK }),
    line: new WaitingLine(single),
    bySeries: createIndex(single, (each) => some(seriesOf(each))),
    byRun: createIndex(single, (each) => some(owningJob(each)?.uid)),
    runJobs: createIndex(jobs, (job) => (isOf(job, CRONJOB_APP) ? some(job.metadata.labels?.[SERIES_LABEL]) : [])),
    jobsFor: createIndex(jobs, (job) => ownersOf(job, etcdBackups.kind)),
    jobsAtWork: createIndex(jobs, (job) => (isOf(job, JOB_APP) && !isEnded(job) ? [AT_WORK] : [])),
    cronJobsFor: createIndex(cronJobs, (cronJob) => ownersOf(cronJob, backups.kind)),
  };
}

/** The names of an object's owners of a kind. */
export function ownersOf({ metadata }: Pick<Job, 'metadata'>, kind: string): readonly string[] {
  return (metadata.ownerReferences ?? []).filter((owner) => owner.kind === kind).map(({ name }) => name);
}

function isOf({ metadata }: Job, app: string): boolean {
  return metadata.labels?.[APP_LABEL] === app;
}

function some(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}
