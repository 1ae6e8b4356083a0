import { isJsonObject, sameJson, type Json } from '../schema/index.ts';
import { fieldElement, type Path } from './field-path.ts';
import { FieldSet } from './field-set.ts';
import { own } from './json-values.ts';
import { groupElements } from './typed-fields.ts';
import { fieldType, formFor, type ListType, type MapType, type Type } from './typed.ts';

/** What differs between two values of a type; no field is in two of the sets. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

interface Changes {
  readonly removed: Path[];
  readonly modified: Path[];
  readonly added: Path[];
}

/** As structured-merge-diff does it (typed/compare.go): a container that comes or goes does so with all it holds. */
export function compare(type: Type, before: Json, after: Json): Comparison {
  const changes: Changes = { removed: [], modified: [], added: [] };
  note(type, before, after, [], changes);
  return {
    removed: FieldSet.of(changes.removed),
    modified: FieldSet.of(changes.modified),
    added: FieldSet.of(changes.added),
  };
}

type Maybe = Json | undefined;

function note(type: Type | undefined, before: Maybe, after: Maybe, path: Path, changes: Changes): void {
  if (type === undefined) return;
  const forms = formsOf(type, before, after);
  const isLeaf = forms.map((form) => noteForm(form, before, after, path, changes)).at(-1) === true;
  if (isLeaf) return;
  if (before === undefined) changes.added.push(path);
  else if (after === undefined) changes.removed.push(path);
}

/** One form, or two where a value of one form became one of another. */
function formsOf(type: Type, before: Maybe, after: Maybe): readonly Type[] {
  if (after === undefined) return [formFor(type, before)];
  const form = formFor(type, after);
  if (before === undefined) return [form];
  const former = formFor(type, before);
  const isSame = former.map === form.map && former.list === form.list && former.scalar === form.scalar;
  return isSame ? [form] : [former, form];
}

/** @returns whether the value is a leaf, which is noted as such */
function noteForm(form: Type, before: Maybe, after: Maybe, path: Path, changes: Changes): boolean {
  if (form.map) return noteMap(form.map, before, after, path, changes);
  if (form.scalar) return noteLeaf(before, after, path, changes);
  return form.list !== undefined && noteList(form.list, before, after, path, changes);
}

function noteLeaf(before: Maybe, after: Maybe, path: Path, changes: Changes): true {
  if (before === undefined) changes.added.push(path);
  else if (after === undefined) changes.removed.push(path);
  else if (!sameJson(before, after)) changes.modified.push(path);
  return true;
}

function noteMap(map: MapType, before: Maybe, after: Maybe, path: Path, changes: Changes): boolean {
  const old = isJsonObject(before) ? before : {};
  const young = isJsonObject(after) ? after : {};
  const names = new Set([...Object.keys(old), ...Object.keys(young)]);
  // A leaf too where both are empty: so the difference between empty and null is kept.
  if (map.isAtomic || names.size === 0) return noteLeaf(before, after, path, changes);
  for (const name of names) {
    note(fieldType(map, name), own(old, name), own(young, name), [...path, fieldElement(name)], changes);
  }
  return false;
}

function noteList(list: ListType, before: Maybe, after: Maybe, path: Path, changes: Changes): boolean {
  const old = Array.isArray(before) ? before : [];
  const young = Array.isArray(after) ? after : [];
  if (list.isAtomic || (old.length === 0 && young.length === 0)) return noteLeaf(before, after, path, changes);
  const olds = groupElements(list, old);
  const youngs = groupElements(list, young);
  for (const element of new Set([...olds.keys(), ...youngs.keys()])) {
    noteElements(list, olds.get(element) ?? [], youngs.get(element) ?? [], [...path, element], changes);
  }
  return false;
}

/** Elements of one name; where there are several, they count as one field. */
function noteElements(
  list: ListType,
  olds: readonly Json[],
  youngs: readonly Json[],
  path: Path,
  changes: Changes,
): void {
  const isRepeated = { before: olds.length > 1, after: youngs.length > 1 };
  if (isRepeated.before && isRepeated.after) {
    if (!sameJson([...olds], [...youngs])) changes.modified.push(path);
  } else if (isRepeated.before) {
    if (youngs.length > 0) note(list.items, undefined, youngs[0], path, changes);
    changes.removed.push(path);
  } else if (isRepeated.after) {
    if (olds.length > 0) note(list.items, olds[0], undefined, path, changes);
    changes.added.push(path);
  } else note(list.items, olds[0], youngs[0], path, changes);
}
