import { resources, type KubeClient } from '../apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf } from '../crd/index.ts';
import { absentAsUndefined, removed } from './answers.ts';
import { backupJobName, belongsTo } from './backup-job.ts';
import type { EtcdBackupPass } from './etcd-backup-status.ts';
import type { HouseRules } from './openshift/house-rules.ts';
import type { Verdict } from './reconcile.ts';
import type { ResolvedSettings } from './settings.ts';
import { owningJob } from './turn.ts';
import type { View } from './view.ts';

export interface EtcdBackupParts extends View {
  readonly client: KubeClient;
  readonly settings: ResolvedSettings;
  readonly rules: HouseRules;
}

/** Jobs for an EtcdBackup of this name that is no longer there (or another by now) are removed, where nobody else does. */
export async function removeJobsOf(
  name: string,
  standing: string | undefined,
  { client, jobsFor }: EtcdBackupParts,
  signal: AbortSignal,
): Promise<void> {
  for (const job of jobsFor.get(name)) {
    const owner = job.metadata.ownerReferences?.find((each) => each.kind === etcdBackups.kind && each.name === name);
    if (owner === undefined || owner.uid === standing || job.metadata.deletionTimestamp !== undefined) continue;
    if (owner.uid === (await absentAsUndefined(client.get(etcdBackups, { name }, { signal })))?.metadata.uid) continue;
    const { uid } = job.metadata;
    await removed(client.delete(resources.jobs, job.metadata, { propagation: 'Background', uid, signal }));
  }
}

/** An object that is on its way out keeps no Job running. */
export async function leave({ object, signal }: EtcdBackupPass, parts: EtcdBackupParts): Promise<Verdict> {
  const { name, uid, deletionTimestamp } = object.metadata;
  await removeJobsOf(name, uid, parts, signal);
  if (deletionTimestamp === undefined) return undefined;
  const job = parts.jobs.get({ namespace: BACKUP_NAMESPACE, name: backupJobName(object) });
  if (job !== undefined && belongsTo(job, object))
    await removed(
      parts.client.delete(resources.jobs, job.metadata, { propagation: 'Background', uid: job.metadata.uid, signal }),
    );
  return 'done';
}

/**
 * The EtcdBackup of a scheduled run goes with the run's Job. Kubernetes does not see to it: the one is cluster-scoped, the
 * other namespaced (cluster-etcd-operator, pkg/operator/backupcontroller/backup_removal_controller.go).
 */
export async function followOwner(pass: EtcdBackupPass, { client, jobs }: EtcdBackupParts): Promise<Verdict> {
  const { object, signal, log } = pass;
  const owner = owningJob(object);
  if (owner === undefined) return undefined;
  const name = { namespace: BACKUP_NAMESPACE, name: owner.name };
  if (jobs.get(name)?.metadata.uid === owner.uid) return undefined;
  // What the informer has not seen yet may be there.
  const standing = await absentAsUndefined(client.get(resources.jobs, name, { signal }));
  if (standing?.metadata.uid === owner.uid) return undefined;
  log.info('removing an EtcdBackup whose run is gone', { etcdBackup: object.metadata.name, job: owner.name });
  await removed(client.delete(etcdBackups, { name: object.metadata.name }, { uid: object.metadata.uid, signal }));
  return 'done';
}

/** What has an outcome keeps it. */
export function keepOutcome({ object }: EtcdBackupPass): Verdict {
  return outcomeOf(object) === 'BackupPending' ? undefined : 'done';
}
