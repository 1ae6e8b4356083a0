import type { Condition, Job, Pod } from '../../../apiserver/index.ts';
import { setCondition } from '../../../controller/index.ts';
import { hasCondition, type Verdict } from './job-state.ts';
import { restartsOf } from './job-pods.ts';
import type { JobStatus } from './job-tally.ts';

export const SUCCEEDED: Verdict = {
  isSuccess: true,
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
};
const BACKOFF_LIMIT: Verdict = {
  isSuccess: false,
  reason: 'BackoffLimitExceeded',
  message: 'Job has reached the specified backoff limit',
};
const DEADLINE: Verdict = {
  isSuccess: false,
  reason: 'DeadlineExceeded',
  message: 'Job was active longer than specified deadline',
};

const DEFAULT_BACKOFF_LIMIT = 6;

/** What a Job asks for that one machine's engine does not do; undefined where there is nothing of the kind. */
export function refusalOf({ spec }: Job): Verdict | undefined {
  const { parallelism = 1, completions = 1 } = spec;
  const unsupported = ['successPolicy', 'backoffLimitPerIndex'].find(
    (field) => spec[field] !== undefined && spec[field] !== null,
  );
  let what: string | undefined;
  if (parallelism > 1 || completions !== 1) what = 'spec.parallelism and spec.completions have to be 1';
  else if (unsupported !== undefined) what = `spec.${unsupported} is not known`;
  if (what === undefined) return undefined;
  return { isSuccess: false, reason: 'NotSupported', message: `holdfast standalone runs one pod at a time: ${what}` };
}

/** What a Job's condition FailureTarget says; undefined where it has none. */
export function standingVerdict(job: Job): Verdict | undefined {
  const target = job.status?.conditions?.find(({ type, status }) => type === 'FailureTarget' && status === 'True');
  if (target === undefined) return undefined;
  return { isSuccess: false, reason: target.reason ?? '', message: target.message ?? '' };
}

/**
 * Whether a Job is over. A success counts even where the deadline has passed before anybody saw it: the work is done.
 *
 * @param active - the pods that have not ended
 */
export function judge(
  job: Job,
  { succeeded, failed }: { readonly succeeded: number; readonly failed: number },
  active: readonly Pod[],
  now: Date,
): Verdict | undefined {
  const standing = standingVerdict(job) ?? refusalOf(job);
  if (standing !== undefined) return standing;
  if (succeeded > 0) return SUCCEEDED;
  const limit = job.spec.backoffLimit ?? DEFAULT_BACKOFF_LIMIT;
  const restarts = active.reduce((sum, pod) => sum + restartsOf(pod), 0);
  const isOnFailure = job.spec.template.spec.restartPolicy === 'OnFailure';
  if (failed > limit || (isOnFailure && restarts > 0 && restarts >= limit)) return BACKOFF_LIMIT;
  const left = msToDeadline(job, now);
  return left !== undefined && left <= 0 ? DEADLINE : undefined;
}

/** How long a Job may still run; undefined where it has no limit, or does not run. */
export function msToDeadline(job: Job, now: Date): number | undefined {
  const seconds = job.spec.activeDeadlineSeconds;
  const { startTime } = job.status ?? {};
  if (seconds === undefined || startTime === undefined || job.spec.suspend === true) return undefined;
  return Date.parse(startTime) + seconds * 1000 - now.getTime();
}

/** Sets the conditions of an end: first what it will be, and when no pod runs any more, that it is. */
export function withVerdict(status: JobStatus, verdict: Verdict, isOver: boolean, now: Date): JobStatus {
  const { reason, message, isSuccess } = verdict;
  const types = isSuccess ? ['SuccessCriteriaMet', 'Complete'] : ['FailureTarget', 'Failed'];
  let { conditions } = status;
  for (const type of isOver ? types : types.slice(0, 1)) {
    if (conditions?.some((each) => each.type === type && each.status === 'True') === true) continue;
    conditions = setCondition(conditions, { type, status: 'True', reason, message }, { now }).map(probed);
  }
  return { ...status, conditions };
}

/** Jobs' own conditions say when they were looked at, too. */
function probed(condition: Condition): Condition {
  return { ...condition, lastProbeTime: condition['lastProbeTime'] ?? condition.lastTransitionTime };
}

/** Sets or clears that a Job is suspended; nothing where it never was. */
export function withSuspension(job: Job, status: JobStatus, now: Date): JobStatus {
  const isSuspended = job.spec.suspend === true;
  if (isSuspended === hasCondition(job, 'Suspended')) return status;
  const [reason, message] = isSuspended ? ['JobSuspended', 'Job suspended'] : ['JobResumed', 'Job resumed'];
  const change = { type: 'Suspended', status: isSuspended ? ('True' as const) : ('False' as const), reason, message };
  return { ...status, conditions: setCondition(status.conditions, change, { now }).map(probed) };
}
