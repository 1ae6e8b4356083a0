import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { messageOf } from '../../base/index.ts';
import type { Json, JsonSchema } from './json.ts';
import type { Kind } from './kind.ts';

/** Formats that kube-apiserver checks too; all others mean nothing to it. */
const FORMATS = ['byte', 'date', 'date-time', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'] as const;

let shared: Ajv | undefined;

function ajv(): Ajv {
  if (shared !== undefined) return shared;
  // Patterns are written for Go, where escapes such as \- are right; in JavaScript they are without the flag u only.
  shared = new Ajv({
    strict: false,
    allErrors: true,
    verbose: true,
    messages: false,
    unicodeRegExp: false,
    logger: false,
  });
  formats.default(shared, [...FORMATS]);
  return shared;
}

const compiled = new WeakMap<Kind, ValidateFunction>();

/** A kind's schema as a function; made once, when it is first wanted. */
export function compiledSchema(kind: Kind): ValidateFunction {
  const known = compiled.get(kind);
  if (known !== undefined) return known;
  // These three have rules of their own.
  const own = Object.entries(kind.schema.properties ?? {}).filter(
    ([name]) => !['apiVersion', 'kind', 'metadata'].includes(name),
  );
  const made = ajv().compile(translate({ ...kind.schema, properties: Object.fromEntries(own) }));
  compiled.set(kind, made);
  return made;
}

/**
 * Whether a schema can be compiled at all; patterns are the usual reason why not.
 *
 * @returns what is wrong, or undefined
 */
export function compileProblem(schema: JsonSchema): string | undefined {
  try {
    ajv().compile(translate(schema));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** What a schema that can be compiled has against a value. */
export function complaints(schema: JsonSchema, value: Json): readonly ErrorObject[] {
  const check: ValidateFunction = ajv().compile(translate(schema));
  return check(value) ? [] : (check.errors ?? []);
}

const SAME = [
  'minProperties',
  'maxProperties',
  'minItems',
  'maxItems',
  'uniqueItems',
  'pattern',
  'minLength',
  'maxLength',
  'multipleOf',
  'required',
] as const satisfies readonly (keyof JsonSchema)[];

/** Kubernetes' schema in the words of JSON Schema draft 7, which ajv reads. */
function translate(schema: JsonSchema): AnySchemaObject {
  const result: AnySchemaObject = {};
  for (const name of SAME) if (schema[name] !== undefined) result[name] = schema[name];
  translateType(schema, result);
  translateBounds(schema, result);
  if (schema.format !== undefined && FORMATS.some((one) => one === schema.format)) result['format'] = schema.format;
  if (schema.properties !== undefined) result['properties'] = translateAll(schema.properties);
  if (typeof schema.additionalProperties === 'object') {
    result['additionalProperties'] = translate(schema.additionalProperties);
  }
  if (schema.items !== undefined) result['items'] = translate(schema.items);
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    if (schema[name] !== undefined) result[name] = schema[name].map(translate);
  }
  if (schema.not !== undefined) result['not'] = translate(schema.not);
  return result;
}

function translateAll(schemas: Readonly<Record<string, JsonSchema>>): AnySchemaObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, translate(schema)]));
}

function translateType(schema: JsonSchema, result: AnySchemaObject): void {
  const types: string[] = [];
  if (schema['x-kubernetes-int-or-string'] === true) types.push('integer', 'string');
  else if (schema.type !== undefined) types.push(schema.type);
  if (types.length > 0) result['type'] = schema.nullable === true ? [...types, 'null'] : types;
  if (schema.enum !== undefined) result['enum'] = schema.enum;
}

function translateBounds(schema: JsonSchema, result: AnySchemaObject): void {
  const { minimum, maximum } = schema;
  if (minimum !== undefined) result[schema.exclusiveMinimum === true ? 'exclusiveMinimum' : 'minimum'] = minimum;
  if (maximum !== undefined) result[schema.exclusiveMaximum === true ? 'exclusiveMaximum' : 'maximum'] = maximum;
}
