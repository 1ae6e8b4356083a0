import type { Kind } from '../schema/index.ts';
import type { ObjectKey } from '../objects/index.ts';
import { printResource } from './protocol/status.ts';

/** What of a kind a request is about. */
export interface Scope {
  readonly kind: Kind;
  /** As the store names it: `jobs.batch`. */
  readonly resource: string;
  /** `''` for kinds without namespaces, and for all of them. */
  readonly namespace: string;
  /** `''` where the request is about all objects. */
  readonly name: string;
  /** `''`, `status`, `log`, `binding`, `finalize`. */
  readonly subresource: string;
}

export function scopeOf(kind: Kind, part: { namespace?: string; name?: string; subresource?: string }): Scope {
  return {
    kind,
    resource: printResource(kind),
    namespace: part.namespace ?? '',
    name: part.name ?? '',
    subresource: part.subresource ?? '',
  };
}

export function keyOf({ resource, namespace, kind }: Scope, name: string): ObjectKey {
  return { resource, namespace: kind.namespaced ? namespace : '', name };
}
