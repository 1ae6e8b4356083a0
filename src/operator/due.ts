import type { CronJob } from '../apiserver/index.ts';
import { SCHEDULED_SINCE_ANNOTATION } from '../crd/index.ts';
import { nextRun } from './schedule.ts';
import type { ResolvedSettings } from './settings.ts';

/** Where a schedule stands. */
export interface Due {
  /** The next time from now on. */
  readonly next: Date | undefined;
  /** The time of the first run that has not started although it was due, once the grace is over. */
  readonly missed: Date | undefined;
  /** When the answer will be another. */
  readonly changesAt: Date | undefined;
}

/**
 * @param cronJob - as it stands: what it says is what will run. One that is at work has missed nothing
 */
export function dueOf(
  cronJob: CronJob,
  { defaultTimeZone, scheduleGraceMs }: Pick<ResolvedSettings, 'defaultTimeZone' | 'scheduleGraceMs'>,
  now: Date,
): Due {
  const { schedule, timeZone } = cronJob.spec;
  const plan = { schedule, timeZone: timeZone ?? defaultTimeZone };
  const next = nextRun(plan, now);
  const due = nextRun(plan, lastMove(cronJob) ?? now);
  const lateAt = due && new Date(due.getTime() + scheduleGraceMs);
  const isBusy = (cronJob.status?.active ?? []).length > 0;
  if (lateAt !== undefined && lateAt <= now && !isBusy) return { next, missed: due, changesAt: next };
  const changes = [next, lateAt].filter((at) => at !== undefined && at > now).map(Number);
  return { next, missed: undefined, changesAt: changes.length === 0 ? undefined : new Date(Math.min(...changes)) };
}

/** When the CronJob last started a run, or was given its schedule. */
function lastMove({ metadata, status }: CronJob): Date | undefined {
  const moves = [scheduledSince({ metadata }), status?.lastScheduleTime ?? '']
    .map((time) => Date.parse(time))
    .filter((time) => !isNaN(time));
  return moves.length === 0 ? undefined : new Date(Math.max(...moves));
}

/** Since when a CronJob has the schedule that it has, RFC 3339. */
export function scheduledSince({ metadata }: Pick<CronJob, 'metadata'>): string {
  return metadata.annotations?.[SCHEDULED_SINCE_ANNOTATION] ?? metadata.creationTimestamp;
}
