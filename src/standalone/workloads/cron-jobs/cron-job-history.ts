import type { CronJob, Job } from '../../../apiserver/index.ts';
import type { EventNote } from '../../../controller/index.ts';
import { byStartTime, finishedCondition } from '../jobs/job-state.ts';

type CronJobStatus = NonNullable<CronJob['status']>;

/** What a CronJob's own Jobs say for its status. */
export interface Observation {
  readonly status: CronJobStatus;
  /** What to tell once the status has been written. */
  readonly events: readonly EventNote[];
}

/** Active Jobs that have finished leave the list, and the latest success is noted. Words as kube-controller-manager's. */
export function observeJobs(cronJob: CronJob, jobs: readonly Job[]): Observation {
  const events: EventNote[] = [];
  let active = [...(cronJob.status?.active ?? [])];
  let lastSuccess = cronJob.status?.lastSuccessfulTime ?? undefined;
  for (const job of jobs) {
    const { name, uid } = job.metadata;
    const isListed = active.some((reference) => reference.uid === uid);
    const finished = finishedCondition(job);
    if (finished === undefined) continue;
    if (isListed) {
      active = active.filter((reference) => reference.uid !== uid);
      const message = `Saw completed job: ${name}, condition: ${finished.type}`;
      events.push({ type: 'Normal', reason: 'SawCompletedJob', message });
    }
    const completed = finished.type === 'Complete' ? job.status?.completionTime : undefined;
    if (completed !== undefined && (lastSuccess === undefined || Date.parse(completed) > Date.parse(lastSuccess)))
      lastSuccess = completed;
  }
  return {
    status: { ...cronJob.status, active, ...(lastSuccess !== undefined && { lastSuccessfulTime: lastSuccess }) },
    events,
  };
}

/** The finished Jobs, oldest first, that exceed the limits for failed and for successful ones. */
export function surplusJobs(cronJob: CronJob, jobs: readonly Job[]): readonly Job[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec;
  const beyond = (type: string, limit: number | undefined): readonly Job[] => {
    if (limit === undefined) return [];
    const finished = jobs.filter(
      (job) => finishedCondition(job)?.type === type && job.metadata.deletionTimestamp === undefined,
    );
    return finished.sort(byStartTime).slice(0, Math.max(finished.length - limit, 0));
  };
  return [...beyond('Complete', successfulJobsHistoryLimit), ...beyond('Failed', failedJobsHistoryLimit)];
}
