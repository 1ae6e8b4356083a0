import { SchemaError } from './errors.ts';
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from './json.ts';
import { canonicalQuantity, quantityProblem } from '../../apiserver/index.ts';

/**
 * Reads a client's value as a schema's: unknown fields are taken out and named, everything else is copied.
 *
 * Kubernetes does this in two ways. Built-in kinds are read into Go structs: nulls are absent, a value of another type is
 * refused, times and quantities are parsed. Custom resources stay as they are but for pruning, and their schema is checked
 * afterwards. Sources: k8s.io/apimachinery (serializer/json), k8s.io/apiextensions-apiserver (schema/pruning, schema/defaulting).
 */
export interface Decoding {
  readonly strict: boolean;
  /** Who declared the value: the `core.v1.PodSpec` nearest above, for error messages. */
  readonly owner: string;
  /** `spec.containers[0].name`. */
  readonly path: string;
  /** The same as Go's decoder names it, without indices and keys: `spec.containers.name`. */
  readonly fields: string;
  readonly unknownFields: string[];
}

export function decode(schema: JsonSchema, value: Json, at: Decoding): Json | undefined {
  if (value === null) return at.strict || schema.nullable !== true ? undefined : null;
  if (schema['x-kubernetes-preserve-unknown-fields'] === true && schema.properties === undefined) {
    if (at.strict) expectType(schema, value, at);
    return structuredClone(value);
  }
  if (at.strict) expectType(schema, value, at);
  const below = { ...at, owner: schema['x-holdfast-definition'] ?? at.owner };
  if (isJsonObject(value) && isObjectSchema(schema)) return decodeObject(schema, value, below);
  if (Array.isArray(value) && schema.items !== undefined) return decodeList(schema.items, value, below);
  return at.strict ? decodeScalar(schema, value, at) : structuredClone(value);
}

function isObjectSchema(schema: JsonSchema): boolean {
  return schema.type === 'object' || schema.properties !== undefined || schema.additionalProperties !== undefined;
}

function decodeObject(schema: JsonSchema, value: JsonObject, at: Decoding): JsonObject {
  const result: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const path = joined(at.path, name);
    const found = fieldSchema(schema, name);
    if (found === undefined) {
      at.unknownFields.push(path);
      continue;
    }
    const isNamed = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
    const fields = isNamed ? joined(at.fields, name) : at.fields;
    const kept = decode(found, item, { ...at, path, fields });
    if (kept !== undefined) setField(result, name, kept);
  }
  return result;
}

const joined = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Sets a field by any name: `__proto__` is a name like others in JSON. */
function setField(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, writable: true });
  else object[name] = value;
}

const ANYTHING: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true, nullable: true };
const EMBEDDED = new Set(['apiVersion', 'kind', 'metadata']);

/** The schema of a field, or undefined where an object must not have it. */
export function fieldSchema(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  if (typeof additionalProperties === 'object') return additionalProperties;
  const isKept =
    additionalProperties === true ||
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    (schema['x-kubernetes-embedded-resource'] === true && EMBEDDED.has(name));
  return isKept ? ANYTHING : undefined;
}

function decodeList(items: JsonSchema, value: readonly Json[], at: Decoding): Json[] {
  return value.map((item, index) => {
    const kept = decode(items, item, { ...at, path: `${at.path}[${index}]` });
    if (kept !== undefined) return kept;
    return at.strict ? emptyValue(items) : null;
  });
}

/** What Go makes of a null in a list. */
function emptyValue(schema: JsonSchema): Json {
  const empty = { object: {}, array: [], string: '', boolean: false, integer: 0, number: 0 } as const;
  const value = empty[schema.type ?? 'string'];
  return typeof value === 'object' ? structuredClone<Json>(Array.isArray(value) ? [] : {}) : value;
}

function decodeScalar(schema: JsonSchema, value: Json, at: Decoding): Json {
  if (schema.format === 'quantity') {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const problem = quantityProblem(text);
    if (problem !== undefined) throw undecodable(at, problem);
    return canonicalQuantity(text);
  }
  if (typeof value !== 'string') return value;
  if (schema.format === 'date-time' || schema.format === 'micro-time') return decodeTime(schema.format, value, at);
  return value;
}

const TIMES = {
  'date-time': { form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/, layout: '' },
  'micro-time': { form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/, layout: '.000000' },
} as const;

/** Times are kept in UTC and whole seconds, or in millionths, which must then be given as six digits. */
function decodeTime(format: keyof typeof TIMES, text: string, at: Decoding): string {
  const { form, layout } = TIMES[format];
  const time = new Date(text);
  if (!form.test(text) || Number.isNaN(time.getTime())) {
    throw undecodable(
      at,
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05${layout}Z07:00": cannot parse it`,
    );
  }
  const whole = time.toISOString().slice(0, 19);
  const [, fraction = ''] = /\.(\d{6})/.exec(text) ?? [];
  return layout === '' ? `${whole}Z` : `${whole}.${fraction}Z`;
}

const INT32 = 2 ** 31;

function expectType(schema: JsonSchema, value: Json, at: Decoding): void {
  if (schema['x-kubernetes-int-or-string'] === true) {
    if (typeof value === 'string' || Number.isInteger(value)) return;
    throw undecodable(at, `json: cannot unmarshal ${typeName(value)} into Go value of type intstr.IntOrString`);
  }
  if (fits(schema, value)) return;
  const [owner] = at.owner.split('.').slice(-1);
  const found = typeof value === 'number' && schema.type === 'integer' ? `number ${value}` : typeName(value);
  throw undecodable(
    at,
    `json: cannot unmarshal ${found} into Go struct field ${owner ?? ''}.${at.fields} of type ${goType(schema)}`,
  );
}

function fits(schema: JsonSchema, value: Json): boolean {
  switch (schema.type) {
    case 'object':
      return isJsonObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return (
        Number.isInteger(value) && (schema.format !== 'int32' || (Number(value) < INT32 && Number(value) >= -INT32))
      );
    case 'string':
      return typeof value === 'string' || (schema.format === 'quantity' && typeof value === 'number');
    case undefined:
      return true;
    default:
      return typeof value === schema.type;
  }
}

function typeName(value: Json): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** A schema's type as Go names it. */
function goType(schema: JsonSchema): string {
  const definition = schema['x-holdfast-definition']?.split('.').slice(-2).join('.');
  if (schema.type === 'array') return `[]${goType(schema.items ?? {})}`;
  if (schema.type === 'object') {
    if (definition !== undefined) return definition;
    return `map[string]${goType(typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {})}`;
  }
  if (schema.type === 'integer') return schema.format ?? 'int64';
  if (schema.type === 'boolean') return 'bool';
  return schema.type ?? 'interface {}';
}

function undecodable(at: Decoding, message: string): SchemaError {
  return new SchemaError('SCHEMA_UNDECODABLE', message, {
    subject: at.path,
    hint: 'Give the field a value of its type; `kubectl explain` shows it.',
  });
}
