import type { Json, JsonSchema } from './json.ts';

/**
 * Short words for writing schemas of built-in kinds.
 *
 * Formats of our own, which OpenAPI documents do not show: `quantity` (kept in canonical form) and `micro-time`.
 */

export type Fields = Readonly<Record<string, JsonSchema>>;
type Extra = Partial<JsonSchema>;

export const text: JsonSchema = { type: 'string' };
export const flag: JsonSchema = { type: 'boolean' };
export const int32: JsonSchema = { type: 'integer', format: 'int32' };
export const int64: JsonSchema = { type: 'integer', format: 'int64' };
export const time: JsonSchema = {
  type: 'string',
  format: 'date-time',
  'x-holdfast-definition': 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
};
export const microTime: JsonSchema = {
  type: 'string',
  format: 'micro-time',
  'x-holdfast-definition': 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
};
export const intOrText: JsonSchema = {
  'x-kubernetes-int-or-string': true,
  'x-holdfast-definition': 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
};
export const quantity: JsonSchema = {
  type: 'string',
  format: 'quantity',
  description: 'An amount: a number with an optional suffix such as m, k, M, G or Ki, Mi, Gi.',
  'x-holdfast-definition': 'io.k8s.apimachinery.pkg.api.resource.Quantity',
};

/** An object whose fields are not looked into. */
export const loose: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export function object(properties: Fields, extra: Extra = {}): JsonSchema {
  return { type: 'object', properties, ...extra };
}

/**
 * An object that OpenAPI documents list by name.
 *
 * @param name - `core.v1.PodSpec`; `io.k8s.api.` is put before it unless it starts with `io.`
 */
export function named(name: string, properties: Fields, extra: Extra = {}): JsonSchema {
  const definition = name.startsWith('io.') ? name : `io.k8s.api.${name}`;
  return { ...object(properties, extra), 'x-holdfast-definition': definition };
}

export function mapOf(values: JsonSchema, extra: Extra = {}): JsonSchema {
  return { type: 'object', additionalProperties: values, ...extra };
}

/** A list that every writer replaces as a whole. */
export function list(items: JsonSchema, extra: Extra = {}): JsonSchema {
  return { type: 'array', items, 'x-kubernetes-list-type': 'atomic', ...extra };
}

/** A list whose items are told apart by the given fields, and merged by the first of them. */
export function listBy(keys: readonly [string, ...string[]], items: JsonSchema, extra: Extra = {}): JsonSchema {
  return {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    'x-kubernetes-patch-merge-key': keys[0],
    'x-kubernetes-patch-strategy': 'merge',
    ...extra,
  };
}

export const texts: JsonSchema = list(text);
export const labels: JsonSchema = mapOf(text);
export const quantities: JsonSchema = mapOf(quantity);

export function about(description: string, schema: JsonSchema): JsonSchema {
  return { ...schema, description };
}

export function byDefault(value: Json, schema: JsonSchema): JsonSchema {
  return { ...schema, default: value };
}

export function oneOf(...values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values };
}

/** The same schema under several names. */
export function each(schema: JsonSchema, ...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, schema]));
}
