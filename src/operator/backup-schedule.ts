import { ApiServerError, resources, type CronJob } from '../apiserver/index.ts';
import { formatTime } from '../controller/index.ts';
import {
  APP_LABEL,
  BACKUP_NAMESPACE,
  backups,
  CRONJOB_APP,
  SCHEDULED_SINCE_ANNOTATION,
  type Backup,
} from '../crd/index.ts';
import { absentAsUndefined, hasCode, removed } from './answers.ts';
import { say, type BackupParts, type BackupPass } from './backup-parts.ts';
import { cronJobIdentity, cronJobSpec } from './cron-job.ts';
import { isAsWanted } from './drift.ts';
import { dueOf } from './due.ts';
import { lookAgain } from './look-again.ts';
import type { Verdict } from './reconcile.ts';
import { nextRun } from './schedule.ts';

/** Clocks of two processes differ a little. */
const AFTER_THE_HOUR_MS = 1_000;
/** Timers stand still while a machine sleeps, and clocks are set: nothing is waited for longer. */
const LONGEST_WAIT_MS = 60_000;

/** CronJobs of a Backup of this name that is no longer there (or another by now) are removed, where nobody else does. */
export async function removeCronJobsOf(
  name: string,
  standing: string | undefined,
  { client, cronJobsFor }: BackupParts,
  signal: AbortSignal,
): Promise<void> {
  for (const { metadata } of cronJobsFor.get(name)) {
    const owner = metadata.ownerReferences?.find((each) => each.kind === backups.kind && each.name === name);
    if (owner === undefined || owner.uid === standing || metadata.deletionTimestamp !== undefined) continue;
    // One that was made for a Backup of this name before is taken over.
    if (standing !== undefined && metadata.name === name) continue;
    if (owner.uid === (await absentAsUndefined(client.get(backups, { name }, { signal })))?.metadata.uid) continue;
    await removed(
      client.delete(resources.cronJobs, metadata, { propagation: 'Background', uid: metadata.uid, signal }),
    );
  }
}

/** Nothing is done for a Backup that is on its way out. */
export async function leave({ object, signal }: BackupPass, parts: BackupParts): Promise<Verdict> {
  const { name, uid, deletionTimestamp } = object.metadata;
  await removeCronJobsOf(name, uid, parts, signal);
  return deletionTimestamp === undefined ? undefined : 'done';
}

/** The CronJob stands as the resource and the settings ask for it, whoever changed what. */
export async function keepCronJob(pass: BackupPass, parts: BackupParts): Promise<Verdict> {
  const { object } = pass;
  const { schedule = '' } = object.spec.etcd;
  const found = parts.cronJobs.get({ namespace: BACKUP_NAMESPACE, name: object.metadata.name });
  if (found !== undefined && !isOurs(found, object)) {
    const message = `CronJob ${BACKUP_NAMESPACE}/${found.metadata.name} was not made for this Backup, and has its name`;
    say(pass, 'Scheduled', { holds: false, reason: 'CronJobNameTaken', message }, 'Warning');
    return undefined;
  }
  if (schedule === '') return await withoutSchedule(pass, found, parts);
  try {
    await bringAbout(pass, schedule, found, parts);
  } catch (error) {
    return notScheduled(pass, found, error);
  }
  sayScheduled(pass, schedule, parts);
  return undefined;
}

function sayScheduled(pass: BackupPass, schedule: string, { settings }: BackupParts): void {
  const { timeZone = settings.defaultTimeZone } = pass.object.spec.etcd;
  if (nextRun({ schedule, timeZone }, pass.now) === undefined) {
    const message = `no time is ever due at ${schedule}`;
    say(pass, 'Scheduled', { holds: false, reason: 'NeverDue', message }, 'Warning');
    return;
  }
  const message = `the CronJob ${BACKUP_NAMESPACE}/${pass.object.metadata.name} runs at ${schedule}`;
  say(pass, 'Scheduled', { holds: true, reason: 'AsAskedFor', message }, 'Normal');
}

async function withoutSchedule(
  pass: BackupPass,
  found: CronJob | undefined,
  { client }: BackupParts,
): Promise<Verdict> {
  const { signal } = pass;
  if (found !== undefined) {
    const { metadata } = found;
    await removed(
      client.delete(resources.cronJobs, metadata, { propagation: 'Background', uid: metadata.uid, signal }),
    );
  }
  say(pass, 'Scheduled', { holds: false, reason: 'NoSchedule', message: 'no schedule, so no backups' }, 'none');
  return undefined;
}

async function bringAbout(
  { object, signal, now, log }: BackupPass,
  schedule: string,
  found: CronJob | undefined,
  { client, settings }: BackupParts,
): Promise<void> {
  const { labels, ownerReferences } = cronJobIdentity(object);
  const spec = cronJobSpec(object, schedule, settings);
  const { name } = object.metadata;
  if (found === undefined) {
    const annotations = { [SCHEDULED_SINCE_ANNOTATION]: formatTime(now) };
    const metadata = { name, namespace: BACKUP_NAMESPACE, labels, annotations, ownerReferences: [...ownerReferences] };
    await client.create(resources.cronJobs, { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec }, { signal });
    log.info('made a CronJob', { cronJob: name, schedule });
    return;
  }
  const { metadata } = found;
  const isNewPlan = found.spec.schedule !== schedule || (found.spec.timeZone ?? undefined) !== spec.timeZone;
  const since = metadata.annotations?.[SCHEDULED_SINCE_ANNOTATION];
  const wanted = {
    labels: { ...metadata.labels, ...labels },
    annotations: {
      ...metadata.annotations,
      [SCHEDULED_SINCE_ANNOTATION]: isNewPlan || since === undefined ? formatTime(now) : since,
    },
    ownerReferences: [...ownerReferences],
  };
  if (isAsWanted(spec, found.spec) && isAsWanted(wanted, { ...wanted, ...pick(metadata) })) return;
  const changed = await client.update(
    resources.cronJobs,
    { ...found, metadata: { ...metadata, ...wanted }, spec },
    { signal },
  );
  if (changed.metadata.resourceVersion !== metadata.resourceVersion)
    log.info('put a CronJob right', { cronJob: name, schedule });
}

function pick({ labels = {}, annotations = {}, ownerReferences = [] }: CronJob['metadata']): object {
  return { labels, annotations, ownerReferences };
}

function notScheduled(pass: BackupPass, found: CronJob | undefined, error: unknown): Verdict {
  const refused = (reason: string, message: string): void =>
    say(pass, 'Scheduled', { holds: false, reason, message }, 'Warning');
  if (hasCode(error, 'APISERVER_NOT_FOUND') && found === undefined) {
    refused('NamespaceMissing', `the namespace ${BACKUP_NAMESPACE} does not exist`);
    return { again: lookAgain(pass.object, pass.now) };
  }
  if (hasCode(error, 'APISERVER_NAMESPACE_TERMINATING')) {
    refused('NamespaceTerminating', `the namespace ${BACKUP_NAMESPACE} is being deleted`);
    return { again: lookAgain(pass.object, pass.now) };
  }
  const former = found === undefined ? '' : `; the CronJob stays at ${found.spec.schedule}`;
  if (hasCode(error, 'APISERVER_INVALID')) {
    refused('CronJobRefused', `${error.message}${former}`);
    return undefined;
  }
  if (error instanceof ApiServerError && error.code !== 'APISERVER_CONFLICT')
    refused(
      error.code === 'APISERVER_FORBIDDEN' ? 'CronJobForbidden' : 'CronJobNotWritten',
      `${error.message}${former}. ${error.hint}`,
    );
  throw error;
}

/** When the next run is due, and whether one is overdue; comes back when that changes. */
export function watchSchedule(pass: BackupPass, { cronJobs, settings }: BackupParts): Verdict {
  const { object, status, now } = pass;
  const cronJob = cronJobs.get({ namespace: BACKUP_NAMESPACE, name: object.metadata.name });
  const due = cronJob && isOurs(cronJob, object) ? dueOf(cronJob, settings, now) : undefined;
  if (due?.next === undefined) delete status.nextRunTime;
  else status.nextRunTime = formatTime(due.next);
  if (due?.missed !== undefined) {
    const message = `the run that was due at ${formatTime(due.missed)} has not started`;
    say(pass, 'ScheduleMissed', { holds: true, reason: 'RunMissed', message }, 'Warning');
  } else {
    const statement = { holds: false, reason: 'OnTime', message: 'no run is overdue' };
    say(pass, 'ScheduleMissed', statement, 'none');
  }
  if (due?.changesAt === undefined) return undefined;
  return { again: Math.min(due.changesAt.getTime() - now.getTime() + AFTER_THE_HOUR_MS, LONGEST_WAIT_MS) };
}

/** Made for this Backup, or for one of its name before it, or by another operator for it. */
function isOurs({ metadata }: CronJob, { metadata: { uid } }: Backup): boolean {
  return (
    metadata.labels?.[APP_LABEL] === CRONJOB_APP ||
    metadata.ownerReferences?.some((owner) => owner.uid === uid) === true
  );
}
