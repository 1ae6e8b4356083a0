import { apiVersionOf, type ObjectName, type Resource } from './resource.ts';

/** What follows the `?`; undefined values are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** `/apis/batch/v1/namespaces/a/jobs`; without a namespace: those of all namespaces, or the cluster's. */
export function collectionTarget(resource: Resource, namespace: string | undefined, query: Query = {}): string {
  const root = `${resource.group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}`;
  const within = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${within}/${resource.plural}${format(query)}`;
}

/**
 * `/apis/batch/v1/namespaces/a/jobs/b/status`.
 *
 * @throws TypeError without a name, or without a namespace where the resource has them: such a target would mean all objects
 */
export function objectTarget(
  resource: Resource,
  { name, namespace }: ObjectName,
  subresource?: 'status' | 'binding',
  query: Query = {},
): string {
  if (name === '') throw new TypeError(`a name is needed to address one of the ${resource.plural}`);
  requireNamespace(resource, namespace);
  const tail = subresource === undefined ? '' : `/${subresource}`;
  return `${collectionTarget(resource, namespace)}/${encodeURIComponent(name)}${tail}${format(query)}`;
}

/** @throws TypeError where the resource has namespaces and none is given */
export function requireNamespace(resource: Resource, namespace: string | undefined): void {
  if (resource.namespaced && !namespace)
    throw new TypeError(`a namespace is needed to address one of the ${resource.plural}`);
}

/** A target without its query, as it is shown in messages. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? target;
}

function format(query: Query): string {
  const pairs = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}
