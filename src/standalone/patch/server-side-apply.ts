import { isJsonObject, sameJson, textAt, valueAt, type JsonObject } from '../schema/index.ts';
import { describeConflicts, type ApplyConflicts } from './apply-conflicts.ts';
import { PatchError } from './errors.ts';
import {
  compared,
  conflictsWith,
  disowned,
  record,
  resetSet,
  selfOf,
  unowned,
  type FieldWrite,
} from './field-owners.ts';
import { FieldSet } from './field-set.ts';
import { allowedByLastApplied, LAST_APPLIED_MANAGER, withLastApplied } from './last-applied.ts';
import {
  managerKey,
  readManagedFields,
  withoutManagedFields,
  writeManagedFields,
  writeTime,
  type ManagedEntry,
  type ManagedFields,
} from './managed-fields.ts';
import { fieldsOf } from './typed-fields.ts';
import { merge } from './typed-merge.ts';
import { remove } from './typed-remove.ts';
import { typeProblems } from './typed-validate.ts';
import { typeOf, type Type } from './typed.ts';

export interface ApplyRequest extends FieldWrite {
  /** Undefined: the apply creates the object. */
  readonly live: JsonObject | undefined;
  readonly applied: JsonObject;
  /** Whether to take fields from other managers. */
  readonly force: boolean;
}

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
  if (request.manager !== LAST_APPLIED_MANAGER) return describeConflicts(outcome.found);
  // kubectl may take over what its client-side apply wrote before.
  const allowed = allowedByLastApplied(typeOf(request.schema), request.live);
  if (allowed === undefined) return describeConflicts(outcome.found);
  const left = outcome.found.map((entry) => ({ ...entry, fields: entry.fields.difference(allowed) }));
  const serious = left.filter(({ fields }) => !fields.isEmpty);
  if (serious.length > 0) return describeConflicts(serious);
  const forced = applyOnce(request, true);
  return 'found' in forced ? describeConflicts(forced.found) : synced(request, forced.object);
}

function synced({ manager, applied }: ApplyRequest, object: JsonObject): { readonly object: JsonObject } {
  return { object: manager === LAST_APPLIED_MANAGER ? withLastApplied(object, applied) : object };
}

type Outcome = { readonly object: JsonObject } | { readonly found: readonly ManagedEntry[] };

function applyOnce({ live, applied, ...write }: ApplyRequest, force: boolean): Outcome {
  const type = typeOf(write.schema);
  checkApplied(type, applied);
  const apiVersion = textAt(applied, 'apiVersion');
  const base = live ?? { apiVersion, kind: textAt(applied, 'kind') };
  const self = selfOf('Apply', apiVersion, write);
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
  const left = disowned(claimed, key, comparison);
  const changesNothing = live !== undefined && sameJson(withoutManagedFields(live), withoutManagedFields(pruned));
  return { object: writeManagedFields(pruned, stamped(left, key, changesNothing ? undefined : write.now)) };
}

/** The entries with that of the applying manager as it is kept: without what nobody owns, and with the time of a change. */
function stamped(managed: ManagedFields, key: string, now: Date | undefined): ManagedFields {
  const own = managed.get(key);
  if (own === undefined) return managed;
  const fields = own.fields.difference(unowned);
  const others = [...managed].filter(([other]) => other !== key);
  if (fields.isEmpty) return new Map(others);
  return new Map([...others, [key, { ...own, fields, time: now === undefined ? own.time : writeTime(now) }]]);
}

function checkApplied(type: Type, applied: JsonObject): void {
  const managedFields = valueAt(applied, 'metadata', 'managedFields');
  if (managedFields !== undefined && managedFields !== null) {
    throw new PatchError('PATCH_MALFORMED', 'metadata.managedFields must be nil');
  }
  const problems = typeProblems(type, applied, { allowsDuplicates: false });
  if (problems.length === 0) return;
  const listed = problems.length === 1 ? problems[0] : ['errors:', ...problems.map((text) => `  ${text}`)].join('\n');
  throw new PatchError('PATCH_UNFIT', `failed to create typed patch object (${nameOf(applied)}): ${listed ?? ''}`);
}

function nameOf(object: JsonObject): string {
  const name = `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;
  return `${name}; ${textAt(object, 'apiVersion')}, Kind=${textAt(object, 'kind')}`;
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
