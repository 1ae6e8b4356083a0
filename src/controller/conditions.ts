import type { Condition } from '../apiserver/index.ts';
import { formatTime } from './time-format.ts';

/** What a controller has to say under one type. */
export interface ConditionChange {
  readonly type: string;
  readonly status: Condition['status'];
  /** CamelCase, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

export interface ConditionContext {
  readonly now: Date;
  /** The `metadata.generation` of the object that the condition speaks of. */
  readonly observedGeneration?: number | undefined;
}

/**
 * The conditions with one of them set: in its place if its type is there already, else at the end. The time of transition
 * moves only when the status does. The given array stays as it is.
 */
export function setCondition(
  conditions: readonly Condition[] | null | undefined,
  { type, status, reason, message }: ConditionChange,
  { now, observedGeneration }: ConditionContext,
): Condition[] {
  const all = conditions ?? [];
  const before = all.find((each) => each.type === type);
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  const after: Condition = {
    ...before,
    type,
    status,
    reason,
    message,
    lastTransitionTime: since ?? formatTime(now),
    ...(observedGeneration !== undefined && { observedGeneration }),
  };
  if (before === undefined) return [...all, after];
  return all.flatMap((each) => (each === before ? [after] : each.type === type ? [] : [each]));
}
