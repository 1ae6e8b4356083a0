import type { KubeObject, ObjectName } from '../apiserver/index.ts';

/** What a work queue calls an object: `namespace/name`, or `name` for one of the cluster. */
export function keyOf(of: KubeObject | ObjectName): string {
  const { name, namespace }: ObjectName = isObject(of) ? of.metadata : of;
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** The opposite of {@link keyOf}. */
export function parseKey(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function isObject(of: KubeObject | ObjectName): of is KubeObject {
  return 'metadata' in of;
}
