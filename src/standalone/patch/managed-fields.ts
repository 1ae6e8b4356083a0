import { isJsonObject, objectAt, sameJson, textAt, valueAt, type Json, type JsonObject } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { compareText } from './field-path.ts';
import { FieldSet } from './field-set.ts';
import { own, withField, withoutField } from './json-values.ts';

/** Who owns fields, and how: an entry of `metadata.managedFields` without its fields and its time. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  /** In which version the fields are named; for `Apply` it does not tell managers apart. */
  readonly apiVersion: string;
  /** `''` for the object itself. */
  readonly subresource: string;
}

/** An entry of `metadata.managedFields`. */
export interface ManagedEntry extends Manager {
  readonly fields: FieldSet;
  /** RFC 3339, in seconds. */
  readonly time: string | undefined;
}

/** All entries of an object by {@link managerKey}. */
export type ManagedFields = ReadonlyMap<string, ManagedEntry>;

/** What tells a manager from others. */
export function managerKey({ name, operation, apiVersion, subresource }: Manager): string {
  // The order of fields is that of Go's metav1.ManagedFieldsEntry, since managers are sorted by it in messages.
  return JSON.stringify({
    manager: name,
    operation,
    ...(operation === 'Update' && { apiVersion }),
    ...(subresource !== '' && { subresource }),
  });
}

/** `"kubectl" using batch/v1`, as conflicts name a manager. */
export function printManager({ name, operation, apiVersion, subresource }: Manager): string {
  const quoted = JSON.stringify(name);
  const through = subresource === '' ? quoted : `${quoted} with subresource ${JSON.stringify(subresource)}`;
  return operation === 'Update' ? `${through} using ${apiVersion}` : through;
}

/** @throws PatchError PATCH_MALFORMED where they are not entries of managedFields */
export function readManagedFields(object: JsonObject | undefined): ManagedFields {
  const entries = valueAt(object, 'metadata', 'managedFields');
  if (!Array.isArray(entries)) return new Map();
  return new Map(entries.map(readEntry).map((entry): [string, ManagedEntry] => [managerKey(entry), entry]));
}

function readEntry(entry: Json, place: number): ManagedEntry {
  const refuse = (what: string): PatchError => new PatchError('PATCH_MALFORMED', `metadata.managedFields: ${what}`);
  if (!isJsonObject(entry)) throw refuse(`entry ${place} is not an object`);
  const operation = own(entry, 'operation');
  if (operation !== 'Apply' && operation !== 'Update') throw refuse('operation must be `Apply` or `Update`');
  const apiVersion = textAt(entry, 'apiVersion');
  if (apiVersion === '') throw refuse('apiVersion must not be empty');
  const fieldsType = textAt(entry, 'fieldsType');
  if (fieldsType === '') throw refuse(`missing fieldsType in managed fields entry ${place}`);
  if (fieldsType !== 'FieldsV1') {
    throw refuse(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${place}`);
  }
  const time = textAt(entry, 'time');
  return {
    name: textAt(entry, 'manager'),
    operation,
    apiVersion,
    subresource: textAt(entry, 'subresource'),
    fields: FieldSet.fromFields(own(entry, 'fieldsV1') ?? {}),
    time: time === '' ? undefined : time,
  };
}

/** The object with these entries instead of its own; without the field where there are none. */
export function writeManagedFields(object: JsonObject, managed: ManagedFields): JsonObject {
  const metadata = objectAt(object, 'metadata');
  const entries = [...managed.values()].sort(compareEntries).map(writeEntry);
  const rest = withoutField(metadata, 'managedFields');
  return withField(object, 'metadata', entries.length === 0 ? rest : withField(rest, 'managedFields', entries));
}

/** The object without its `metadata.managedFields`. */
export function withoutManagedFields(object: JsonObject): JsonObject {
  if (!isJsonObject(own(object, 'metadata'))) return object;
  return withField(object, 'metadata', withoutField(objectAt(object, 'metadata'), 'managedFields'));
}

function writeEntry(entry: ManagedEntry): JsonObject {
  return {
    ...(entry.name !== '' && { manager: entry.name }),
    operation: entry.operation,
    apiVersion: entry.apiVersion,
    ...(entry.time !== undefined && { time: entry.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: entry.fields.toFields(),
    ...(entry.subresource !== '' && { subresource: entry.subresource }),
  };
}

function compareEntries(a: ManagedEntry, b: ManagedEntry): number {
  return (
    compareText(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function secondsOf({ time }: ManagedEntry): number {
  const ms = time === undefined ? 0 : Date.parse(time);
  return Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
}

/** How Kubernetes writes a time: `2026-11-23T09:30:00Z`. */
export function writeTime(now: Date): string {
  return now.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** How many managers that update an object are told apart. */
const MAX_UPDATERS = 10;

/** Puts the oldest entries of updates together under one name until they are few enough (managedfields/capmanagers.go). */
export function capManagers(managed: ManagedFields): ManagedFields {
  const updaters = [...managed.entries()]
    .filter(([, { operation }]) => operation === 'Update')
    .sort(([keyA, a], [keyB, b]) => secondsOf(a) - secondsOf(b) || compareText(keyA, keyB));
  const capped = new Map(managed);
  const firsts = new Map<string, string>();
  let count = updaters.length;
  for (const [key, entry] of updaters) {
    if (count <= MAX_UPDATERS) break;
    const first = firsts.get(entry.apiVersion);
    if (first === undefined) {
      firsts.set(entry.apiVersion, key);
      continue;
    }
    const ancient: Manager = { ...entry, name: 'ancient-changes', operation: 'Update', subresource: '' };
    const bucket = managerKey(ancient);
    const before = capped.get(bucket) ?? capped.get(first);
    if (!capped.has(bucket)) capped.delete(first);
    capped.delete(key);
    const fields = entry.fields.union(before?.fields ?? FieldSet.empty);
    capped.set(bucket, { ...ancient, fields, time: entry.time });
    count -= 1;
  }
  return capped;
}

/**
 * The object as it should be stored: where nothing differs from what is stored but times in `managedFields`, the stored
 * times stay, so that a write that changes nothing is none (apiserver, fieldmanager/equality.go).
 */
export function keepManagedTimes(stored: JsonObject, object: JsonObject): JsonObject {
  const entriesOf = (from: JsonObject): Json => valueAt(from, 'metadata', 'managedFields') ?? [];
  const olds = entriesOf(stored);
  const youngs = entriesOf(object);
  if (!sameJson(timeless(olds), timeless(youngs))) return object;
  if (!sameJson(withoutManagedFields(stored), withoutManagedFields(object))) return object;
  return stored;
}

function timeless(entries: Json): Json {
  if (!Array.isArray(entries)) return entries;
  return entries.map((entry) => (isJsonObject(entry) ? withoutField(entry, 'time') : entry));
}
