import { resources, type Job, type KubeClient, type Pod } from '../apiserver/index.ts';
import { APP_LABEL, BACKUP_NAME_LABEL, BACKUP_NAMESPACE, labelValue } from '../crd/index.ts';

export interface PodsRequest {
  readonly client: KubeClient;
  /** What the Job is for, the value of its label. */
  readonly app: string;
  /** Of the Backup or EtcdBackup that the Job was made for. */
  readonly backupName: string;
  readonly signal: AbortSignal;
}

/** The pods of a Job that stand, also those that have ended. Others' pods are not even asked for: there may be thousands. */
export async function podsOf(job: Job, { client, app, backupName, signal }: PodsRequest): Promise<readonly Pod[]> {
  const labelSelector = `${APP_LABEL}=${app},${BACKUP_NAME_LABEL}=${labelValue(backupName)}`;
  const { items } = await client.list(resources.pods, { namespace: BACKUP_NAMESPACE, labelSelector, signal });
  return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
}
