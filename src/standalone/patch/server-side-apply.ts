import { isJsonObject, type JsonObject, type JsonSchema } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { printPath } from './field-path.ts';
import { FieldSet } from './field-set.ts';
import { objectField, own, sameJson, stringField } from './json-values.ts';
import { allowedByLastApplied, LAST_APPLIED_MANAGER, withLastApplied } from './last-applied.ts';
import {
  capManagers,
  managerKey,
  printManager,
  readManagedFields,
  withoutManagedFields,
  writeManagedFields,
  writeTime,
  type ManagedEntry,
  type ManagedFields,
  type Manager,
} from './managed-fields.ts';
import { compare, type Comparison } from './typed-compare.ts';
import { fieldsOf } from './typed-fields.ts';
import { merge } from './typed-merge.ts';
import { remove } from './typed-remove.ts';
import { typeProblems } from './typed-validate.ts';
import { rootType, type Type } from './typed.ts';

/** Who writes to an object of which kind, and when. */
export interface FieldWrite {
  /** Of the whole object. */
  readonly schema: JsonSchema;
  /** The `fieldManager` of the request, or the first part of its user agent. */
  readonly manager: string;
  readonly now: Date;
  readonly subresource?: string | undefined;
  /**
   * Fields that this endpoint does not write whatever a request says, as paths: nobody comes to own them by it. Default:
   * what {@link resetFields} says of a built-in kind with a status.
   */
  readonly resets?: readonly (readonly string[])[] | undefined;
}

export interface ApplyRequest extends FieldWrite {
  /** Undefined: the apply creates the object. */
  readonly live: JsonObject | undefined;
  readonly applied: JsonObject;
  /** Whether to take fields from other managers. */
  readonly force: boolean;
}

/** A field that another manager owns and that was to become another value. */
export interface ApplyConflict {
  /** `"kubectl" using batch/v1`. */
  readonly manager: string;
  /** `.spec.suspend`. */
  readonly field: string;
  /** The message of the cause in kube-apiserver's answer: `conflict with "kubectl" using batch/v1`. */
  readonly message: string;
}

export interface ApplyConflicts {
  readonly conflicts: readonly ApplyConflict[];
  /** The message of kube-apiserver's answer: `Apply failed with 1 conflict: …`. */
  readonly message: string;
}

/** What the endpoints of a kind never write: the object's own not its status, the status' nothing but it. */
export function resetFields(
  kind: { readonly hasStatus: boolean; readonly custom: boolean },
  subresource?: string,
): readonly (readonly string[])[] {
  if (subresource === 'status') return kind.custom ? [['metadata'], ['spec']] : [['spec']];
  return kind.hasStatus ? [['status']] : [];
}

/** The server itself says these; nobody owns them (managedfields/stripmeta.go). */
const unowned = FieldSet.ofFields(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['metadata', name]),
);

/**
 * Server-side apply: merges what a manager wants into the live object, takes away what it wanted before and no longer does,
 * and writes down who owns what. Defaults are not owned, so they are for the caller to fill in afterwards.
 *
 * @throws PatchError PATCH_UNFIT where the applied object does not fit the schema, PATCH_MALFORMED where it brings
 *   managedFields along
 */
export function applyServerSide(request: ApplyRequest): { readonly object: JsonObject } | ApplyConflicts {
  const outcome = applyOnce(request, request.force);
  if (!('found' in outcome)) return synced(request, outcome.object);
  if (request.manager !== LAST_APPLIED_MANAGER) return describe(outcome.found);
  // kubectl may take over what its client-side apply wrote before.
  const allowed = allowedByLastApplied(rootType(request.schema), request.live);
  if (allowed === undefined) return describe(outcome.found);
  const left = outcome.found.map((entry) => ({ ...entry, fields: entry.fields.difference(allowed) }));
  const serious = left.filter(({ fields }) => !fields.isEmpty);
  if (serious.length > 0) return describe(serious);
  const forced = applyOnce(request, true);
  return 'found' in forced ? describe(forced.found) : synced(request, forced.object);
}

function synced({ manager, applied }: ApplyRequest, object: JsonObject): { readonly object: JsonObject } {
  return { object: manager === LAST_APPLIED_MANAGER ? withLastApplied(object, applied) : object };
}

type Outcome = { readonly object: JsonObject } | { readonly found: readonly ManagedEntry[] };

function applyOnce({ live, applied, ...write }: ApplyRequest, force: boolean): Outcome {
  const type = rootType(write.schema);
  checkApplied(type, applied);
  const apiVersion = stringField(applied, 'apiVersion');
  const base = live ?? { apiVersion, kind: stringField(applied, 'kind') };
  const self: Manager = {
    name: write.manager === '' ? 'unknown' : write.manager,
    operation: 'Apply',
    apiVersion,
    subresource: write.subresource ?? '',
  };
  const key = managerKey(self);
  const known = adopted(base, live, write);
  const last = known.get(key);
  const fields = fieldsOf(type, applied).without(resetSet(write));
  const claimed = new Map([...known, [key, { ...self, fields, time: last?.time }]]);
  const merged = asObject(merge(type, base, applied));
  const pruned = last === undefined ? merged : prune(type, merged, claimed, last.fields);
  const comparison = compared(type, base, pruned, write);
  const found = force ? [] : conflictsWith(claimed, key, comparison);
  if (found.length > 0) return { found };
  const managed = new Map(disowned(claimed, key, comparison));
  const own = managed.get(key);
  const isSame = sameJson(withoutManagedFields(base), withoutManagedFields(pruned));
  if (own) {
    const stripped = { ...own, fields: own.fields.difference(unowned) };
    if (stripped.fields.isEmpty) managed.delete(key);
    else managed.set(key, isSame && live ? stripped : { ...stripped, time: writeTime(write.now) });
  }
  return { object: writeManagedFields(pruned, managed) };
}

function checkApplied(type: Type, applied: JsonObject): void {
  const managedFields = own(objectField(applied, 'metadata'), 'managedFields');
  if (managedFields !== undefined && managedFields !== null) {
    throw new PatchError('PATCH_MALFORMED', 'metadata.managedFields must be nil');
  }
  const problems = typeProblems(type, applied, { allowsDuplicates: false });
  if (problems.length === 0) return;
  const listed = problems.length === 1 ? problems[0] : ['errors:', ...problems.map((text) => `  ${text}`)].join('\n');
  throw new PatchError('PATCH_UNFIT', `failed to create typed patch object (${nameOf(applied)}): ${listed ?? ''}`);
}

function nameOf(object: JsonObject): string {
  const metadata = objectField(object, 'metadata');
  const name = `${stringField(metadata, 'namespace')}/${stringField(metadata, 'name')}`;
  return `${name}; ${stringField(object, 'apiVersion')}, Kind=${stringField(object, 'kind')}`;
}

/** The live entries; where there are none, all that is there belongs to whoever came before. */
function adopted(base: JsonObject, live: JsonObject | undefined, write: FieldWrite): ManagedFields {
  const known = readManagedFields(base);
  if (known.size > 0 || live === undefined) return known;
  return record(undefined, base, known, { ...write, manager: 'before-first-apply' });
}

/** Takes out what the manager wanted last time, wants no more, and nobody else does (structured-merge-diff, merge/update.go). */
function prune(type: Type, merged: JsonObject, claimed: ManagedFields, last: FieldSet): JsonObject {
  const named = (set: FieldSet): FieldSet => set.withNamedFields(type);
  const all = named(fieldsOf(type, merged));
  const owned = [...claimed.values()].reduce((sum, { fields }) => sum.union(fields), FieldSet.empty);
  const bare = asObject(remove(type, merged, named(last)));
  const kept = named(fieldsOf(type, bare)).union(named(owned));
  const withOwned = asObject(remove(type, merged, all.difference(kept)));
  const gone = all.difference(named(fieldsOf(type, withOwned))).intersection(named(last));
  return asObject(remove(type, merged, gone));
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function resetSet({ resets, subresource }: FieldWrite): FieldSet {
  return FieldSet.ofFields(...(resets ?? resetFields({ hasStatus: true, custom: false }, subresource)));
}

function compared(type: Type, before: JsonObject, after: JsonObject, write: FieldWrite): Comparison {
  const resets = resetSet(write);
  const { removed, modified, added } = compare(type, withoutManagedFields(before), withoutManagedFields(after));
  return { removed: removed.without(resets), modified: modified.without(resets), added: added.without(resets) };
}

/** What the change takes from each manager but the one who makes it. */
function conflictsWith(managed: ManagedFields, self: string, { modified, added }: Comparison): ManagedEntry[] {
  const changed = modified.union(added);
  return [...managed]
    .filter(([key]) => key !== self)
    .map(([, entry]) => ({ ...entry, fields: entry.fields.intersection(changed) }))
    .filter(({ fields }) => !fields.isEmpty);
}

/** The entries after the change: others lose what was changed or removed. Entries without fields go. */
function disowned(managed: ManagedFields, self: string, { removed, modified, added }: Comparison): ManagedFields {
  const changed = modified.union(added);
  const left = [...managed].map(([key, entry]): [string, ManagedEntry] => {
    if (key === self) return [key, entry];
    return [key, { ...entry, fields: entry.fields.difference(changed).difference(removed) }];
  });
  return new Map(left.filter(([, { fields }]) => !fields.isEmpty));
}

function describe(found: readonly ManagedEntry[]): ApplyConflicts {
  const sorted = [...found].sort((a, b) => (managerKey(a) < managerKey(b) ? -1 : 1));
  const conflicts = sorted.flatMap((entry) => {
    const manager = printManager(entry);
    return [...entry.fields.paths()].map((path) => ({
      manager,
      field: printPath(path),
      message: `conflict with ${manager}`,
    }));
  });
  const [only, second] = conflicts;
  if (only && !second) {
    return { conflicts, message: `Apply failed with 1 conflict: ${only.message}: ${only.field}` };
  }
  const lines = sorted.flatMap((entry) => [
    `conflicts with ${printManager(entry)}:`,
    ...[...entry.fields.paths()].map((path) => `- ${printPath(path)}`),
  ]);
  return { conflicts, message: `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}` };
}

/** A write of any other kind: what was, undefined for a create, and what shall be, with all that a client may send. */
export interface UpdateRequest extends FieldWrite {
  readonly before: JsonObject | undefined;
  readonly after: JsonObject;
}

/**
 * `after` with `metadata.managedFields` brought up to date: the manager owns what it changed, others no longer do. Objects
 * whose fields nobody tracks stay so. What the client sends in managedFields counts: it may give fields up, or all of them
 * with an empty list; nonsense is ignored. It never throws: where owners cannot be told, none are written.
 *
 * To be called before the server adds what nobody shall own: a uid, finalizers, a selector.
 */
export function recordUpdate({ before, after, ...write }: UpdateRequest): JsonObject {
  const bare = withoutManagedFields(after);
  const known = entriesFor(before, after, write);
  const isTracked =
    known.size > 0 || before === undefined || stringField(objectField(before, 'metadata'), 'uid') === '';
  if (!isTracked) return bare;
  const type = rootType(write.schema);
  const sides = before ? [before, bare] : [bare];
  if (sides.some((side) => typeProblems(type, side, { allowsDuplicates: true }).length > 0)) return bare;
  return writeManagedFields(bare, capManagers(record(before, bare, known, write)));
}

/** What a client sends, unless it sends nothing usable, or is at a subresource. */
function entriesFor(before: JsonObject | undefined, after: JsonObject, { subresource }: FieldWrite): ManagedFields {
  const sent = own(objectField(after, 'metadata'), 'managedFields');
  if (subresource === undefined && isReset(sent)) return new Map();
  const usable = subresource === undefined ? readOrNothing(after) : new Map<string, ManagedEntry>();
  return usable.size > 0 ? usable : readOrNothing(before);
}

function isReset(sent: unknown): boolean {
  if (!Array.isArray(sent)) return false;
  return sent.length === 0 || (sent.length === 1 && isJsonObject(sent[0]) && Object.keys(sent[0]).length === 0);
}

function readOrNothing(object: JsonObject | undefined): ManagedFields {
  try {
    return readManagedFields(object);
  } catch (error) {
    if (error instanceof PatchError) return new Map();
    throw error;
  }
}

function record(
  before: JsonObject | undefined,
  after: JsonObject,
  known: ManagedFields,
  write: FieldWrite,
): ManagedFields {
  const type = rootType(write.schema);
  const apiVersion = stringField(after, 'apiVersion');
  const empty = { apiVersion, kind: stringField(after, 'kind') };
  const comparison = compared(type, before ?? empty, after, write);
  const managed = new Map(disowned(known, '', comparison));
  const taken = comparison.modified.union(comparison.added).difference(unowned);
  if (taken.isEmpty) return managed;
  const self: Manager = {
    name: write.manager === '' ? 'unknown' : write.manager,
    operation: 'Update',
    apiVersion,
    subresource: write.subresource ?? '',
  };
  const key = managerKey(self);
  const fields = taken.union(managed.get(key)?.fields ?? FieldSet.empty);
  return managed.set(key, { ...self, fields, time: writeTime(write.now) });
}
