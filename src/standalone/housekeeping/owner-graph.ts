import type { KubeObject, OwnerReference } from '../../apiserver/index.ts';

/** One object that names an owner. */
export interface Dependent {
  /** As the garbage collector's queue names it. */
  readonly key: string;
  /** The owner may not go before it. */
  readonly isBlocking: boolean;
}

/** Who depends on whom, by the owners' uids. */
export class OwnerGraph {
  readonly #dependents = new Map<string, Map<string, Dependent>>();

  /** Takes note of an object as it is now. */
  put(key: string, object: KubeObject, previous: KubeObject | undefined): void {
    if (previous !== undefined) this.remove(key, previous);
    for (const { uid, blockOwnerDeletion } of referencesOf(object)) {
      const known = this.#dependents.get(uid) ?? new Map<string, Dependent>();
      known.set(key, { key, isBlocking: blockOwnerDeletion === true });
      this.#dependents.set(uid, known);
    }
  }

  remove(key: string, object: KubeObject): void {
    for (const { uid } of referencesOf(object)) {
      const known = this.#dependents.get(uid);
      known?.delete(key);
      if (known?.size === 0) this.#dependents.delete(uid);
    }
  }

  dependentsOf(uid: string): readonly Dependent[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }
}

export function referencesOf({ metadata }: KubeObject): readonly OwnerReference[] {
  return metadata.ownerReferences ?? [];
}
