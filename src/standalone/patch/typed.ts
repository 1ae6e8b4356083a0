import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '../schema/index.ts';
import { fieldElement, fieldNameOf, keyElement, valueElement, type PathElement } from './field-path.ts';
import { own } from './json-values.ts';

/**
 * A schema as server-side apply reads it (kube-openapi, schemaconv/openapi.go): what a value may be, and which parts of it
 * can have owners of their own. A schema without `type` allows several forms; the value then decides.
 */
export interface Type {
  readonly scalar: 'string' | 'numeric' | 'boolean' | 'untyped' | undefined;
  readonly list: ListType | undefined;
  readonly map: MapType | undefined;
}

export interface ListType {
  /** The list is one field; otherwise its elements are. */
  readonly isAtomic: boolean;
  /** Which fields of an element name it; none: the elements are scalars that name themselves. */
  readonly keys: readonly string[];
  readonly items: Type;
  /** The values of keys that elements leave out. */
  readonly keyDefaults: JsonObject;
}

export interface MapType {
  readonly isAtomic: boolean;
  /** The type of a field that the schema knows by name. */
  field(name: string): Type | undefined;
  /** The type of all other fields; undefined where there may be none. */
  readonly others: Type | undefined;
}

/** Anything, and each scalar and list in it is one field. What a schema says that says nothing. */
const deduced: JsonSchema = {};
/** Anything, as one field. */
const untyped: JsonSchema = { 'x-kubernetes-map-type': 'atomic' };

const cache = { closed: new WeakMap<JsonSchema, Type>(), open: new WeakMap<JsonSchema, Type>() };
/**
 * How values of a schema are merged.
 *
 * @param isOpen - whether a schema around it has `x-kubernetes-preserve-unknown-fields`, which goes for all below
 */
export function typeOf(schema: JsonSchema, isOpen = false): Type {
  const keepsUnknown = isOpen || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const known = cache[keepsUnknown ? 'open' : 'closed'];
  const type = known.get(schema) ?? makeType(schema, keepsUnknown);
  known.set(schema, type);
  return type;
}

function makeType(schema: JsonSchema, isOpen: boolean): Type {
  const none = { scalar: undefined, list: undefined, map: undefined };
  if (schema['x-kubernetes-int-or-string'] === true) return { ...none, scalar: 'untyped' };
  if (schema.type === undefined) {
    return { scalar: 'untyped', list: listType(schema, isOpen), map: mapType(schema, isOpen) };
  }
  switch (schema.type) {
    case 'object':
      return { ...none, map: mapType(schema, isOpen) };
    case 'array':
      return { ...none, list: listType(schema, isOpen) };
    case 'integer':
    case 'number':
      return { ...none, scalar: 'numeric' };
    case 'boolean':
      return { ...none, scalar: 'boolean' };
    case 'string':
      return { ...none, scalar: ['', 'byte'].includes(schema.format ?? '') ? 'string' : 'untyped' };
  }
}

function mapType(schema: JsonSchema, isOpen: boolean): MapType {
  const { properties, additionalProperties } = schema;
  const others = (): Type | undefined => {
    if (typeof additionalProperties === 'object') return typeOf(additionalProperties, isOpen);
    if (additionalProperties !== undefined) return additionalProperties ? typeOf(deduced, false) : undefined;
    const isFree = isOpen || Object.keys(properties ?? {}).length === 0;
    return isFree ? typeOf(deduced, false) : undefined;
  };
  return {
    isAtomic: schema['x-kubernetes-map-type'] === 'atomic',
    field: (name) => {
      const field = own(properties, name);
      return field && typeOf(field, isOpen);
    },
    get others() {
      return others();
    },
  };
}

function listType(schema: JsonSchema, isOpen: boolean): ListType {
  const items = schema.items;
  const keys = keysOf(schema);
  const defaults = keys?.flatMap((key) => {
    const value = own(items?.properties, key)?.default;
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    isAtomic: keys === undefined,
    keys: keys ?? [],
    get items() {
      return items ? typeOf(items, isOpen) : typeOf(untyped, false);
    },
    keyDefaults: Object.fromEntries(defaults ?? []),
  };
}

/** The list type decides; where it is absent, the patch strategy does. @returns undefined for atomic lists */
function keysOf(schema: JsonSchema): readonly string[] | undefined {
  const listKind = schema['x-kubernetes-list-type'];
  if (listKind === 'atomic') return undefined;
  if (listKind === 'set') return [];
  if (listKind === 'map') return schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') !== true) return undefined;
  const key = schema['x-kubernetes-patch-merge-key'];
  return key === undefined ? [] : [key];
}

/** The forms of a type that a value can have: one, where the value says which; all for null and absent values. */
export function formFor(type: Type, value: Json | undefined): Type {
  const none = { scalar: undefined, list: undefined, map: undefined };
  if (value === undefined || value === null) return type;
  if (Array.isArray(value)) return type.list ? { ...none, list: type.list } : type;
  if (isJsonObject(value)) return type.map ? { ...none, map: type.map } : type;
  return type.scalar ? { ...none, scalar: type.scalar } : type;
}

/** The type of a field that the schema knows by name. */
export function namedField(type: Type | undefined, name: string): Type | undefined {
  return type?.map?.field(name);
}

/** The type of what a step leads to, as far as it is known. */
export function elementType(type: Type | undefined, element: PathElement): Type | undefined {
  const name = fieldNameOf(element);
  if (name !== undefined) return fieldType(type?.map, name);
  return element.startsWith('k:') ? type?.list?.items : undefined;
}

/** The type of a map's field, known by name or not. */
export function fieldType(map: MapType | undefined, name: string): Type | undefined {
  return map?.field(name) ?? map?.others;
}

/** Steps to the fields of a map, with what they lead to. */
export function mapElements(value: JsonObject): [PathElement, string, Json][] {
  return Object.entries(value).map(([name, field]) => [fieldElement(name), name, field]);
}

/**
 * The step to an element of a list whose elements have owners of their own.
 *
 * @returns the reason in words where the element has no name
 */
export function listElement(list: ListType, item: Json): PathElement | { readonly problem: string } {
  if (list.keys.length === 0) {
    if (Array.isArray(item)) return { problem: 'not supported: associative list with lists as elements' };
    if (item === null) return { problem: "associative list without keys has an element that's an explicit null" };
    if (isJsonObject(item)) return { problem: "associative list without keys has an element that's a map type" };
    return valueElement(item);
  }
  if (item === null) return { problem: 'associative list with keys may not have a null element' };
  if (!isJsonObject(item)) return { problem: 'associative list with keys may not have non-map elements' };
  const keys = list.keys.flatMap((key) => {
    const value = own(item, key) ?? own(list.keyDefaults, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  if (keys.length > 0) return keyElement(Object.fromEntries(keys));
  const names = list.keys.map((key) => `"${key}"`).join(' ');
  return {
    problem: `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  };
}
