import { isJsonObject, type Json } from '../schema/index.ts';
import type { Path, PathElement } from './field-path.ts';
import { FieldSet } from './field-set.ts';
import {
  fieldType,
  formFor,
  listElement,
  mapElements,
  namedField,
  type ListType,
  type MapType,
  type Type,
} from './typed.ts';

/**
 * Every field that a value mentions: its leaves, the elements of its lists, and the fields that its schema does not know
 * by name (structured-merge-diff, typed/tofieldset.go).
 */
export function fieldsOf(type: Type, value: Json): FieldSet {
  return FieldSet.of(mentioned(type, value, []));
}

function* mentioned(type: Type | undefined, value: Json, path: Path): Generator<Path> {
  if (type === undefined) return;
  const form = formFor(type, value);
  if (form.map) yield* ofMap(form, form.map, value, path);
  else if (form.scalar) yield path;
  else if (form.list) yield* ofList(form.list, value, path);
}

function* ofMap(type: Type, map: MapType, value: Json, path: Path): Generator<Path> {
  if (map.isAtomic) yield path;
  if (map.isAtomic || !isJsonObject(value)) return;
  for (const [element, name, field] of mapElements(value)) {
    const at = [...path, element];
    yield* mentioned(fieldType(map, name), field, at);
    const isBare = field === null || (isJsonObject(field) && Object.keys(field).length === 0);
    if (isBare || namedField(type, name) === undefined) yield at;
  }
}

function* ofList(list: ListType, value: Json, path: Path): Generator<Path> {
  if (list.isAtomic) yield path;
  if (list.isAtomic || !Array.isArray(value)) return;
  for (const [element, items] of groupElements(list, value)) {
    const at = [...path, element];
    // An element that is there twice has no fields of its own: nobody could say whose.
    const [only, second] = items;
    if (only !== undefined && second === undefined) yield* mentioned(list.items, only, at);
    yield at;
  }
}

/** The elements of a list by what names them; those that nothing names are left out. */
export function groupElements(list: ListType, value: readonly Json[]): Map<PathElement, Json[]> {
  const groups = new Map<PathElement, Json[]>();
  for (const item of value) {
    const element = listElement(list, item);
    if (typeof element === 'object') continue;
    groups.set(element, [...(groups.get(element) ?? []), item]);
  }
  return groups;
}
