import { resources, type Job } from '../apiserver/index.ts';
import { formatTime } from '../controller/index.ts';
import { CRONJOB_APP } from '../crd/index.ts';
import { hasCode } from './answers.ts';
import { say, type BackupParts, type BackupPass } from './backup-parts.ts';
import { podsOf } from './job-pods.ts';
import { isEnded, judgeJob } from './job-state.ts';
import type { Verdict } from './reconcile.ts';
import { followRuns, isCounted, runOf, withoutHosts, type Run, type SeriesRecord } from './series.ts';
import { owningJob } from './turn.ts';

/** Tells what became of the series' runs, of those too that never came to ask for a backup. */
export async function followSeries(pass: BackupPass, parts: BackupParts): Promise<Verdict> {
  const { name } = pass.object.metadata;
  const asked = parts.bySeries.get(name);
  const owners = new Set(asked.map((each) => owningJob(each)?.uid));
  const runs = asked.map(runOf).filter((run) => run !== undefined);
  for (const job of parts.runJobs.get(name)) {
    if (owners.has(job.metadata.uid)) continue;
    const run = await runThatFailed(pass, job, parts);
    if (run !== undefined) runs.push(run);
  }
  const before = { ...pass.status };
  const followed = followRuns(before, runs);
  const hasNewSuccess = followed.lastSuccess?.etcdBackup !== before.lastSuccess?.etcdBackup;
  const after = hasNewSuccess ? withoutHosts(followed, await goneHosts(followed, pass, parts)) : followed;
  Object.assign(pass.status, after);
  tell(pass, before, after);
  return undefined;
}

/** The nodes that keep backups of the series and are no longer part of the cluster; none where nodes may not be seen. */
async function goneHosts(
  { hosts = [] }: SeriesRecord,
  { signal }: BackupPass,
  { client }: BackupParts,
): Promise<readonly string[]> {
  const gone: string[] = [];
  try {
    for (const { name } of hosts) {
      const { items } = await client.list(resources.nodes, { fieldSelector: `metadata.name=${name}`, signal });
      if (items.length === 0) gone.push(name);
    }
  } catch (error) {
    if (!hasCode(error, 'APISERVER_FORBIDDEN')) throw error;
  }
  return gone;
}

/** What became of Jobs, for as long as they stand as they are. */
const judged = new WeakMap<Job, { readonly run: Run | undefined }>();

/** A run's Job that failed and left no EtcdBackup: it could not ask for one, or the EtcdBackup was removed since. */
async function runThatFailed(
  { object, signal, now }: BackupPass,
  job: Job,
  { client }: BackupParts,
): Promise<Run | undefined> {
  const { name } = job.metadata;
  const time = failedAt(job, now);
  const { status = {}, metadata } = object;
  if (time === undefined || !isEnded(job) || status.lastFailure?.etcdBackup === name) return undefined;
  if (isCounted({ name, time }, status)) return undefined;
  // An ended Job stays as it is, and its pods need not be asked for again every time.
  const known = judged.get(job);
  if (known !== undefined) return known.run;
  const pods = await podsOf(job, { client, app: CRONJOB_APP, backupName: metadata.name, signal });
  const state = judgeJob(job, pods);
  const isFailure = state.kind === 'failed' && state.failure.code !== 'OPERATOR_REQUEST_SKIPPED';
  const run = isFailure ? { name, time, reason: state.failure.code, message: state.failure.message } : undefined;
  judged.set(job, { run });
  return run;
}

function failedAt({ status }: Job, now: Date): string | undefined {
  const end = status?.conditions?.find(({ type, status: holds }) => type === 'Failed' && holds === 'True');
  return end && (end.lastTransitionTime ?? formatTime(now));
}

function tell(pass: BackupPass, before: SeriesRecord, after: SeriesRecord): void {
  const { lastSuccess, lastFailure, consecutiveFailures = 0 } = after;
  if (lastFailure !== undefined && consecutiveFailures > 0) {
    const { etcdBackup, reason, message } = lastFailure;
    const words = `${etcdBackup}: ${message} (${reason})`;
    const statement = { holds: false, reason, message: words };
    say(pass, 'LastRunSucceeded', statement, 'none');
    if (isNews(before.lastFailure, lastFailure))
      pass.events.push({ type: 'Warning', reason: 'RunFailed', message: words });
    return;
  }
  if (lastSuccess === undefined) return;
  const { etcdBackup, folder } = lastSuccess;
  const message = `${etcdBackup}: ${folder}`;
  say(pass, 'LastRunSucceeded', { holds: true, reason: 'BackupCompleted', message }, 'none');
  if (before.lastSuccess?.etcdBackup !== etcdBackup)
    pass.events.push({ type: 'Normal', reason: 'RunSucceeded', message });
}

function isNews(
  before: SeriesRecord['lastFailure'],
  { etcdBackup, time }: { etcdBackup: string; time: string },
): boolean {
  return before?.etcdBackup !== etcdBackup || before.time !== time;
}
