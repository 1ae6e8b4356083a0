import { resources, type Job } from '../../../src/apiserver/index.ts';
import {
  backups,
  BACKUP_NAMESPACE,
  etcdBackups,
  outcomeOf,
  type Backup,
  type EtcdBackup,
} from '../../../src/crd/index.ts';
import { etcdBackup } from '../../kit/running-standalone.ts';
import type { ClusterUnderTest } from './cluster-under-test.ts';
import { isEnded } from './job-record.ts';

/** A backup that a person asks for. */
export async function ask({ client }: ClusterUnderTest, name: string, pvcName = ''): Promise<EtcdBackup> {
  return await client.create(etcdBackups, etcdBackup(name, pvcName));
}

/** An EtcdBackup once it has an outcome. */
export async function decided(cluster: ClusterUnderTest, name: string): Promise<EtcdBackup> {
  let last: EtcdBackup | undefined;
  return await cluster.until(
    () => `an outcome of ${name}: ${JSON.stringify(last?.status)}`,
    async () => {
      last = await cluster.client.get(etcdBackups, { name });
      return outcomeOf(last) !== 'BackupPending' && last;
    },
  );
}

export async function schedule(
  { client }: ClusterUnderTest,
  name: string,
  etcd: Backup['spec']['etcd'],
): Promise<Backup> {
  return await client.create(backups, {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name },
    spec: { etcd },
  });
}

/** A Backup's status once it is as wanted. */
export async function followed(
  cluster: ClusterUnderTest,
  name: string,
  isAsWanted: (status: NonNullable<Backup['status']>) => boolean,
): Promise<Backup> {
  let last: Backup | undefined;
  return await cluster.until(
    () => `${name} to say what is wanted: ${JSON.stringify(last?.status)}`,
    async () => {
      last = await cluster.client.get(backups, { name });
      return isAsWanted(last.status ?? {}) && last;
    },
  );
}

/** A run of a Backup at once, as `kubectl create job --from=cronjob/…` makes it. */
export async function runNow(cluster: ClusterUnderTest, series: string, name: string): Promise<Job> {
  const { client } = cluster;
  const cronJob = await cluster.until(`the CronJob ${series}`, () =>
    client.get(resources.cronJobs, cluster.named(series)),
  );
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const { apiVersion, kind } = cronJob;
  const { uid } = cronJob.metadata;
  return await client.create(resources.jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: BACKUP_NAMESPACE,
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      labels: metadata?.labels ?? {},
      ownerReferences: [{ apiVersion, kind, name: series, uid, controller: true }],
    },
    spec,
  });
}

/** A Job once it has ended; it may have been removed since. */
export async function ended(cluster: ClusterUnderTest, { metadata: { name, uid } }: Job): Promise<Job> {
  return await cluster.until(
    () => `the end of the Job ${name}: ${JSON.stringify(cluster.jobs.byUid(uid)?.status)}`,
    () => {
      const job = cluster.jobs.byUid(uid);
      return job !== undefined && isEnded(job) && job;
    },
  );
}
