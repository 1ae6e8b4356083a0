import { compiledSchema } from './compile.ts';
import { declaredErrors } from './declared-values.ts';
import { invalid } from './field-errors.ts';
import { sameJson, valueAt, type Json, type JsonObject } from './json.ts';
import type { FieldError, Kind } from './kind.ts';
import { validateListTypes } from './list-types.ts';
import { validateMetadata } from './metadata.ts';
import { dnsSubdomain } from './names.ts';
import { fieldErrors } from './schema-errors.ts';
import { hasRules, transitionErrors } from './transition-rules.ts';

/**
 * What is wrong with an object that prepareObject made; empty where nothing is.
 *
 * @param old - the object that it replaces, for what may not change. Values of custom resources that were wrong before and
 * have not changed are let through, as kube-apiserver does since 1.30, so that a stricter schema does not lock old objects.
 */
export function validateObject(kind: Kind, object: JsonObject, old?: JsonObject): readonly FieldError[] {
  const metadata = validateMetadata(object, old, {
    namespaced: kind.namespaced,
    name: kind.validName ?? dnsSubdomain,
  });
  const own = kind.validate?.(object, old) ?? [];
  const all = [
    ...metadata,
    ...(kind.custom ? validateCustom(kind, object, old) : declaredErrors(kind.schema, object, '')),
    ...own,
  ];
  return all.filter(
    (error, index) =>
      all.findIndex(({ field, message }) => field === error.field && message === error.message) === index,
  );
}

/** Errors after which kube-apiserver does not try a schema's rules any more. */
const BLOCKING = new Set<FieldError['reason']>([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

const NOT_CHECKED = invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function validateCustom(kind: Kind, object: JsonObject, old: JsonObject | undefined): readonly FieldError[] {
  const check = compiledSchema(kind);
  const isValid = check(object);
  const found = isValid ? [] : fieldErrors(object, check.errors ?? []);
  const errors = [
    ...found.filter(({ field }) => old === undefined || !isUnchanged(field, object, old)),
    ...validateListTypes(kind.schema, object, ''),
  ];
  if (!hasRules(kind.schema)) return errors;
  if (errors.some(({ reason }) => BLOCKING.has(reason))) return [...errors, NOT_CHECKED];
  return [...errors, ...transitionErrors(kind.schema, object, old, '')];
}

/** Whether the value that an error is about stood like this before. A missing one is taken with the object that lacks it. */
function isUnchanged(field: string, object: JsonObject, old: JsonObject): boolean {
  const path = field.split(/\.|\[(\d+)\]\.?/).filter(Boolean);
  if (path.some((part) => /^\d+$/.test(part))) return false;
  const [value, before]: (Json | undefined)[] = [valueAt(object, ...path), valueAt(old, ...path)];
  if (value !== undefined) return sameJson(value, before);
  const parent = path.slice(0, -1);
  return sameJson(valueAt(object, ...parent), valueAt(old, ...parent));
}
