import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';

/*
 * Objects here come from outside and may hold fields named `constructor` or `__proto__`. So fields are read only where
 * they are the object's own, and new objects are built by spreading and `Object.fromEntries`, which never call setters.
 */

/** The object's own field. */
export function own<T>(object: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The object with one field set; the field keeps its place. */
export function withField(object: JsonObject, key: string, value: Json): JsonObject {
  return { ...object, ...Object.fromEntries([[key, value]]) };
}

/** The object without one field. */
export function withoutField(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** The value without the fields that are null, at any depth. Elements of lists stay. */
export function withoutNullFields(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNullFields);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutNullFields(field)]));
}
