import { builtInKinds } from './kinds/index.ts';
import { prepareObject } from './prepare.ts';
import { validateObject } from './validate.ts';
import { objectAt, type JsonObject } from './json.ts';
import type { Kind } from './kind.ts';

/** For tests: the kind of that name. */
export function kindNamed(name: string): Kind {
  const found = builtInKinds().find(({ kind }) => kind === name);
  if (found === undefined) throw new TypeError(`there is no kind ${name}`);
  return found;
}

/** For tests: what the server makes of a new object of a built-in kind. */
export function created(kind: Kind, fields: JsonObject, name = 'a'): JsonObject {
  const raw = {
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { name, ...(kind.namespaced ? { namespace: 'openshift-etcd' } : {}) },
    ...fields,
  };
  const { object } = prepareObject(kind, raw);
  const metadata = { ...objectAt(object, 'metadata'), uid: 'u-1', creationTimestamp: '2026-11-23T10:00:00Z' };
  const complete = { ...object, metadata };
  return kind.prepareForCreate?.(complete) ?? complete;
}

/** For tests: what is wrong with an object, as a Status lists it. */
export function problems(kind: Kind, object: JsonObject, old?: JsonObject): readonly string[] {
  return validateObject(kind, object, old).map(({ field, message }) => `${field}: ${message}`);
}
