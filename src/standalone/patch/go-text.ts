import { isJsonObject, type Json } from '../schema/index.ts';
import { compareText } from './field-path.ts';

/** As Go prints a value with `%v`: `map[a:1 b:[x y]]`. kube-apiserver's messages hold values so. */
export function goText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isJsonObject(value)) return value === null ? '<nil>' : String(value);
  const fields = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return `map[${fields.map(([name, field]) => `${name}:${goText(field)}`).join(' ')}]`;
}

/** As Go names a value's type with `%T`. */
export function goType(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  if (value === null) return '<nil>';
  return { boolean: 'bool', number: Number.isInteger(value) ? 'int64' : 'float64', string: 'string' }[
    typeof value as 'boolean'
  ];
}
