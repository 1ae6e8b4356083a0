import * as z from 'zod';
import type { Job, Pod } from '../../../apiserver/index.ts';
import { isTracked, outcomeOf } from './job-pods.ts';
import { isCounted } from './pod-failure-policy.ts';

export type JobStatus = NonNullable<Job['status']>;

const uids = z.array(z.string()).catch([]);
const uncountedSchema = z.object({ succeeded: uids, failed: uids }).catch({ succeeded: [], failed: [] });

/**
 * How often a Job's pods have succeeded and failed. Each pod counts once, also where the engine dies at any point of the
 * counting and where somebody deletes the pod meanwhile: first its uid is noted in the status (`uncountedTerminatedPods`),
 * then the finalizer that keeps the pod is taken away, then it is counted and its uid goes, in one write.
 */
export interface Tally {
  readonly succeeded: number;
  readonly failed: number;
  /** Noted, and to be counted as soon as their finalizers are gone. */
  readonly noted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
}

export function tallyOf(status: JobStatus | undefined): Tally {
  return {
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
    noted: uncountedSchema.parse(status?.['uncountedTerminatedPods'] ?? {}),
  };
}

/** The tally with all pods noted that have ended and that nobody has counted. */
export function note(tally: Tally, pods: readonly Pod[], job: Job): Tally {
  const known = new Set([...tally.noted.succeeded, ...tally.noted.failed]);
  const ended = pods.filter((pod) => isTracked(pod) && !known.has(pod.metadata.uid));
  const withOutcome = (outcome: 'succeeded' | 'failed'): readonly Pod[] =>
    ended.filter((pod) => outcomeOf(pod) === outcome);
  const failed = withOutcome('failed')
    .filter((pod) => isCounted(pod, job))
    .map(uidOf);
  return {
    ...tally,
    noted: {
      succeeded: [...tally.noted.succeeded, ...withOutcome('succeeded').map(uidOf)],
      failed: [...tally.noted.failed, ...failed],
    },
  };
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid;
}

/** The tally with all that were noted counted. Their finalizers must be gone. */
export function count({ succeeded, failed, noted }: Tally): Tally {
  return {
    succeeded: succeeded + noted.succeeded.length,
    failed: failed + noted.failed.length,
    noted: { succeeded: [], failed: [] },
  };
}

/** The status with a tally's fields; those that are zero or empty are left out, as upstream leaves them out. */
export function withTally(status: JobStatus | undefined, { succeeded, failed, noted }: Tally): JobStatus {
  return {
    ...status,
    succeeded: positive(succeeded),
    failed: positive(failed),
    uncountedTerminatedPods: {
      ...(noted.succeeded.length > 0 && { succeeded: noted.succeeded }),
      ...(noted.failed.length > 0 && { failed: noted.failed }),
    },
  };
}

/** A count as Kubernetes writes it: nothing for zero. */
export function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}
