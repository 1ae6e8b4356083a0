import type { JsonObject } from '../schema/index.ts';

/** Which object. Versions of one kind share their objects, so a key names the resource and not its version. */
export interface ObjectKey {
  /** Plural and group as Kubernetes writes a resource: `pods`, `jobs.batch`. */
  readonly resource: string;
  /** `''` for objects that stand in no namespace. */
  readonly namespace: string;
  readonly name: string;
}

/** An object as it stands in the store. It is frozen to its depth: whoever wants another one makes another one. */
export interface StoredObject {
  readonly key: ObjectKey;
  /** Of the write that made it so; `metadata.resourceVersion` says the same. */
  readonly revision: bigint;
  readonly object: JsonObject;
  /** Length of its JSON, so that memory can be bounded. */
  readonly bytes: number;
}

/** One object that was made, replaced or removed. */
export interface Change {
  readonly revision: bigint;
  readonly key: ObjectKey;
  /** Undefined where the object did not stand before. */
  readonly before: StoredObject | undefined;
  /** Undefined where it was removed. */
  readonly after: StoredObject | undefined;
}

/** The object's place among those of its resource; lists are in this order, as they are in etcd. */
export function pathOf({ namespace, name }: Pick<ObjectKey, 'namespace' | 'name'>): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** The object with the resource version that its revision is. */
export function withRevision(object: JsonObject, revision: bigint): JsonObject {
  const { metadata } = object;
  const fields = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : {};
  return { ...object, metadata: { ...fields, resourceVersion: revision.toString() } };
}

/** Freezes what was parsed from JSON, to its depth. */
export function freezeJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const field of Object.values(value)) freezeJson(field);
  return Object.freeze(value);
}
