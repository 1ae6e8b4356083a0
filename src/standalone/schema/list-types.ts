import { duplicate } from './field-errors.ts';
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from './json.ts';
import type { FieldError } from './kind.ts';

/**
 * Refuses two items with the same keys in a list of type `map`, and two equal items in a `set`.
 *
 * @param field - the value's own path, `''` for a whole object
 */
export function validateListTypes(schema: JsonSchema, value: Json, field: string): readonly FieldError[] {
  if (Array.isArray(value)) {
    const { items = {} } = schema;
    return [
      ...repeated(schema, value).map(({ index, identity }) => duplicate(`${field}[${index}]`, identity)),
      ...value.flatMap((item, index) => validateListTypes(items, item, `${field}[${index}]`)),
    ];
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const below = schema.properties?.[name] ?? schema.additionalProperties;
    return typeof below === 'object' ? validateListTypes(below, item, field === '' ? name : `${field}.${name}`) : [];
  });
}

interface Repeated {
  readonly index: number;
  readonly identity: Json;
}

function repeated(schema: JsonSchema, values: readonly Json[]): readonly Repeated[] {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'map' && type !== 'set') return [];
  const seen = new Set<string>();
  const found: Repeated[] = [];
  for (const [index, value] of values.entries()) {
    const identity = type === 'map' ? keysOf(schema, value) : value;
    const text = JSON.stringify(identity);
    if (seen.has(text)) found.push({ index, identity });
    seen.add(text);
  }
  return found;
}

/** The fields by which an item of a `map` list is told from others, with their defaults. */
export function keysOf(schema: JsonSchema, item: Json): Json {
  if (!isJsonObject(item)) return item;
  const keys: JsonObject = {};
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = item[key] ?? schema.items?.properties?.[key]?.default;
    if (value !== undefined) keys[key] = value;
  }
  return keys;
}
