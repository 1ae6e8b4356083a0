import { resources, type Job, type Pod } from '../apiserver/index.ts';
import { pending, skipped, type EtcdBackupPass } from './etcd-backup-status.ts';
import { belongsTo, seriesOf } from './backup-job.ts';
import type { EtcdBackupParts } from './etcd-backup-steps.ts';
import { isEnded } from './job-state.ts';
import type { Verdict } from './reconcile.ts';
import { byCreation, isAtWork, lostAtOf, unfinishedRunBefore } from './turn.ts';
import { AT_WORK, JOBS_NOT_DONE, PODS_AT_WORK } from './view.ts';

/** How soon to ask again for what was asked for and of which no event has told yet. It may be over before one comes. */
const UNSEEN_AGAIN_MS = 2_000;

/** A scheduled run does not queue up behind its own predecessor. */
export function skipBehindPredecessor(pass: EtcdBackupPass, { bySeries }: EtcdBackupParts): Verdict {
  const series = seriesOf(pass.object);
  const before = series === undefined ? undefined : unfinishedRunBefore(pass.object, bySeries.get(series));
  if (before === undefined) return undefined;
  skipped(pass, `skipped, since EtcdBackup ${before.metadata.name} of the same series is still at work`);
  return 'done';
}

/** One backup at a time. */
export async function waitForTurn(pass: EtcdBackupPass, parts: EtcdBackupParts): Promise<Verdict> {
  const { client, line, jobsAtWork, pods } = parts;
  const { object, signal } = pass;
  const before = line.before(object);
  if (before !== undefined) {
    const why = byCreation(before, object) < 0 ? 'was asked for before' : 'goes first';
    pending(pass, `waiting for EtcdBackup ${before.metadata.name}, which ${why}`);
    return 'done';
  }
  const known = inTheWay(pass, jobsAtWork.get(AT_WORK), pods.list());
  if (known !== undefined) return known;
  // The way is clear as far as events have told. What has been told may be old, so it is asked for once more.
  const jobs = await client.list(resources.jobs, { ...JOBS_NOT_DONE, signal });
  const unseen = inTheWay(pass, jobs.items, (await client.list(resources.pods, { ...PODS_AT_WORK, signal })).items);
  return unseen && { again: UNSEEN_AGAIN_MS };
}

/** Says what has to end first. An event tells when it does; only that a pod is lost, nobody tells. */
function inTheWay(pass: EtcdBackupPass, jobs: readonly Job[], pods: readonly Pod[]): Verdict {
  const { object, now } = pass;
  const job = jobs.find((each) => !isEnded(each) && !belongsTo(each, object));
  const pod = pods.find((each) => isAtWork(each, now));
  if (job === undefined && pod === undefined) return undefined;
  pending(pass, `waiting for ${job === undefined ? 'pod' : 'job'} ${(job ?? pod)?.metadata.name ?? ''} to end`);
  const lostAt = pod && lostAtOf(pod);
  return lostAt === undefined ? 'done' : { again: lostAt.getTime() - now.getTime() };
}
