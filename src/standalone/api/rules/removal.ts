import type { ObjectKey, View, Write } from '../../objects/index.ts';
import { CLEANUP_FINALIZER, DEFINITIONS } from '../kinds/definitions.ts';
import { isBeingDeleted, textsOf } from './metadata.ts';

/**
 * Removes an object, and with the last object of a custom kind its definition, if that only waits for it.
 */
export function removal(view: View, key: ObjectKey): readonly Write[] {
  const write: Write = { key, object: null };
  const definitionKey: ObjectKey = { resource: DEFINITIONS, namespace: '', name: key.resource };
  const definition = view.get(definitionKey)?.object;
  if (definition === undefined || !isBeingDeleted(definition)) return [write];
  const waitsForObjectsOnly = textsOf(definition, 'finalizers').every((name) => name === CLEANUP_FINALIZER);
  const isLast = view.list(key.resource).length === 1;
  return isLast && waitsForObjectsOnly ? [write, { key: definitionKey, object: null }] : [write];
}
