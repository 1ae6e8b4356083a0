import { withRevision, type Decision, type StoredObject, type View, type Write } from '../../objects/index.ts';
import { objectAt, sameJson, type JsonObject, type Kind } from '../../schema/index.ts';
import type { DeleteOptions } from '../protocol/delete-options.ts';
import { conflict } from '../protocol/status.ts';
import { asDeleting } from './deletion-mark.ts';
import { definitionDeletion } from './definition-deletion.ts';
import { gracefully } from './grace.ts';
import { isDefinition, isNamespace, isPod, orphansByDefault } from './kind-rules.ts';
import { textOf, textsOf, withMetadata, writeTime } from './metadata.ts';
import { assertMayBeDeleted, namespaceFinalizers } from './namespaces.ts';
import { removal } from './removal.ts';

/** What became of an object that was to be deleted. */
export interface Deletion {
  /** As it stood last, or as it stands until others have finished with it. */
  readonly object: JsonObject;
  readonly isRemoved: boolean;
  /** Whether this request has changed it, other than by removing it. */
  readonly isMarked: boolean;
}

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Decides on the deletion of an object: it goes at once, or it is marked and waits for its finalizers or its node. */
export function decideDelete(
  view: View,
  kind: Kind,
  standing: StoredObject,
  options: DeleteOptions,
  now: Date,
): Decision<Deletion> {
  const { key, object: old } = standing;
  assertPreconditions(kind, old, options);
  if (isNamespace(kind)) assertMayBeDeleted(key.name);
  if (isDefinition(kind)) {
    const { writes, next } = definitionDeletion(view, standing, now);
    return settled(options, standing, writes, next);
  }
  const next = marked(kind, old, options, now);
  if (next === undefined) return settled(options, standing, removal(view, key), undefined);
  return settled(options, standing, sameJson(next, old) ? [] : [{ key, object: next }], next);
}

/** @param next - undefined: it goes */
function settled(
  { isDryRun }: DeleteOptions,
  { key, object: old }: StoredObject,
  writes: readonly Write[],
  next: JsonObject | undefined,
): Decision<Deletion> {
  const isMarked = next !== undefined && writes.length > 0;
  const outcome = { object: next ?? old, isRemoved: next === undefined, isMarked };
  if (isDryRun) return { writes: [], result: () => outcome };
  return {
    writes,
    result: (changes) => {
      const own = changes.find((change) => change.key.resource === key.resource && change.key.name === key.name);
      if (own === undefined) return outcome;
      return { ...outcome, object: own.after?.object ?? withRevision(old, own.revision) };
    },
  };
}

/** @throws Refusal 409 */
function assertPreconditions(kind: Kind, object: JsonObject, { uid, resourceVersion }: DeleteOptions): void {
  const name = textOf(object, 'name');
  // Kubernetes names the kind here where it names the resource elsewhere (rest/delete.go: BeforeDelete).
  const subject = { group: kind.group, plural: kind.kind };
  const [oldUid, oldVersion] = [textOf(object, 'uid'), textOf(object, 'resourceVersion')];
  if (uid !== undefined && uid !== oldUid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${oldUid}). The object might have been deleted and then recreated`;
    throw conflict(subject, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== oldVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${oldVersion}). The object might have been modified`;
    throw conflict(subject, name, why);
  }
}

/** The object as it waits to be deleted; undefined where nothing keeps it (registry/store.go: Delete). */
function marked(kind: Kind, old: JsonObject, options: DeleteOptions, now: Date): JsonObject | undefined {
  if (isNamespace(kind) && namespaceFinalizers(old).length > 0) return terminating(old, now);
  const grace = isPod(kind) ? gracefully(old, options.gracePeriodSeconds, now) : { object: old, seconds: undefined };
  if (grace.isPending === true) return old;
  const finalizers = deletionFinalizers(kind, old, options);
  const next = sameSet(finalizers, textsOf(old, 'finalizers'))
    ? grace.object
    : withMetadata(grace.object, { finalizers: finalizers.length === 0 ? undefined : [...finalizers] });
  if (grace.seconds !== undefined) return finalizers.length > 0 || grace.seconds > 0 ? next : undefined;
  return finalizers.length > 0 ? asDeleting(next, now) : undefined;
}

/** Who has to finish: those that the object names, and the garbage collector if its dependents matter. */
function deletionFinalizers(kind: Kind, object: JsonObject, { propagation }: DeleteOptions): readonly string[] {
  const present = textsOf(object, 'finalizers');
  const others = present.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  const asked = propagation ?? standingPolicy(present) ?? (orphansByDefault(kind) ? 'Orphan' : 'Background');
  if (asked === 'Orphan') return [...others, ORPHAN];
  return asked === 'Foreground' ? [...others, FOREGROUND] : others;
}

function standingPolicy(finalizers: readonly string[]): 'Orphan' | 'Foreground' | undefined {
  const found = finalizers.find((name) => name === FOREGROUND || name === ORPHAN);
  return found === undefined ? undefined : found === ORPHAN ? 'Orphan' : 'Foreground';
}

/** A namespace is deleted by others than its metadata's finalizers, and says so in its phase. */
function terminating(object: JsonObject, now: Date): JsonObject {
  const since = textOf(object, 'deletionTimestamp');
  return {
    ...withMetadata(object, { deletionTimestamp: since === '' ? writeTime(now) : since }),
    status: { ...objectAt(object, 'status'), phase: 'Terminating' },
  };
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}
