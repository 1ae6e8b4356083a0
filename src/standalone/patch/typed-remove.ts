import { isJsonObject, type Json } from '../schema/index.ts';
import type { FieldSet } from './field-set.ts';
import { fieldType, formFor, listElement, mapElements, type ListType, type MapType, type Type } from './typed.ts';

/**
 * The value without the members of a set and all that they hold (structured-merge-diff, typed/remove.go).
 *
 * @returns undefined where nothing is left
 */
export function remove(type: Type | undefined, value: Json, fields: FieldSet): Json | undefined {
  if (type === undefined || fields.isEmpty) return value;
  const form = formFor(type, value);
  if (form.map) return fromMap(form.map, value, fields);
  return form.list && !form.scalar ? fromList(form.list, value, fields) : value;
}

function fromMap(map: MapType, value: Json, fields: FieldSet): Json | undefined {
  if (map.isAtomic || !isJsonObject(value)) return undefined;
  const kept = mapElements(value).flatMap(([element, name, field]) => {
    if (fields.hasElement(element)) return [];
    const left = remove(fieldType(map, name), field, fields.below(element));
    return left === undefined ? [] : [[name, left] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function fromList(list: ListType, value: Json, fields: FieldSet): Json | undefined {
  if (list.isAtomic || !Array.isArray(value)) return undefined;
  const kept = value.flatMap((item) => {
    const element = listElement(list, item);
    if (typeof element === 'object') return [item];
    if (fields.hasElement(element)) return [];
    const left = remove(list.items, item, fields.below(element));
    return left === undefined ? [] : [left];
  });
  return kept.length === 0 ? undefined : kept;
}
