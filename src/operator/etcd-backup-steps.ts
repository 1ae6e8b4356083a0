import { resources, type Job, type KubeClient } from '../apiserver/index.ts';
import type { Informer } from '../controller/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf, type EtcdBackup } from '../crd/index.ts';
import { absentAsUndefined, removed } from './answers.ts';
import { backupJobName, belongsTo, JOB_SELECTOR } from './backup-job.ts';
import { pending, skipped, type EtcdBackupPass } from './etcd-backup-status.ts';
import { isEnded } from './job-state.ts';
import type { HouseRules } from './openshift/house-rules.ts';
import type { Verdict } from './reconcile.ts';
import type { ResolvedSettings } from './settings.ts';
import { byCreation, isAtWork, owningJob, predecessorOf, unfinishedRunBefore } from './turn.ts';

export interface EtcdBackupParts {
  readonly client: KubeClient;
  readonly settings: ResolvedSettings;
  readonly etcdBackups: Informer<EtcdBackup>;
  readonly jobs: Informer<Job>;
  readonly rules: HouseRules;
}

/** How soon to look again for what no event tells. */
const LOOK_AGAIN_MS = 2_000;

/** Jobs for an EtcdBackup of this name that is no longer there (or another by now) are removed, where nobody else does. */
export async function removeJobsOf(
  name: string,
  standing: string | undefined,
  { client, jobs }: EtcdBackupParts,
  signal: AbortSignal,
): Promise<void> {
  for (const job of jobs.list(BACKUP_NAMESPACE)) {
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

/** A scheduled run does not queue up behind its own predecessor. */
export function skipBehindPredecessor(pass: EtcdBackupPass, parts: EtcdBackupParts): Verdict {
  const before = unfinishedRunBefore(pass.object, parts.etcdBackups.list());
  if (before === undefined) return undefined;
  skipped(pass, `skipped, since EtcdBackup ${before.metadata.name} of the same series is still at work`);
  return 'done';
}

/** One backup at a time, in the order in which they were asked for. */
export async function waitForTurn(
  pass: EtcdBackupPass,
  { client, etcdBackups: all }: EtcdBackupParts,
): Promise<Verdict> {
  const { object, signal, now } = pass;
  const before = predecessorOf(object, all.list());
  if (before !== undefined) {
    const why = byCreation(before, object) < 0 ? 'was asked for before' : 'goes first';
    pending(pass, `waiting for EtcdBackup ${before.metadata.name}, which ${why}`);
    return 'done';
  }
  const which = { namespace: BACKUP_NAMESPACE, labelSelector: JOB_SELECTOR, signal };
  const job = (await client.list(resources.jobs, which)).items.find(
    (each) => !isEnded(each) && !belongsTo(each, object),
  );
  const pod = (await client.list(resources.pods, which)).items.find((each) => isAtWork(each, now));
  if (job === undefined && pod === undefined) return undefined;
  pending(pass, `waiting for ${job === undefined ? 'pod' : 'job'} ${(job ?? pod)?.metadata.name ?? ''} to end`);
  return { again: LOOK_AGAIN_MS };
}
