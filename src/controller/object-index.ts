import type { KubeObject } from '../apiserver/index.ts';
import type { Informer } from './informer.ts';
import { keyOf } from './keys.ts';

/** The objects of an informer by a value of theirs, so that nobody has to look through all of them. */
export interface ObjectIndex<T extends KubeObject> {
  /** In no order that means anything. */
  get(value: string): readonly T[];
}

/**
 * An index that follows every change. Whoever listens to the informer after it was made finds it up to date.
 *
 * @param valuesOf - what an object is found by; none: it is not found
 */
export function createIndex<T extends KubeObject>(
  informer: Pick<Informer<T>, 'onChange'>,
  valuesOf: (object: T) => readonly string[],
): ObjectIndex<T> {
  const found = new Map<string, Map<string, T>>();
  informer.onChange((object, previous, isDeleted) => {
    const key = keyOf(object);
    for (const value of previous === undefined ? [] : valuesOf(previous)) {
      const those = found.get(value);
      those?.delete(key);
      if (those?.size === 0) found.delete(value);
    }
    if (isDeleted) return;
    for (const value of valuesOf(object)) {
      const those = found.get(value);
      if (those === undefined) found.set(value, new Map([[key, object]]));
      else those.set(key, object);
    }
  });
  return { get: (value) => [...(found.get(value)?.values() ?? [])] };
}
