import type { Json, JsonSchema } from './json.ts';

/**
 * Short words for writing schemas of built-in kinds.
 *
 * Formats of our own, which OpenAPI documents do not show: `quantity` (kept in canonical form) and `micro-time`.
 */

export type Fields = Readonly<Record<string, JsonSchema>>;
type Extra = Partial<JsonSchema>;

const declared = new Map<string, JsonSchema>();

/** The schema that was declared under a name, without what is said of it where it is used. */
export const declaredSchema = (name: string): JsonSchema | undefined => declared.get(name);

function declare(name: string, schema: JsonSchema): JsonSchema {
  const named = { ...schema, 'x-holdfast-definition': name };
  declared.set(name, named);
  return named;
}

export const text: JsonSchema = { type: 'string' };
export const flag: JsonSchema = { type: 'boolean' };
export const int32: JsonSchema = { type: 'integer', format: 'int32' };
export const int64: JsonSchema = { type: 'integer', format: 'int64' };
export const time = declare('io.k8s.apimachinery.pkg.apis.meta.v1.Time', { type: 'string', format: 'date-time' });
export const microTime = declare('io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime', {
  type: 'string',
  format: 'micro-time',
});
export const intOrText = declare('io.k8s.apimachinery.pkg.util.intstr.IntOrString', {
  'x-kubernetes-int-or-string': true,
});
export const quantity = declare('io.k8s.apimachinery.pkg.api.resource.Quantity', {
  type: 'string',
  format: 'quantity',
  description: 'An amount: a number with an optional suffix such as m, k, M, G or Ki, Mi, Gi.',
});

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
  return declare(definition, object(properties, extra));
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
