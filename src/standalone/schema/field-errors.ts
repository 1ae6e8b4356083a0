import { sameJson, type Json } from './json.ts';
import type { FieldError, Kind } from './kind.ts';

/**
 * Field errors, worded as kube-apiserver words them, because people search for these sentences and scripts match them.
 * Source of the wording: k8s.io/apimachinery, pkg/util/validation/field/errors.go.
 */

/** A value as an error shows it: text in quotes, everything else as JSON. */
function shown(value: Json | undefined): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

export const required = (field: string, detail = ''): FieldError => ({
  field,
  reason: 'FieldValueRequired',
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
});

export const invalid = (field: string, value: Json | undefined, detail: string): FieldError => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${shown(value)}: ${detail}`,
});

/** Of something that is shown nowhere: a whole, or what has no value of its own. */
export const invalidOmitted = (field: string, detail: string): FieldError => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${detail}`,
});

export const typeInvalid = (field: string, value: Json | undefined, detail: string): FieldError => ({
  field,
  reason: 'FieldValueTypeInvalid',
  message: `Invalid value: ${shown(value)}: ${detail}`,
});

export const notSupported = (field: string, value: Json | undefined, supported: readonly string[]): FieldError => ({
  field,
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${shown(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
});

export const forbidden = (field: string, detail: string): FieldError => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
});

export const duplicate = (field: string, value: Json): FieldError => ({
  field,
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${shown(value)}`,
});

export const notFound = (field: string, value: Json): FieldError => ({
  field,
  reason: 'FieldValueNotFound',
  message: `Not found: ${shown(value)}`,
});

export const tooLong = (field: string, bytes: number): FieldError => ({
  field,
  reason: 'FieldValueTooLong',
  message: `Too long: may not be more than ${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`,
});

export const tooMany = (field: string, actual: number, most: number): FieldError => ({
  field,
  reason: 'FieldValueTooMany',
  message: `Too many: ${actual}: must have at most ${most} ${most === 1 ? 'item' : 'items'}`,
});

/** Refuses a change of a value that may not change. */
export function immutable(field: string, value: Json | undefined, old: Json | undefined): readonly FieldError[] {
  return sameJson(value, old) ? [] : [invalid(field, value, 'field is immutable')];
}

/** Refuses a negative number; absent ones pass. */
export function nonNegative(field: string, value: number | undefined): readonly FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : [];
}

/** The `message` of the Status that refuses an object: `Job.batch "a" is invalid: spec.x: Required value`. */
export function invalidMessage(
  kind: Pick<Kind, 'group' | 'kind'>,
  name: string,
  errors: readonly FieldError[],
): string {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  const all = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  return `${kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`} ${JSON.stringify(name)} is invalid: ${all}`;
}
