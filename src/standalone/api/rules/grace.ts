import { objectAt, type JsonObject } from '../../schema/index.ts';
import { isBeingDeleted, numberOf, textOf, withMetadata, writeTime } from './metadata.ts';

export interface Grace {
  readonly object: JsonObject;
  /** How long its node may take; 0: it goes now. Undefined: it has no grace any more. */
  readonly seconds: number | undefined;
  /** Whether it is being deleted already, and this request changes nothing. */
  readonly isPending?: boolean;
}

/**
 * A pod stays, marked, until its node says that its processes have ended, by deleting it once more with a grace of 0
 * (rest/delete.go: BeforeDelete; kubernetes/pkg/registry/core/pod/strategy.go: CheckGracefulDelete).
 */
export function gracefully(pod: JsonObject, asked: number | undefined, now: Date): Grace {
  const wanted = asked !== undefined && asked < 0 ? 1 : asked;
  if (isBeingDeleted(pod)) return shortened(pod, wanted, now);
  const seconds = graceOf(pod, wanted);
  const generation = numberOf(pod, 'generation') ?? 0;
  const object = withMetadata(pod, {
    ...(generation > 0 && { generation: generation + 1 }),
    deletionTimestamp: writeTime(new Date(now.getTime() + seconds * 1000)),
    deletionGracePeriodSeconds: seconds,
  });
  return { object, seconds };
}

function graceOf(pod: JsonObject, asked: number | undefined): number {
  const { nodeName, terminationGracePeriodSeconds: own } = objectAt(pod, 'spec');
  const { phase } = objectAt(pod, 'status');
  const isScheduled = typeof nodeName === 'string' && nodeName !== '';
  if (!isScheduled || phase === 'Failed' || phase === 'Succeeded') return 0;
  return asked ?? (typeof own === 'number' ? Math.max(own, 0) : 0);
}

/** Once a pod is being deleted, its grace can only become shorter. */
function shortened(pod: JsonObject, asked: number | undefined, now: Date): Grace {
  const current = numberOf(pod, 'deletionGracePeriodSeconds') ?? 0;
  if (current === 0) return { object: pod, seconds: undefined };
  if (asked === undefined || asked >= current) return { object: pod, seconds: current, isPending: true };
  const since = Date.parse(textOf(pod, 'deletionTimestamp')) - current * 1000;
  const until = since + asked * 1000;
  const isOver = until < now.getTime();
  const seconds = isOver && asked !== 0 ? 1 : asked;
  const object = withMetadata(pod, {
    deletionTimestamp: writeTime(isOver ? now : new Date(until)),
    deletionGracePeriodSeconds: seconds,
  });
  return { object, seconds };
}
