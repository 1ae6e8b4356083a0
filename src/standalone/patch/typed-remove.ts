import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import type { FieldSet } from './field-set.ts';
import { fieldType, formFor, listElement, mapElements, type ListType, type MapType, type Type } from './typed.ts';

/**
 * The value without the members of a set and all that they hold. A container that loses all it holds stays, empty, as long
 * as it is no member itself (structured-merge-diff, typed/remove.go, as of v6.4).
 */
export function remove(type: Type | undefined, value: Json, fields: FieldSet): Json {
  if (type === undefined || fields.isEmpty) return value;
  const form = formFor(type, value);
  if (form.map && isJsonObject(value)) return fromMap(form.map, value, fields);
  return form.list && Array.isArray(value) ? fromList(form.list, value, fields) : value;
}

function fromMap(map: MapType, value: JsonObject, fields: FieldSet): JsonObject {
  if (map.isAtomic) return {};
  const kept = mapElements(value).filter(([element]) => !fields.hasElement(element));
  return Object.fromEntries(
    kept.map(([element, name, field]) => [name, remove(fieldType(map, name), field, fields.below(element))]),
  );
}

function fromList(list: ListType, value: readonly Json[], fields: FieldSet): Json[] {
  if (list.isAtomic) return [];
  return value.flatMap((item) => {
    const element = listElement(list, item);
    if (typeof element === 'object') return [item];
    return fields.hasElement(element) ? [] : [remove(list.items, item, fields.below(element))];
  });
}
