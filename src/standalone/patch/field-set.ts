import { isJsonObject, type JsonObject } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { compareElements, fieldElement, fieldNameOf, parseElement, type Path, type PathElement } from './field-path.ts';
import { elementType, namedField, type Type } from './typed.ts';

/**
 * A set of fields of an object: a tree in which every node may be a member itself. That `spec.replicas` is a member says
 * nothing of `spec` (structured-merge-diff, fieldpath/set.go). Sets do not change once built.
 */
export class FieldSet {
  readonly #members: ReadonlySet<PathElement>;
  readonly #children: ReadonlyMap<PathElement, FieldSet>;

  private constructor(members: ReadonlySet<PathElement>, children: ReadonlyMap<PathElement, FieldSet>) {
    this.#members = members;
    this.#children = new Map([...children].filter(([, child]) => !child.isEmpty));
  }

  static readonly empty = new FieldSet(new Set(), new Map());

  /** Paths of no step are left out: nobody owns an object as a whole. */
  static of(paths: Iterable<Path>): FieldSet {
    const members = new Set<PathElement>();
    const below = new Map<PathElement, Path[]>();
    for (const [first, ...rest] of paths) {
      if (first === undefined) continue;
      if (rest.length === 0) members.add(first);
      else below.set(first, [...(below.get(first) ?? []), rest]);
    }
    return new FieldSet(members, new Map([...below].map(([element, under]) => [element, FieldSet.of(under)])));
  }

  /** Of plain fields: `['spec', 'replicas']`. */
  static ofFields(...paths: readonly (readonly string[])[]): FieldSet {
    return FieldSet.of(paths.map((path) => path.map(fieldElement)));
  }

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#children.size === 0;
  }

  hasElement(element: PathElement): boolean {
    return this.#members.has(element);
  }

  has([first, ...rest]: Path): boolean {
    if (first === undefined) return false;
    return rest.length === 0 ? this.hasElement(first) : this.below(first).has(rest);
  }

  /** What the set holds below one step. */
  below(element: PathElement): FieldSet {
    return this.#children.get(element) ?? FieldSet.empty;
  }

  union(other: FieldSet): FieldSet {
    const children = new Map(this.#children);
    for (const [element, child] of other.#children) children.set(element, this.below(element).union(child));
    return new FieldSet(new Set([...this.#members, ...other.#members]), children);
  }

  intersection(other: FieldSet): FieldSet {
    return new FieldSet(
      new Set([...this.#members].filter((element) => other.hasElement(element))),
      this.#mapChildren((child, element) => child.intersection(other.below(element))),
    );
  }

  /** Without the other's members; what lies below them stays. */
  difference(other: FieldSet): FieldSet {
    return new FieldSet(
      new Set([...this.#members].filter((element) => !other.hasElement(element))),
      this.#mapChildren((child, element) => child.difference(other.below(element))),
    );
  }

  /** Without the other's members and all that lies below them. */
  without(other: FieldSet): FieldSet {
    return new FieldSet(
      new Set([...this.#members].filter((element) => !other.hasElement(element))),
      this.#mapChildren((child, element) =>
        other.hasElement(element) ? FieldSet.empty : child.without(other.below(element)),
      ),
    );
  }

  /** With every field that the type knows by name and that has members below it. */
  withNamedFields(type: Type | undefined): FieldSet {
    const named = [...this.#children.keys()].filter((element) => {
      const name = fieldNameOf(element);
      return name !== undefined && namedField(type, name) !== undefined;
    });
    return new FieldSet(
      new Set([...this.#members, ...named]),
      this.#mapChildren((child, element) => child.withNamedFields(elementType(type, element))),
    );
  }

  /** Members before what lies below, each in the order of {@link compareElements}. */
  *paths(): Generator<Path> {
    for (const element of [...this.#members].sort(compareElements)) yield [element];
    for (const element of [...this.#children.keys()].sort(compareElements)) {
      for (const path of this.below(element).paths()) yield [element, ...path];
    }
  }

  /** As a FieldsV1 object: `{"f:spec":{"f:replicas":{}}}`; `.` marks a member that has members below it. */
  toFields(): JsonObject {
    const elements = new Set([...this.#members, ...this.#children.keys()]);
    return Object.fromEntries(
      [...elements].sort(compareElements).map((element) => {
        const isMarked = this.hasElement(element) && this.#children.has(element);
        return [element, { ...(isMarked && { '.': {} }), ...this.below(element).toFields() }];
      }),
    );
  }

  /** @throws PatchError PATCH_MALFORMED where it is not a FieldsV1 object */
  static fromFields(fields: unknown): FieldSet {
    return readFields(fields).set;
  }

  #mapChildren(change: (child: FieldSet, element: PathElement) => FieldSet): ReadonlyMap<PathElement, FieldSet> {
    return new Map([...this.#children].map(([element, child]) => [element, change(child, element)]));
  }

  static build(
    nodes: Iterable<readonly [PathElement, { readonly isMember: boolean; readonly set: FieldSet }]>,
  ): FieldSet {
    const list = [...nodes];
    return new FieldSet(
      new Set(list.filter(([, { isMember }]) => isMember).map(([element]) => element)),
      new Map(list.map(([element, { set }]) => [element, set])),
    );
  }
}

function readFields(fields: unknown): { set: FieldSet; isMember: boolean } {
  if (!isJsonObject(fields)) throw new PatchError('PATCH_MALFORMED', 'fieldsV1 in managedFields is not an object');
  const nodes: [PathElement, { isMember: boolean; set: FieldSet }][] = [];
  for (const [text, below] of Object.entries(fields)) {
    if (text === '.') continue;
    const element = parseElement(text);
    if (element !== undefined) nodes.push([element, readFields(below)]);
  }
  return { set: FieldSet.build(nodes), isMember: nodes.length === 0 || Object.hasOwn(fields, '.') };
}
