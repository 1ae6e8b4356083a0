import { isJsonObject, textAt, valueAt, type JsonObject } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { record, type FieldWrite } from './field-owners.ts';
import {
  capManagers,
  readManagedFields,
  withoutManagedFields,
  writeManagedFields,
  type ManagedEntry,
  type ManagedFields,
} from './managed-fields.ts';
import { typeProblems } from './typed-validate.ts';
import { typeOf } from './typed.ts';

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
  const isTracked = known.size > 0 || before === undefined || textAt(before, 'metadata', 'uid') === '';
  if (!isTracked) return bare;
  const type = typeOf(write.schema);
  const sides = before ? [before, bare] : [bare];
  if (sides.some((side) => typeProblems(type, side, { allowsDuplicates: true }).length > 0)) return bare;
  return writeManagedFields(bare, capManagers(record(before, bare, known, write)));
}

/** What a client sends, unless it sends nothing usable, or is at a subresource. */
function entriesFor(before: JsonObject | undefined, after: JsonObject, { subresource }: FieldWrite): ManagedFields {
  const sent = valueAt(after, 'metadata', 'managedFields');
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
