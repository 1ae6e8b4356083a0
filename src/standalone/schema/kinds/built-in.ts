import { age } from '../human-duration.ts';
import { textAt, type JsonObject } from '../json.ts';
import type { Column, Kind } from '../kind.ts';

type Given = Pick<Kind, 'group' | 'version' | 'kind' | 'plural' | 'namespaced' | 'schema' | 'columns' | 'row'> &
  Partial<Kind>;

/** A kind of Kubernetes' own, its usual names filled in. */
export function builtIn(given: Given): Kind {
  return {
    listKind: `${given.kind}List`,
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    hasStatus: true,
    custom: false,
    ...given,
  };
}

/** A column of `kubectl get`. */
export function column(name: string, description: string, extra: Partial<Column> = {}): Column {
  return { name, type: 'string', format: '', description, priority: 0, ...extra };
}

/** A column that `kubectl get -o wide` shows. */
export const wide = (name: string, description: string): Column => column(name, description, { priority: 1 });

export const nameColumn: Column = column('Name', 'The name, unique in its namespace and kind.', { format: 'name' });
export const ageColumn: Column = column('Age', 'When the object was made.');

export const nameOf = (object: JsonObject): string => textAt(object, 'metadata', 'name');
export const ageOf = (object: JsonObject, now: Date): string =>
  age(textAt(object, 'metadata', 'creationTimestamp'), now);

/** A text as tables show it: `<none>` where it is empty. */
export const orNone = (text: string): string => (text === '' ? '<none>' : text);

export const isBeingDeleted = (object: JsonObject): boolean => textAt(object, 'metadata', 'deletionTimestamp') !== '';

/** The same object with other fields at its top. */
export const withFields = (object: JsonObject, fields: JsonObject): JsonObject => ({ ...object, ...fields });
