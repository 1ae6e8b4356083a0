import type { Job, Pod } from '../../../apiserver/index.ts';
import { formatTime } from '../../../controller/index.ts';
import { isReady, isTerminating } from './job-pods.ts';
import { hasCondition, type Verdict } from './job-state.ts';
import { positive, withTally, type JobStatus, type Tally } from './job-tally.ts';
import { withSuspension, withVerdict } from './job-verdict.ts';

/** What one pass has found out. */
export interface Findings {
  readonly tally: Tally;
  /** The pods that have not ended. */
  readonly running: readonly Pod[];
  /** Undefined while the Job goes on. */
  readonly verdict: Verdict | undefined;
  /** Whether a pod was made that the informers do not know yet. */
  readonly hasStarted: boolean;
  readonly now: Date;
}

/** A Job's status after a pass: all of it, so that one write does. */
export function nextStatus(job: Job, { tally, running, verdict, hasStarted, now }: Findings): JobStatus {
  const isSuspended = job.spec.suspend === true && verdict === undefined;
  const isResumed = !isSuspended && hasCondition(job, 'Suspended');
  const begun = isResumed ? undefined : job.status?.startTime;
  // Those that go on; of a Job that is stopped all have been told to end.
  const going = isSuspended || verdict !== undefined ? [] : running.filter((pod) => !isTerminating(pod));
  const status: JobStatus = {
    ...withTally(job.status, tally),
    startTime: isSuspended ? undefined : (begun ?? formatTime(now)),
    active: positive(hasStarted ? 1 : going.length),
    ready: going.filter(isReady).length,
    terminating: running.length - going.length,
  };
  if (verdict === undefined) return withSuspension(job, status, now);
  const isOver = running.length === 0;
  const judged = withVerdict(status, verdict, isOver, now);
  return isOver && verdict.isSuccess ? { ...judged, completionTime: formatTime(now) } : judged;
}
