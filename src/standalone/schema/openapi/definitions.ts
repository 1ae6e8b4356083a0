import { declaredSchema, each, labels, named, text } from '../declare.ts';
import type { Json, JsonObject, JsonSchema } from '../json.ts';
import type { Kind } from '../kind.ts';

export type OpenApiVersion = 2 | 3;

const listMeta = named('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta', {
  ...each(text, 'continue', 'resourceVersion', 'selfLink'),
  remainingItemCount: { type: 'integer', format: 'int64' },
});

const patch: JsonSchema = named('io.k8s.apimachinery.pkg.apis.meta.v1.Patch', {});
const status = named('io.k8s.apimachinery.pkg.apis.meta.v1.Status', {
  ...each(text, 'apiVersion', 'kind', 'message', 'reason', 'status'),
  code: { type: 'integer', format: 'int32' },
  details: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  metadata: listMeta,
});
const deleteOptions = named('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', {
  ...each(text, 'apiVersion', 'kind', 'propagationPolicy'),
  gracePeriodSeconds: { type: 'integer', format: 'int64' },
  preconditions: { type: 'object', additionalProperties: labels.additionalProperties ?? true },
});

/** The name under which a kind's schema is listed. */
export const definitionOf = (kind: Kind): string => kind.schema['x-holdfast-definition'] ?? kind.kind;

export const groupVersionKind = ({ group, version, kind }: Pick<Kind, 'group' | 'version' | 'kind'>): JsonObject => ({
  group,
  kind,
  version,
});

/** Writes schemas as OpenAPI documents of one version have them, and gathers the ones that are listed by name. */
export class Definitions {
  readonly #version: OpenApiVersion;
  readonly #found = new Map<string, JsonObject>();

  constructor(version: OpenApiVersion, kinds: readonly Kind[]) {
    this.#version = version;
    for (const schema of [patch, status, deleteOptions]) this.#write(schema);
    for (const kind of kinds) this.#addKind(kind);
  }

  /** By name, in the order of the alphabet. */
  get all(): JsonObject {
    return Object.fromEntries([...this.#found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  reference(name: string): JsonObject {
    return { $ref: `${this.#version === 2 ? '#/definitions' : '#/components/schemas'}/${name}` };
  }

  #addKind(kind: Kind): void {
    const name = definitionOf(kind);
    const extension = { 'x-kubernetes-group-version-kind': [groupVersionKind(kind)] };
    this.#found.set(name, { ...this.#body(kind.schema), ...extension });
    const list: JsonSchema = {
      type: 'object',
      description: `A list of objects of the kind ${kind.kind}.`,
      required: ['items'],
      properties: {
        ...each(text, 'apiVersion', 'kind'),
        metadata: listMeta,
        items: { type: 'array', items: kind.schema },
      },
    };
    this.#found.set(`${name}List`, {
      ...this.#body(list),
      'x-kubernetes-group-version-kind': [groupVersionKind({ ...kind, kind: kind.listKind })],
    });
  }

  #write(schema: JsonSchema): JsonObject {
    const name = schema['x-holdfast-definition'];
    if (name === undefined) return this.#body(schema);
    const base = declaredSchema(name) ?? schema;
    if (!this.#found.has(name)) {
      // Its place is taken first: a schema may be part of itself.
      this.#found.set(name, {});
      this.#found.set(name, this.#body(base));
    }
    return this.#use(schema, base, name);
  }

  /** A reference, with what is said of the schema here alone. */
  #use(schema: JsonSchema, base: JsonSchema, name: string): JsonObject {
    const extra: JsonObject = {};
    for (const field of ['description', 'default', 'x-kubernetes-map-type'] as const) {
      const value = schema[field];
      if (value !== undefined && value !== base[field]) extra[field] = value;
    }
    const reference = this.reference(name);
    if (Object.keys(extra).length === 0) return reference;
    return this.#version === 2 ? { ...reference, ...extra } : { ...extra, allOf: [reference] };
  }

  #body(schema: JsonSchema): JsonObject {
    const { properties, items, additionalProperties, allOf, anyOf, oneOf, not, format, ...rest } = schema;
    const result = this.#plain(rest);
    if (format === 'micro-time') result['format'] = 'date-time';
    else if (format !== undefined && format !== 'quantity') result['format'] = format;
    if (schema['x-kubernetes-int-or-string'] === true && this.#version === 2) {
      Object.assign(result, { type: 'string', format: 'int-or-string' });
    }
    if (properties !== undefined && !this.#hides(schema)) {
      result['properties'] = Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, this.#write(property)]),
      );
    }
    if (items !== undefined) result['items'] = this.#write(items);
    if (typeof additionalProperties === 'object') result['additionalProperties'] = this.#write(additionalProperties);
    else if (additionalProperties !== undefined) result['additionalProperties'] = additionalProperties;
    if (this.#version === 3) {
      for (const [name, schemas] of Object.entries({ allOf, anyOf, oneOf })) {
        if (schemas !== undefined) result[name] = schemas.map((one) => this.#body(one));
      }
      if (not !== undefined) result['not'] = this.#body(not);
    }
    return result;
  }

  /** Old clients refuse fields that a document does not name, so an open object names none to them. */
  #hides(schema: JsonSchema): boolean {
    return this.#version === 2 && schema['x-kubernetes-preserve-unknown-fields'] === true;
  }

  #plain(schema: JsonSchema): JsonObject {
    const result: JsonObject = {};
    for (const [name, value] of Object.entries(schema) as readonly [keyof JsonSchema, Json | undefined][]) {
      if (value === undefined || name === 'x-holdfast-definition') continue;
      if (this.#version === 2 && name === 'nullable') continue;
      if (name === 'required' && Array.isArray(value) && value.length === 0) continue;
      result[name] = value;
    }
    return result;
  }
}
