import { notSupported, required } from './field-errors.ts';
import { isJsonObject, type Json, type JsonSchema } from './json.ts';
import type { FieldError } from './kind.ts';

/**
 * What the schema of a built-in kind has against a value: fields that are missing, and texts that are none of those listed.
 * Types were seen to when the value was decoded, and built-in kinds have their other rules in code, so that nothing has to
 * be compiled for them.
 *
 * @param field - the value's own path, `''` for a whole object
 */
export function declaredErrors(schema: JsonSchema, value: Json, field: string): readonly FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value.flatMap((item, index) => declaredErrors(items, item, `${field}[${index}]`));
  }
  if (!isJsonObject(value)) return listedErrors(schema, value, field);
  const below = (name: string): string => (field === '' ? name : `${field}.${name}`);
  return [
    ...(schema.required ?? []).filter((name) => !Object.hasOwn(value, name)).map((name) => required(below(name))),
    ...Object.entries(value).flatMap(([name, item]) => {
      const inner = schema.properties?.[name] ?? schema.additionalProperties;
      return typeof inner === 'object' ? declaredErrors(inner, item, below(name)) : [];
    }),
  ];
}

function listedErrors({ enum: listed }: JsonSchema, value: Json, field: string): readonly FieldError[] {
  if (listed === undefined || listed.includes(value)) return [];
  return [
    notSupported(
      field,
      value,
      listed.filter((one) => typeof one === 'string'),
    ),
  ];
}
