import * as z from 'zod';
import { resources } from '../apiserver/index.ts';
import {
  backups,
  BACKUP_NAMESPACE,
  BEFORE_UPDATE_SERIES,
  etcdBackups,
  retentionOf,
  type EtcdBackup,
  type SeriesRetention,
} from '../crd/index.ts';
import { absentAsUndefined, hasCode } from './answers.ts';
import { backupJob, backupJobName, seriesOf } from './backup-job.ts';
import type { EtcdBackupWork } from './etcd-backup-work.ts';
import { failed, pending, started, type EtcdBackupPass } from './etcd-backup-status.ts';
import { judge } from './follow-job.ts';
import { placeOnHost, type HostPlacement } from './host-placement.ts';
import { failureOf } from './job-state.ts';
import { lookAgain } from './look-again.ts';
import type { Verdict } from './reconcile.ts';
import { checkVolume, type UsableVolume } from './storage/check-volume.ts';
import { claimNotFound, whyClaimIsUnfit } from './storage/claim.ts';
import type { StorageProblem } from './storage/problem.ts';
import { failedForVolume, volumeNotReady, volumeReady } from './storage/volume-condition.ts';

const labels = z.record(z.string(), z.string());

/** How soon to look again for what no event tells. */
const SOON_MS = 2_000;
const LATER_MS = 10_000;
/** What lasts no longer is not told as news. */
const BRIEF_MS = 10_000;

/** A claim that can never take a backup is told at once, whoever's turn it is. */
export async function checkClaim(pass: EtcdBackupPass, { client }: EtcdBackupWork): Promise<Verdict> {
  const { pvcName = '' } = pass.object.spec;
  if (pvcName === '') return undefined;
  const name = { namespace: BACKUP_NAMESPACE, name: pvcName };
  const claim = await absentAsUndefined(client.get(resources.persistentVolumeClaims, name, { signal: pass.signal }));
  const problem = claim === undefined ? claimNotFound(pvcName) : whyClaimIsUnfit(claim);
  return problem && failForVolume(pass, problem);
}

/** Makes the Job, where its place can be had. Its name follows from the object, so that a second one is refused. */
export async function start(pass: EtcdBackupPass, work: EtcdBackupWork): Promise<Verdict> {
  const { object, signal } = pass;
  const { client, settings } = work;
  const placement = await placementFor(pass, work);
  if ('code' in placement) return waitForVolume(pass, placement, work);
  work.patience.end(placeOf(object));
  // What has been read may be old: a Job is made only for what stands right now. What changed it is told of as well.
  const current = await absentAsUndefined(client.get(etcdBackups, { name: object.metadata.name }, { signal }));
  if (current?.metadata.resourceVersion !== object.metadata.resourceVersion) return 'done';
  try {
    const { nodeName, retention, volume } = placement;
    volumeReady(pass, volume);
    if (nodeName !== undefined) pass.status.nodeName = nodeName;
    started(
      pass,
      await client.create(resources.jobs, backupJob(object, { retention, nodeName }, settings), { signal }),
    );
    return 'done';
  } catch (error) {
    return await refused(pass, error, work);
  }
}

async function refused(pass: EtcdBackupPass, error: unknown, work: EtcdBackupWork): Promise<Verdict> {
  const { object, signal } = pass;
  const name = { namespace: BACKUP_NAMESPACE, name: backupJobName(object) };
  if (hasCode(error, 'APISERVER_ALREADY_EXISTS'))
    return judge(pass, await work.client.get(resources.jobs, name, { signal }), work);
  if (hasCode(error, 'APISERVER_NOT_FOUND', 'APISERVER_NAMESPACE_TERMINATING')) {
    const how = error.code === 'APISERVER_NOT_FOUND' ? 'does not exist' : 'is being deleted, to be there again';
    pending(pass, `waiting for the namespace ${BACKUP_NAMESPACE}, which ${how}`);
    return { again: lookAgain(object, pass.now) };
  }
  if (hasCode(error, 'APISERVER_INVALID')) {
    const hint = "Correct the operator's settings or the names that the message tells, and ask for another backup.";
    failed(pass, failureOf('OPERATOR_JOB_REFUSED', `Job ${name.name} is refused: ${error.message}`, hint));
    return 'done';
  }
  // Others may pass: a quota, a missing permission, an admission webhook without an answer.
  throw error;
}

/** Others wait for their turn meanwhile, so this does not last for ever. */
function waitForVolume(pass: EtcdBackupPass, problem: StorageProblem, { patience, settings }: EtcdBackupWork): Verdict {
  if (problem.passes === 'for good') return failForVolume(pass, problem);
  const waitedMs = patience.waited(placeOf(pass.object));
  if (waitedMs >= settings.startDeadlineMs) {
    const message = `${problem.message}, for ${Math.round(waitedMs / 1000)} s by now`;
    return failForVolume(pass, { ...problem, message });
  }
  pending(pass, `waiting: ${problem.message}`);
  if (problem.passes === 'perhaps soon' || waitedMs >= BRIEF_MS) volumeNotReady(pass, problem);
  return { again: waitedMs < BRIEF_MS ? SOON_MS : LATER_MS };
}

function failForVolume(pass: EtcdBackupPass, { code, message, hint }: StorageProblem): Verdict {
  const failure = failureOf(code, message, hint);
  failedForVolume(pass, failure);
  failed(pass, failure);
  return 'done';
}

/** What is waited for: a claim, or a node. */
function placeOf({ spec: { pvcName = '' } }: EtcdBackup): string {
  return pvcName === '' ? 'a node' : `claim ${pvcName}`;
}

interface Placement extends HostPlacement {
  /** Undefined: the disk of a node. */
  readonly volume?: UsableVolume;
}

/** On which node the Job runs; undefined there where the scheduler chooses. */
async function placementFor(pass: EtcdBackupPass, work: EtcdBackupWork): Promise<Placement | StorageProblem> {
  const { object, now, signal } = pass;
  const { client, settings, etcdBackups: all, reader } = work;
  const retention = await retentionFor(pass, work);
  const { pvcName = '' } = object.spec;
  const { onControlPlane } = settings;
  const nodeSelector = labels.catch({}).parse(settings.backupPod.spec?.['nodeSelector']);
  if (pvcName === '') {
    if (!onControlPlane) return { nodeName: undefined, retention };
    return placeOnHost({ client, etcdBackup: object, all: all.list(), retention, nodeSelector, now, signal });
  }
  const name = { namespace: BACKUP_NAMESPACE, name: pvcName };
  const claim = await absentAsUndefined(client.get(resources.persistentVolumeClaims, name, { signal }));
  if (claim === undefined) return claimNotFound(pvcName);
  const problem = whyClaimIsUnfit(claim);
  if (problem !== undefined) return problem;
  const lastBytes = lastBytesOn(pvcName, all.list());
  const found = await checkVolume({ claim, onControlPlane, nodeSelector, lastBytes, reader, signal });
  if ('code' in found) return found;
  return { nodeName: found.nodeName, retention, volume: found };
}

function lastBytesOn(pvcName: string, all: readonly EtcdBackup[]): number | undefined {
  let last: EtcdBackup | undefined;
  const endOf = (each: EtcdBackup | undefined): string => each?.status?.completionTime ?? '';
  for (const each of all)
    if (each.spec.pvcName === pvcName && each.status?.backup !== undefined && endOf(each) >= endOf(last)) last = each;
  return last?.status?.backup?.bytes;
}

/** What is to stay of the series; nothing is removed for a Backup that is gone. */
async function retentionFor(
  { object, signal }: EtcdBackupPass,
  { client, settings }: EtcdBackupWork,
): Promise<SeriesRetention | undefined> {
  const series = seriesOf(object);
  if (series === undefined) return undefined;
  if (series === BEFORE_UPDATE_SERIES) return { kind: 'number', maxBackups: settings.keptBeforeUpdates };
  const backup = await absentAsUndefined(client.get(backups, { name: series }, { signal }));
  return backup && retentionOf(backup);
}
