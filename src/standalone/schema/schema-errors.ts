import type { ErrorObject } from 'ajv';
import { invalid, notSupported, required, tooLong, tooMany, typeInvalid } from './field-errors.ts';
import { isJsonObject, type Json } from './json.ts';
import type { FieldError } from './kind.ts';

/**
 * ajv's errors in kube-apiserver's words.
 * Sources of the words: k8s.io/kube-openapi, pkg/validation/errors/schema.go; k8s.io/apiextensions-apiserver, pkg/apiserver/validation.
 */
export function fieldErrors(root: Json, errors: readonly ErrorObject[]): readonly FieldError[] {
  return errors.map((error) => translateError(root, error));
}

function translateError(root: Json, error: ErrorObject): FieldError {
  const field = fieldAt(root, error.instancePath);
  const value = error.data as Json | undefined;
  const where = `${field} in body`;
  // What a keyword demands: a pattern, a bound, a list of values.
  const wanted: unknown = error.schema;
  switch (error.keyword) {
    case 'required': {
      const { missingProperty } = error.params as { readonly missingProperty: string };
      return required(field === '' ? missingProperty : `${field}.${missingProperty}`);
    }
    case 'type':
      return wrongType(field, value, typeNames(wanted));
    case 'format':
      return typeInvalid(field, value, `${where} must be of type ${String(wanted)}: ${JSON.stringify(value)}`);
    case 'enum':
      return notSupported(field, value, (wanted as readonly Json[]).map(shownOption));
    case 'pattern':
      return invalid(field, value, `${where} should match '${String(wanted)}'`);
    case 'multipleOf':
      return invalid(field, value, `${where} should be a multiple of ${String(wanted)}`);
    case 'oneOf':
    case 'anyOf':
    case 'not':
      return combination(field, error);
    default:
      return outOfBounds(field, value, error.keyword, Number(wanted));
  }
}

const BOUNDS: Readonly<Record<string, string>> = {
  minimum: 'greater than or equal to',
  exclusiveMinimum: 'greater than',
  maximum: 'less than or equal to',
  exclusiveMaximum: 'less than',
};

function outOfBounds(field: string, value: Json | undefined, keyword: string, bound: number): FieldError {
  const where = `${field} in body`;
  const size = sizeOf(value);
  switch (keyword) {
    case 'maxLength':
      return tooLong(field, bound);
    case 'maxItems':
    case 'maxProperties':
      return tooMany(field, size, bound);
    case 'minLength':
      return invalid(field, value, `${where} should be at least ${bound} chars long`);
    case 'minItems':
      return invalid(field, size, `${where} should have at least ${bound} items`);
    case 'minProperties':
      return invalid(field, size, `${where} should have at least ${bound} properties`);
    case 'uniqueItems':
      return invalid(field, value, `${where} shouldn't contain duplicates`);
    default:
      return invalid(field, value, `${where} should be ${BOUNDS[keyword] ?? keyword} ${bound}`);
  }
}

function combination(field: string, { keyword, params }: ErrorObject): FieldError {
  const name = JSON.stringify(field);
  if (keyword === 'not') return invalid('<nil>', '', `${name} must not validate the schema (not)`);
  if (keyword === 'anyOf') return invalid('<nil>', '', `${name} must validate at least one schema (anyOf)`);
  const { passingSchemas } = params as { readonly passingSchemas: readonly number[] | null };
  const found = passingSchemas === null ? 'none valid' : `${passingSchemas.length} valid alternatives`;
  return invalid('<nil>', '', `${name} must validate one and only one schema (oneOf). Found ${found}`);
}

function wrongType(field: string, value: Json | undefined, types: string): FieldError {
  const found = typeOf(value);
  return typeInvalid(field, found, `${field} in body must be of type ${types}: ${JSON.stringify(found)}`);
}

function typeNames(wanted: unknown): string {
  const names = (Array.isArray(wanted) ? wanted : [wanted]).map(String);
  return names.filter((name) => name !== 'null').join(',');
}

function typeOf(value: Json | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

const shownOption = (option: Json): string => (typeof option === 'string' ? option : JSON.stringify(option));

function sizeOf(value: Json | undefined): number {
  if (Array.isArray(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

/** `/spec/containers/0/name` as `spec.containers[0].name`. */
function fieldAt(root: Json, pointer: string): string {
  let field = '';
  let current: Json | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const step = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(current)) {
      field += `[${step}]`;
      current = current[Number(step)];
    } else {
      field += field === '' ? step : `.${step}`;
      current = isJsonObject(current) ? current[step] : undefined;
    }
  }
  return field;
}
