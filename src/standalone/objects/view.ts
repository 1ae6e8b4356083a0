import type { ObjectTable } from './object-table.ts';
import { pathOf, type Change, type ObjectKey, type StoredObject } from './stored-object.ts';

/** What a write sees when it decides: all that is durable, and what was decided before it in the same batch. */
export interface View {
  get(key: ObjectKey): StoredObject | undefined;
  /** In the order of {@link pathOf}. */
  list(resource: string, namespace?: string): readonly StoredObject[];
}

/** A view that takes up changes as they are decided, and leaves the table as it is. */
export class BatchView implements View {
  readonly #table: ObjectTable;
  readonly #decided = new Map<string, Map<string, StoredObject | undefined>>();

  constructor(table: ObjectTable) {
    this.#table = table;
  }

  get(key: ObjectKey): StoredObject | undefined {
    const decided = this.#decided.get(key.resource);
    const path = pathOf(key);
    return decided?.has(path) === true ? decided.get(path) : this.#table.get(key);
  }

  list(resource: string, namespace?: string): readonly StoredObject[] {
    const standing = this.#table.list(resource, namespace);
    const decided = this.#decided.get(resource);
    if (decided === undefined) return standing;
    const unchanged = standing.filter(({ key }) => !decided.has(pathOf(key)));
    const made = [...decided.values()].filter(
      (stored) => stored !== undefined && (namespace === undefined || stored.key.namespace === namespace),
    );
    return [...unchanged, ...made.filter((stored) => stored !== undefined)].sort((a, b) =>
      pathOf(a.key) < pathOf(b.key) ? -1 : 1,
    );
  }

  add({ key, after }: Change): void {
    const decided = this.#decided.get(key.resource) ?? new Map<string, StoredObject | undefined>();
    decided.set(pathOf(key), after);
    this.#decided.set(key.resource, decided);
  }
}
