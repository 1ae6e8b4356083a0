import type { JsonObject } from '../../schema/index.ts';
import { isBeingDeleted, numberOf, textOf, withMetadata, writeTime } from './metadata.ts';

/** The mark of an object without a grace period; the first one counts as a change of what is wanted. */
export function asDeleting(object: JsonObject, now: Date): JsonObject {
  const since = textOf(object, 'deletionTimestamp');
  const isLater = since !== '' && Date.parse(since) > now.getTime();
  const generation = numberOf(object, 'generation') ?? 0;
  return withMetadata(object, {
    ...(!isBeingDeleted(object) && generation > 0 && { generation: generation + 1 }),
    deletionTimestamp: since === '' || isLater ? writeTime(now) : since,
    deletionGracePeriodSeconds: 0,
  });
}
