import * as z from 'zod';
import { resources, type Job, type KubeClient, type Pod } from '../apiserver/index.ts';
import { formatTime, type Informer } from '../controller/index.ts';
import {
  APP_LABEL,
  backups,
  BACKUP_NAMESPACE,
  BEFORE_UPDATE_SERIES,
  etcdBackups,
  JOB_APP,
  outcomeOf,
  retentionOf,
  type BackupFailure,
  type EtcdBackup,
  type SeriesRetention,
} from '../crd/index.ts';
import { absentAsUndefined, hasCode, removed } from './answers.ts';
import { backupJob, backupJobName, seriesOf } from './backup-job.ts';
import { completed, executing, failed, pending, skipped, started, type EtcdBackupPass } from './etcd-backup-status.ts';
import { placeOnHost, type HostPlacement } from './host-placement.ts';
import { failureOf, isEnded, judgeJob, obstacleOf } from './job-state.ts';
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

const labels = z.record(z.string(), z.string());

/** How soon to look again for what no event tells. */
const LOOK_AGAIN_MS = 2_000;
const SEEN_AGAIN_MS = 100;
const NAMESPACE_AGAIN_MS = 10_000;
const NODE_AGAIN_MS = 10_000;
const WAITING_IS_NEWS_MS = 10_000;
const JOB_SELECTOR = `${APP_LABEL}=${JOB_APP}`;

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

/** Follows the Job, once there is one. */
export async function followJob(pass: EtcdBackupPass, { client, jobs }: EtcdBackupParts): Promise<Verdict> {
  const { object, signal } = pass;
  const noted = object.status?.backupJob?.name;
  const name = { namespace: BACKUP_NAMESPACE, name: noted ?? backupJobName(object) };
  let job = jobs.get(name);
  if (job === undefined && noted === undefined) return undefined;
  job ??= await absentAsUndefined(client.get(resources.jobs, name, { signal }));
  if (job === undefined) {
    failed(pass, failureOf('OPERATOR_JOB_GONE', `Job ${name.name} was removed before it had ended`, AGAIN_HINT));
    return 'done';
  }
  return judge(pass, job, client);
}

const AGAIN_HINT = 'Ask for another backup with a new EtcdBackup.';

async function judge(pass: EtcdBackupPass, job: Job, client: KubeClient): Promise<Verdict> {
  const { name } = job.metadata;
  if (!belongsTo(job, pass.object)) {
    const hint = `Look at it with kubectl get -n ${BACKUP_NAMESPACE} job/${name}, remove it, and ask for another backup.`;
    failed(pass, failureOf('OPERATOR_JOB_NAME_TAKEN', `Job ${name} belongs to somebody else`, hint));
    return 'done';
  }
  started(pass, job);
  const isYoung = pass.now.getTime() - Date.parse(job.metadata.creationTimestamp) < WAITING_IS_NEWS_MS;
  if (!isEnded(job) && isYoung) return { again: WAITING_IS_NEWS_MS };
  const pods = await podsOf(job, client, pass.signal);
  if (!isEnded(job)) return sayWhatItWaitsFor(pass, job, pods);
  const state = judgeJob(job, pods);
  if (state.kind === 'at-work') return 'done';
  if (state.nodeName !== undefined) pass.status.nodeName = state.nodeName;
  if (state.kind === 'succeeded') completed(pass, state.report, endTime(job, pass.now));
  else failed(pass, state.failure, endTime(job, pass.now));
  return 'done';
}

async function podsOf(job: Job, client: KubeClient, signal: AbortSignal): Promise<readonly Pod[]> {
  const which = { namespace: BACKUP_NAMESPACE, labelSelector: JOB_SELECTOR, signal };
  const { items } = await client.list(resources.pods, which);
  return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
}

/** A pod that cannot start (no node, no volume, no image) keeps its Job until the deadline; the object says why meanwhile. */
function sayWhatItWaitsFor(pass: EtcdBackupPass, job: Job, pods: readonly Pod[]): Verdict {
  const obstacle = pods.map(obstacleOf).find((each) => each !== undefined);
  const isAtWork = obstacle === undefined && pods.length > 0;
  const message = executing(job.metadata.name);
  pending(pass, obstacle === undefined ? message : `${message}; its pod waits: ${obstacle}`);
  return isAtWork ? 'done' : { again: WAITING_IS_NEWS_MS };
}

function endTime({ status }: Job, now: Date): string {
  const end = status?.conditions?.find((each) => each.type === 'Failed' && each.status === 'True');
  return status?.completionTime ?? end?.lastTransitionTime ?? formatTime(now);
}

/** A claim that is not there is told at once, whoever's turn it is. */
export async function checkClaim(pass: EtcdBackupPass, { client }: EtcdBackupParts): Promise<Verdict> {
  const failure = await claimFailure(pass, client);
  if (failure === undefined) return undefined;
  failed(pass, failure);
  return 'done';
}

async function claimFailure(
  { object, signal }: EtcdBackupPass,
  client: KubeClient,
): Promise<BackupFailure | undefined> {
  const { pvcName = '' } = object.spec;
  if (pvcName === '') return undefined;
  const name = { namespace: BACKUP_NAMESPACE, name: pvcName };
  const claim = await absentAsUndefined(client.get(resources.persistentVolumeClaims, name, { signal }));
  const hint = `Create the claim in the namespace ${BACKUP_NAMESPACE}, then ask for another backup.`;
  if (claim === undefined) return failureOf('OPERATOR_CLAIM_NOT_FOUND', `unable to find PVC [${pvcName}]`, hint);
  if (claim.status?.phase !== 'Lost') return undefined;
  return failureOf('OPERATOR_CLAIM_LOST', `PVC [${pvcName}] has lost its volume`, `Remove it. ${hint}`);
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

/** Makes the Job. Its name follows from the object, so that a second one is refused. */
export async function start(pass: EtcdBackupPass, parts: EtcdBackupParts): Promise<Verdict> {
  const { object, signal } = pass;
  const { client, settings } = parts;
  // What has been read may be old: a Job is made only for what stands right now.
  const current = await absentAsUndefined(client.get(etcdBackups, { name: object.metadata.name }, { signal }));
  if (current?.metadata.resourceVersion !== object.metadata.resourceVersion) return { again: SEEN_AGAIN_MS };
  try {
    const placement = await placementFor(pass, parts);
    if (placement === 'no healthy node') {
      pending(pass, 'waiting for a control-plane node that is ready, to take the backup and to keep it');
      return { again: NODE_AGAIN_MS };
    }
    const { nodeName, retention } = placement;
    if (nodeName !== undefined) pass.status.nodeName = nodeName;
    started(
      pass,
      await client.create(resources.jobs, backupJob(object, { retention, nodeName }, settings), { signal }),
    );
    return 'done';
  } catch (error) {
    return await refused(pass, error, client);
  }
}

async function refused(pass: EtcdBackupPass, error: unknown, client: KubeClient): Promise<Verdict> {
  const { object, signal } = pass;
  const name = { namespace: BACKUP_NAMESPACE, name: backupJobName(object) };
  if (hasCode(error, 'APISERVER_ALREADY_EXISTS'))
    return judge(pass, await client.get(resources.jobs, name, { signal }), client);
  if (hasCode(error, 'APISERVER_NOT_FOUND', 'APISERVER_NAMESPACE_TERMINATING')) {
    const how = error.code === 'APISERVER_NOT_FOUND' ? 'does not exist' : 'is being deleted, to be there again';
    pending(pass, `waiting for the namespace ${BACKUP_NAMESPACE}, which ${how}`);
    return { again: NAMESPACE_AGAIN_MS };
  }
  if (hasCode(error, 'APISERVER_INVALID')) {
    const hint = "Correct the operator's settings or the names that the message tells, and ask for another backup.";
    failed(pass, failureOf('OPERATOR_JOB_REFUSED', `Job ${name.name} is refused: ${error.message}`, hint));
    return 'done';
  }
  // Others may pass: a quota, a missing permission, an admission webhook without an answer.
  throw error;
}

/** A claim says by itself where it can be reached. */
async function placementFor(pass: EtcdBackupPass, parts: EtcdBackupParts): Promise<HostPlacement | 'no healthy node'> {
  const { object, signal } = pass;
  const { client, settings, etcdBackups: all } = parts;
  const retention = await retentionFor(pass, parts);
  const isOnHost = (object.spec.pvcName ?? '') === '' && settings.onControlPlane;
  if (!isOnHost) return { nodeName: undefined, retention };
  const nodeSelector = labels.catch({}).parse(settings.backupPod.spec?.['nodeSelector']);
  return placeOnHost({ client, etcdBackup: object, all: all.list(), retention, nodeSelector, signal });
}

/** What is to stay of the series; nothing is removed for a Backup that is gone. */
async function retentionFor(
  { object, signal }: EtcdBackupPass,
  { client, settings }: EtcdBackupParts,
): Promise<SeriesRetention | undefined> {
  const series = seriesOf(object);
  if (series === undefined) return undefined;
  if (series === BEFORE_UPDATE_SERIES) return { kind: 'number', maxBackups: settings.keptBeforeUpdates };
  const backup = await absentAsUndefined(client.get(backups, { name: series }, { signal }));
  return backup && retentionOf(backup);
}

function belongsTo(job: Job, { metadata: { uid } }: EtcdBackup): boolean {
  return job.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
