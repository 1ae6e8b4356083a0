/**
 * JSON as Go writes it (encoding/json), for what etcd stores as JSON: ids are numbers of 64 bits, and `<`, `>`, `&` and
 * the two line separators are escaped in strings.
 */
export type GoJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly GoJson[]
  /** A struct: its fields keep their order. */
  | { readonly [field: string]: GoJson }
  /** A map: Go sorts it by key. */
  | ReadonlyMap<string, GoJson>;

export function encodeGoJson(value: GoJson): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return encodeString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(encodeGoJson).join(',')}]`;
  if (value instanceof Map)
    return encodeFields([...value].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  return encodeFields(Object.entries(value));
}

function isList(value: object): value is readonly GoJson[] {
  return Array.isArray(value);
}

function encodeFields(fields: readonly (readonly [string, GoJson])[]): string {
  return `{${fields.map(([key, item]) => `${encodeString(key)}:${encodeGoJson(item)}`).join(',')}}`;
}

function encodeString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
