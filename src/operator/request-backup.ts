import type { KubeClient } from '../apiserver/index.ts';
import { HoldfastError, messageOf, type Log, type Time } from '../base/index.ts';
import { pause, waitAfter } from '../controller/index.ts';
import {
  etcdBackups,
  outcomeOf,
  parseJobReport,
  SERIES_LABEL,
  type EtcdBackup,
  type SucceededReport,
  type TakenBackup,
} from '../crd/index.ts';
import { absentAsUndefined, hasCode } from './answers.ts';
import { OperatorError } from './errors.ts';
import { owningJob } from './turn.ts';

export interface RequestBackupOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  /** The Backup whose run this is. */
  readonly series: string;
  /** `''`: the default place. */
  readonly pvcName: string;
  /** The Job of the run. Its name becomes the EtcdBackup's, so that a run asks once however often it is begun. */
  readonly job: { readonly name: string; readonly uid: string };
  /** How long to wait for the outcome, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The wait after something passing went wrong. */
const AGAIN_MS = 1_000;
/** How long a backup that is complete may be without its report. */
const REPORT_MS = 10_000;

/**
 * Asks for the backup of a scheduled run and waits for its outcome. Whatever passes by itself (the API server restarts, a
 * connection breaks) is waited out.
 *
 * @returns what the backup's Job reported
 * @throws OperatorError OPERATOR_REQUEST_FAILED with the reason and hint of the backup's failure, OPERATOR_REQUEST_SKIPPED,
 *   OPERATOR_REQUEST_GONE, OPERATOR_REQUEST_NAME_TAKEN, OPERATOR_REQUEST_TIMEOUT
 * @throws ApiServerError where the API server refuses; the signal's reason where it aborts: the backup itself goes on
 */
export async function requestBackup(options: RequestBackupOptions): Promise<SucceededReport> {
  const { time, timeoutMs, job, signal } = options;
  const late = new AbortController();
  const cancel = time.after(timeoutMs, () => late.abort(tooLate(job.name, timeoutMs)));
  try {
    return await follow({ ...options, signal: AbortSignal.any([signal, late.signal]) });
  } finally {
    cancel();
  }
}

async function follow(options: RequestBackupOptions): Promise<SucceededReport> {
  const { time, log, signal, job } = options;
  let isAsked = false;
  for (;;) {
    signal.throwIfAborted();
    let wait = AGAIN_MS;
    try {
      if (!isAsked) await ask(options);
      isAsked = true;
      const outcome = await outcomeByWatch(options);
      if (outcome !== undefined) return outcome;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError) || error.kind !== 'transient') throw error;
      log.warn('waiting for the API server', { etcdBackup: job.name, error: messageOf(error) });
      wait = waitAfter(error, AGAIN_MS);
    }
    await pause(time, wait, signal);
  }
}

/** Creates the EtcdBackup; one that a killed pod of the same Job left is taken over. */
async function ask({ client, job, series, pvcName, signal, log }: RequestBackupOptions): Promise<void> {
  try {
    await client.create(
      etcdBackups,
      {
        apiVersion: `${etcdBackups.group}/${etcdBackups.version}`,
        kind: etcdBackups.kind,
        metadata: {
          name: job.name,
          labels: { [SERIES_LABEL]: series },
          ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: job.name, uid: job.uid }],
        },
        spec: { pvcName },
      },
      { signal },
    );
    log.info('asked for a backup', { etcdBackup: job.name, series });
  } catch (error) {
    if (!hasCode(error, 'APISERVER_ALREADY_EXISTS')) throw error;
    const standing = await absentAsUndefined(client.get(etcdBackups, { name: job.name }, { signal }));
    if (standing !== undefined && owningJob(standing)?.uid !== job.uid) throw nameTaken(job.name);
    log.info('the backup has been asked for already', { etcdBackup: job.name, series });
  }
}

/** Lists, then watches. Undefined where the watch ended before the backup did. */
async function outcomeByWatch(options: RequestBackupOptions): Promise<SucceededReport | undefined> {
  const { client, job, signal } = options;
  const which = { fieldSelector: `metadata.name=${job.name}`, signal };
  const { items, resourceVersion } = await client.list(etcdBackups, which);
  const standing = items.find(({ metadata }) => metadata.name === job.name);
  if (standing === undefined) throw gone(job.name);
  const known = await outcomeFor(standing, options);
  if (known !== undefined) return known;
  for await (const event of client.watch(etcdBackups, { ...which, resourceVersion })) {
    if (event.type === 'BOOKMARK' || event.object.metadata.name !== job.name) continue;
    if (event.type === 'DELETED') throw gone(job.name);
    const outcome = await outcomeFor(event.object, options);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

async function outcomeFor(etcdBackup: EtcdBackup, options: RequestBackupOptions): Promise<SucceededReport | undefined> {
  const { name } = etcdBackup.metadata;
  if (owningJob(etcdBackup)?.uid !== options.job.uid) throw nameTaken(name);
  const { backup, failure, conditions = [] } = etcdBackup.status ?? {};
  const type = outcomeOf(etcdBackup);
  const message = conditions.find((each) => each.type === type)?.message ?? '';
  switch (type) {
    case 'BackupPending':
      return undefined;
    case 'BackupCompleted':
      return reportFrom(name, backup ?? (await reportOfLate(name, options)));
    case 'BackupSkipped':
      throw new OperatorError('OPERATOR_REQUEST_SKIPPED', `EtcdBackup ${name} was ${message}`, {
        subject: name,
        hint: 'Nothing is to be done, unless runs take longer than the schedule leaves between them.',
      });
    case 'BackupFailed': {
      const code = failure === undefined ? '' : ` (${failure.code})`;
      throw new OperatorError('OPERATOR_REQUEST_FAILED', `EtcdBackup ${name} failed: ${message}${code}`, {
        subject: name,
        hint: failure?.hint ?? `See kubectl describe etcdbackup ${name}.`,
      });
    }
  }
}

/** Where the server's definition has no room for the report, it is kept elsewhere, and comes a moment after the outcome. */
async function reportOfLate(
  name: string,
  { client, time, signal }: RequestBackupOptions,
): Promise<TakenBackup | undefined> {
  const end = time.monotonicMs() + REPORT_MS;
  while (time.monotonicMs() < end) {
    await pause(time, AGAIN_MS, signal);
    signal.throwIfAborted();
    const { status } = await client.get(etcdBackups, { name }, { signal });
    if (status?.backup !== undefined) return status.backup;
  }
  return undefined;
}

/** The report of the backup's own Job, as the status has it. */
function reportFrom(name: string, backup: TakenBackup | undefined): SucceededReport {
  const report = parseJobReport(
    JSON.stringify({ totalKey: 0, snapshotBytes: 0, forced: false, warnings: 0, ...backup, outcome: 'succeeded' }),
  );
  if (report?.outcome === 'succeeded') return report;
  throw new OperatorError(
    'OPERATOR_REQUEST_FAILED',
    `EtcdBackup ${name} is complete, but its status does not say how`,
    {
      subject: name,
      hint: 'Look for the backup with holdfast list, and prove it with holdfast verify.',
    },
  );
}

function gone(name: string): OperatorError {
  return new OperatorError('OPERATOR_REQUEST_GONE', `EtcdBackup ${name} was removed before its outcome was known`, {
    subject: name,
    hint: 'Somebody removed it; the next run asks for another backup.',
  });
}

function nameTaken(name: string): OperatorError {
  return new OperatorError('OPERATOR_REQUEST_NAME_TAKEN', `EtcdBackup ${name} belongs to another run`, {
    subject: name,
    hint: `Remove it with kubectl delete etcdbackup ${name} if nobody needs it; the next run has another name.`,
  });
}

function tooLate(name: string, timeoutMs: number): OperatorError {
  const seconds = Math.round(timeoutMs / 1000);
  return new OperatorError('OPERATOR_REQUEST_TIMEOUT', `EtcdBackup ${name} had no outcome after ${seconds} s`, {
    subject: name,
    hint: `See kubectl describe etcdbackup ${name} for what it waits for. It goes on by itself.`,
  });
}
