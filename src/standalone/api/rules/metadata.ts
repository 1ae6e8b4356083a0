import { numberAt, objectAt, textAt, textsAt, type Json, type JsonObject } from '../../schema/index.ts';

/** Reads and replaces fields of `metadata`. Objects are never changed in place: they may be the store's own. */

export function textOf(object: JsonObject, field: string): string {
  return textAt(object, 'metadata', field);
}

export function numberOf(object: JsonObject, field: string): number | undefined {
  return numberAt(object, 'metadata', field);
}

export function textsOf(object: JsonObject, field: string): readonly string[] {
  return textsAt(object, 'metadata', field);
}

/** `labels` or `annotations`. */
export function mapOf(object: JsonObject, field: 'labels' | 'annotations'): Readonly<Record<string, string>> {
  const value = objectAt(object, 'metadata', field);
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** The object with other fields of metadata; undefined takes one away. */
export function withMetadata(object: JsonObject, fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  const metadata: JsonObject = {};
  for (const [name, value] of Object.entries({ ...objectAt(object, 'metadata'), ...fields })) {
    if (value !== undefined) metadata[name] = value;
  }
  return { ...object, metadata };
}

export function isBeingDeleted(object: JsonObject): boolean {
  return textOf(object, 'deletionTimestamp') !== '';
}

/** A time as metav1.Time writes it: whole seconds, UTC. */
export function writeTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** The object without some of its fields. */
export function without(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
