import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import { PatchError } from './errors.ts';

/**
 * One step from a container to something in it, written as FieldsV1 writes it (structured-merge-diff,
 * fieldpath/serialize-pe.go): `f:name` a field, `k:{"name":"x"}` an element of a list by its keys, `v:"x"` an element of
 * a set by its value, `i:0` an element by its place. The text is canonical, so equal steps are equal strings.
 */
export type PathElement = `${'f' | 'k' | 'v' | 'i'}:${string}`;

export type Path = readonly PathElement[];

/** Go escapes these in JSON strings; so must we, or the same key would be two. */
const escapedByGo = /[<>&\u2028\u2029]/g;

function canonical(value: Json): string {
  return JSON.stringify(value).replaceAll(
    escapedByGo,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

export function valueElement(value: Json): PathElement {
  return `v:${canonical(value)}`;
}

/** @param keys - in any order */
export function keyElement(keys: JsonObject): PathElement {
  const sorted = Object.entries(keys).sort(([a], [b]) => compareText(a, b));
  return `k:${canonical(Object.fromEntries(sorted))}`;
}

/** The field's name, where the step leads to a field. */
export function fieldNameOf(element: PathElement): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/**
 * Reads a step as managedFields carry it.
 *
 * @returns undefined for kinds of steps that a later version may have invented
 * @throws PatchError PATCH_MALFORMED where it is none
 */
export function parseElement(text: string): PathElement | undefined {
  if (text[1] !== ':') throw malformed(text);
  const content = text.slice(2);
  switch (text[0]) {
    case 'f':
      return fieldElement(content);
    case 'i':
      if (!/^-?\d+$/.test(content)) throw malformed(text);
      return `i:${content}`;
    case 'v':
      return valueElement(parsed(content));
    case 'k': {
      const keys = parsed(content);
      if (!isJsonObject(keys)) throw malformed(text);
      return keyElement(keys);
    }
    default:
      return undefined;
  }
}

function parsed(content: string): Json {
  try {
    return JSON.parse(content) as Json;
  } catch (error) {
    throw new PatchError('PATCH_MALFORMED', `managedFields hold "${content}", which is not JSON`, { cause: error });
  }
}

function malformed(text: string): PatchError {
  return new PatchError('PATCH_MALFORMED', `managedFields hold "${text}", which names no field`);
}

/** `.spec.containers[name="a"].image`, as kube-apiserver prints it in conflicts. */
export function printPath(path: Path): string {
  return path.map(printElement).join('');
}

function printElement(element: PathElement): string {
  const content = element.slice(2);
  if (element.startsWith('f:')) return `.${content}`;
  if (element.startsWith('i:')) return `[${content}]`;
  const value = JSON.parse(content) as Json;
  if (!isJsonObject(value)) return `[=${JSON.stringify(value)}]`;
  return `[${Object.entries(value)
    .map(([name, key]) => `${name}=${JSON.stringify(key)}`)
    .join(',')}]`;
}

/** The order of fieldpath.PathElement: fields, keys, values, places; each kind among itself by content. */
export function compareElements(a: PathElement, b: PathElement): number {
  const kinds = 'fkvi';
  const byKind = kinds.indexOf(a.charAt(0)) - kinds.indexOf(b.charAt(0));
  if (byKind !== 0) return byKind;
  if (a.startsWith('f:')) return compareText(a, b);
  return compareValues(JSON.parse(a.slice(2)) as Json, JSON.parse(b.slice(2)) as Json);
}

/** value.Compare: numbers before strings before booleans; objects by their fields. */
function compareValues(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (isJsonObject(a) && isJsonObject(b)) return compareFields(Object.entries(a), Object.entries(b));
  return rank(a) - rank(b);
}

function compareFields(a: readonly [string, Json][], b: readonly [string, Json][]): number {
  for (const [place, [name, value]] of a.entries()) {
    const other = b[place];
    if (other === undefined) return 1;
    const order = compareText(name, other[0]) || compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function rank(value: Json): number {
  return ['number', 'string', 'boolean', 'object'].indexOf(typeof value);
}

export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
