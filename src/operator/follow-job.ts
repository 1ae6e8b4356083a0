import { resources, type Job, type Pod } from '../apiserver/index.ts';
import { formatTime } from '../controller/index.ts';
import { BACKUP_NAMESPACE, JOB_APP } from '../crd/index.ts';
import { absentAsUndefined, removed } from './answers.ts';
import { backupJobName, belongsTo } from './backup-job.ts';
import { completed, executing, failed, pending, started, type EtcdBackupPass } from './etcd-backup-status.ts';
import type { EtcdBackupWork } from './etcd-backup-work.ts';
import { podsOf } from './job-pods.ts';
import { failureOf, hasEnded, hasStarted, isEnded, judgeJob, lastFailureIn, obstacleOf } from './job-state.ts';
import type { Verdict } from './reconcile.ts';
import { lastWordOn } from './storage/told-by-events.ts';
import { tellOfVolume, volumeReady } from './storage/volume-condition.ts';
import { isAtWork, LOST_POD_MS } from './turn.ts';

/** Until a pod has started: what provisioners and kubelets say is told by events alone, which are too many to be watched. */
const LOOK_AGAIN_MS = 10_000;
const LEAVING_AGAIN_MS = 1_000;
const AGAIN_HINT = 'Ask for another backup with a new EtcdBackup.';

/** Follows the Job, once there is one. */
export async function followJob(pass: EtcdBackupPass, work: EtcdBackupWork): Promise<Verdict> {
  const { client, jobs } = work;
  const { object, signal } = pass;
  const noted = object.status?.backupJob?.name;
  const name = { namespace: BACKUP_NAMESPACE, name: noted ?? backupJobName(object) };
  let job = jobs.get(name);
  if (job === undefined && noted === undefined) return undefined;
  // One that is not noted may have been given up a moment ago, and only seem to be there still.
  if (job === undefined || noted === undefined)
    job = await absentAsUndefined(client.get(resources.jobs, name, { signal }));
  if (job === undefined && noted === undefined) return undefined;
  if (job === undefined) {
    failed(pass, failureOf('OPERATOR_JOB_GONE', `Job ${name.name} was removed before it had ended`, AGAIN_HINT));
    return 'done';
  }
  if (noted === undefined && job.metadata.deletionTimestamp !== undefined) return { again: LEAVING_AGAIN_MS };
  return judge(pass, job, work);
}

/** What becomes of the backup, by its Job. */
export async function judge(pass: EtcdBackupPass, job: Job, work: EtcdBackupWork): Promise<Verdict> {
  const { name } = job.metadata;
  if (!belongsTo(job, pass.object)) {
    const hint = `Look at it with kubectl get -n ${BACKUP_NAMESPACE} job/${name}, remove it, and ask for another backup.`;
    failed(pass, failureOf('OPERATOR_JOB_NAME_TAKEN', `Job ${name} belongs to somebody else`, hint));
    return 'done';
  }
  started(pass, job);
  const isYoung = pass.now.getTime() - Date.parse(job.metadata.creationTimestamp) < LOOK_AGAIN_MS;
  if (!isEnded(job) && isYoung) return { again: LOOK_AGAIN_MS };
  const { name: backupName } = pass.object.metadata;
  const pods = await podsOf(job, { client: work.client, app: JOB_APP, backupName, signal: pass.signal });
  const end = isEnded(job) ? job : endedByLoss(pass, job, pods, work);
  if (end === undefined) return attend(pass, job, pods, work);
  const state = judgeJob(end, pods);
  if (state.kind === 'at-work') return 'done';
  work.patience.end(job.metadata.uid);
  if (state.nodeName !== undefined) pass.status.nodeName = state.nodeName;
  if (state.kind === 'succeeded') {
    volumeReady(pass, undefined);
    completed(pass, state.report, endTime(end, pass.now));
    return 'done';
  }
  tellOfVolume(pass, state.failure, state.findings);
  failed(pass, state.failure, endTime(end, pass.now));
  return 'done';
}

/** A Job that is to fail waits for its pods to end; those on a node that died never do, and are not waited for. */
function endedByLoss(pass: EtcdBackupPass, job: Job, pods: readonly Pod[], work: EtcdBackupWork): Job | undefined {
  const target = job.status?.conditions?.find(({ type, status }) => type === 'FailureTarget' && status === 'True');
  if (target === undefined || !areLost(pass, pods, work)) return undefined;
  return { ...job, status: { ...job.status, conditions: [target, { ...target, type: 'Failed' }] } };
}

/**
 * Whether none of the pods is at work, but some are lost with their nodes: by their own times, and as this process has watched it, since
 * its clock may be wrong and the pod of a live node not quite gone.
 */
function areLost({ now }: EtcdBackupPass, pods: readonly Pod[], { patience }: EtcdBackupWork): boolean {
  const standing = pods.filter((pod) => !hasEnded(pod));
  const leaving = standing.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const watched = leaving.map(({ metadata }) => patience.waited(`leaving ${metadata.uid}`));
  const isLongAgo = leaving.length === standing.length && watched.every((ms) => ms >= LOST_POD_MS);
  return standing.length > 0 && isLongAgo && standing.every((pod) => !isAtWork(pod, now));
}

/** Looks after a Job that goes on: whether its pod has started, and whether its node is still there. */
async function attend(pass: EtcdBackupPass, job: Job, pods: readonly Pod[], work: EtcdBackupWork): Promise<Verdict> {
  const { uid } = job.metadata;
  const standing = pods.filter((pod) => !hasEnded(pod));
  if (areLost(pass, standing, work)) return beginAnew(pass, job, standing, work);
  const message = executing(job.metadata.name) + tellOfAttempts(pass, pods);
  if (standing.some(hasStarted)) {
    work.patience.end(uid);
    pending(pass, message);
    // Of a pod that is on its way out nobody tells when it counts as lost.
    return standing.some(({ metadata }) => metadata.deletionTimestamp !== undefined)
      ? { again: LOOK_AGAIN_MS }
      : 'done';
  }
  const obstacle = await whyNotStarted(pass, job, standing, work);
  if (work.patience.waited(uid) >= work.settings.startDeadlineMs) return giveUp(pass, job, obstacle, work);
  pending(pass, obstacle === undefined ? message : `${message}; its pod waits: ${obstacle}`);
  return { again: LOOK_AGAIN_MS };
}

/** What kept an attempt from its end is told before the last one has ended, too. */
function tellOfAttempts(pass: EtcdBackupPass, pods: readonly Pod[]): string {
  const report = lastFailureIn(pods);
  if (report === undefined) return '';
  const { code, message, hint, findings = [] } = report;
  tellOfVolume(pass, { code, message, hint }, findings);
  return `; an attempt has failed: ${message} (${code})`;
}

/** The scheduler's or kubelet's word, and those of whoever attaches, provisions and mounts. */
async function whyNotStarted(
  { object, signal }: EtcdBackupPass,
  job: Job,
  pods: readonly Pod[],
  { client, reader }: EtcdBackupWork,
): Promise<string | undefined> {
  const [pod] = pods;
  // Why none can be made, the Job controller says of the Job: an account, a quota, an admission.
  if (pod === undefined) return lastWordOn(job, { reader, signal });
  const words = [obstacleOf(pod), await lastWordOn(pod, { reader, signal })];
  const { pvcName = '' } = object.spec;
  if (pvcName !== '' && (pod.spec.nodeName ?? '') === '') {
    const name = { namespace: BACKUP_NAMESPACE, name: pvcName };
    const claim = await absentAsUndefined(client.get(resources.persistentVolumeClaims, name, { signal }));
    if (claim === undefined || claim.status?.phase !== 'Bound')
      words.push(claim === undefined ? `PVC [${pvcName}] is gone` : await lastWordOn(claim, { reader, signal }));
  }
  // An event of the scheduler says what the pod's condition does.
  const told = new Map(words.toReversed().map((word = '') => [word.slice(word.indexOf(': ') + 1), word]));
  return [...told.values()].filter(Boolean).toReversed().join('; ') || undefined;
}

/**
 * Others wait for their turn, so a Job whose pod does not start is not kept. It goes before the backup is called failed:
 * afterwards nobody would look after it.
 */
async function giveUp(
  pass: EtcdBackupPass,
  job: Job,
  obstacle: string | undefined,
  work: EtcdBackupWork,
): Promise<Verdict> {
  await removeJob(pass, job, work);
  const limit = `${Math.round(work.settings.startDeadlineMs / 1000)} s`;
  const message = `the pod of job ${job.metadata.name} was not started within ${limit}: ${obstacle ?? 'nobody says why'}`;
  const hint = `Mend what it waited for, and ask for another backup. See kubectl get events -n ${BACKUP_NAMESPACE}.`;
  failed(pass, failureOf('OPERATOR_JOB_NOT_STARTED', message, hint));
  return 'done';
}

/** The node died under the backup: its pod never ends, so that its Job would wait for it for ever. */
async function beginAnew(pass: EtcdBackupPass, job: Job, lost: readonly Pod[], work: EtcdBackupWork): Promise<Verdict> {
  await removeJob(pass, job, work);
  delete pass.status.backupJob;
  delete pass.status.nodeName;
  const nodes = [...new Set(lost.map(({ spec }) => spec.nodeName ?? '?'))].join(', ');
  const message = `node ${nodes} does not answer, and with it job ${job.metadata.name} is lost; the backup begins anew`;
  pending(pass, message);
  pass.events.push({ type: 'Warning', reason: 'BackupLost', message });
  return { again: LEAVING_AGAIN_MS };
}

async function removeJob(
  { signal }: EtcdBackupPass,
  { metadata }: Job,
  { client, patience }: EtcdBackupWork,
): Promise<void> {
  const options = { propagation: 'Background', uid: metadata.uid, signal } as const;
  await removed(client.delete(resources.jobs, metadata, options));
  patience.end(metadata.uid);
}

function endTime({ status }: Job, now: Date): string {
  const end = status?.conditions?.find((each) => each.type === 'Failed' && each.status === 'True');
  return status?.completionTime ?? end?.lastTransitionTime ?? formatTime(now);
}
