import type { StoredObject, View, Write } from '../../objects/index.ts';
import { isJsonObject, objectAt, type JsonObject } from '../../schema/index.ts';
import { CLEANUP_FINALIZER } from '../kinds/definitions.ts';
import { asDeleting } from './deletion-mark.ts';
import { isBeingDeleted, textsOf, withMetadata, writeTime } from './metadata.ts';

/**
 * A definition takes the objects of its kind along. Those that have finalizers are marked, and the definition waits for them;
 * `removal` of the last one lets it go (apiextensions-apiserver, controller/finalizer).
 *
 * @returns the writes, and the definition as it waits; undefined where it goes now
 */
export function definitionDeletion(
  view: View,
  { key, object }: StoredObject,
  now: Date,
): { readonly writes: readonly Write[]; readonly next: JsonObject | undefined } {
  const writes: Write[] = [];
  let isWaiting = textsOf(object, 'finalizers').some((name) => name !== CLEANUP_FINALIZER);
  for (const instance of view.list(key.name)) {
    const hasFinalizers = textsOf(instance.object, 'finalizers').length > 0;
    isWaiting ||= hasFinalizers;
    if (!hasFinalizers) writes.push({ key: instance.key, object: null });
    else if (!isBeingDeleted(instance.object))
      writes.push({ key: instance.key, object: asDeleting(instance.object, now) });
  }
  if (!isWaiting) return { writes: [...writes, { key, object: null }], next: undefined };
  if (isBeingDeleted(object)) return { writes, next: object };
  const finalizers = [...new Set([...textsOf(object, 'finalizers'), CLEANUP_FINALIZER])];
  const next = saysTerminating(asDeleting(withMetadata(object, { finalizers }), now), now);
  return { writes: [...writes, { key, object: next }], next };
}

function saysTerminating(definition: JsonObject, now: Date): JsonObject {
  const status = objectAt(definition, 'status');
  const others = Array.isArray(status['conditions']) ? status['conditions'].filter(isJsonObject) : [];
  const condition: JsonObject = {
    lastTransitionTime: writeTime(now),
    message: 'CustomResource deletion is in progress',
    reason: 'InstanceDeletionInProgress',
    status: 'True',
    type: 'Terminating',
  };
  const conditions = [...others.filter((each) => each['type'] !== 'Terminating'), condition];
  return { ...definition, status: { ...status, conditions } };
}
