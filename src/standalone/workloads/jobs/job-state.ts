import type { Condition, Job } from '../../../apiserver/index.ts';

/** Why a Job ends. Reasons and messages are kube-controller-manager's, but for the first. */
export interface Verdict {
  readonly isSuccess: boolean;
  readonly reason: string;
  readonly message: string;
}

/** The condition that ends a Job, if it has one. */
export function finishedCondition(job: Job): Condition | undefined {
  return job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

export function hasCondition(job: Job, wanted: string): boolean {
  return job.status?.conditions?.some(({ type, status }) => type === wanted && status === 'True') ?? false;
}

/** The Jobs' start times, then their names: the order in which history is cut. Those that have not started come last. */
export function byStartTime(a: Job, b: Job): number {
  const [first, second] = [startOf(a), startOf(b)];
  if (first !== second) return first - second;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function startOf(job: Job): number {
  return job.status?.startTime === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(job.status.startTime);
}
