import { pathOf, type Change, type ObjectKey, type StoredObject } from './stored-object.ts';

interface Resource {
  readonly objects: Map<string, StoredObject>;
  /** The paths in order; undefined where an object was made or removed since they were last asked for. */
  order: readonly string[] | undefined;
}

/** All objects as they stand, by resource. */
export class ObjectTable {
  readonly #resources = new Map<string, Resource>();
  #count = 0;
  #bytes = 0;

  /** How many objects stand. */
  get count(): number {
    return this.#count;
  }

  /** The length of all objects' JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#resources.get(key.resource)?.objects.get(pathOf(key));
  }

  /** The objects of a resource, or of one of its namespaces, in the order of their paths. */
  list(resource: string, namespace?: string): readonly StoredObject[] {
    const found = this.#resources.get(resource);
    if (found === undefined) return [];
    found.order ??= [...found.objects.keys()].sort();
    const objects: StoredObject[] = [];
    for (const path of found.order) {
      const stored = found.objects.get(path);
      if (stored === undefined) continue;
      if (namespace === undefined || stored.key.namespace === namespace) objects.push(stored);
    }
    return objects;
  }

  *all(): Iterable<StoredObject> {
    for (const { objects } of this.#resources.values()) yield* objects.values();
  }

  apply({ key, after }: Pick<Change, 'key' | 'after'>): void {
    const resource = this.#resource(key.resource);
    const path = pathOf(key);
    const before = resource.objects.get(path);
    if ((before === undefined) !== (after === undefined)) resource.order = undefined;
    if (before !== undefined) this.#bytes -= before.bytes;
    if (after === undefined) {
      resource.objects.delete(path);
    } else {
      resource.objects.set(path, after);
      this.#bytes += after.bytes;
    }
    this.#count += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  }

  #resource(name: string): Resource {
    const found = this.#resources.get(name);
    if (found !== undefined) return found;
    const made: Resource = { objects: new Map(), order: undefined };
    this.#resources.set(name, made);
    return made;
  }
}
