import type { Decision, StoredObject, View, Write } from '../../objects/index.ts';
import { keepManagedTimes } from '../../patch/index.ts';
import { objectAt, sameJson, validateObject, type FieldError, type JsonObject, type Kind } from '../../schema/index.ts';
import type { Environment } from '../environment.ts';
import { withDefinitionStatus } from '../kinds/definitions.ts';
import { inVersion } from '../kinds/kind-registry.ts';
import { badRequest, conflict, invalid, modified } from '../protocol/status.ts';
import type { Scope } from '../scope.ts';
import { allowsUnconditionalUpdate, countsGenerations, isDefinition, isNamespace } from './kind-rules.ts';
import { isBeingDeleted, numberOf, textOf, textsOf, withMetadata, without } from './metadata.ts';
import { namespaceFinalizers } from './namespaces.ts';
import { removal } from './removal.ts';

/** Decides on the replacement of an object by what a client wants in its place. */
export function decideUpdate(
  environment: Environment,
  view: View,
  scope: Scope,
  stored: StoredObject,
  wanted: JsonObject,
  { isDryRun }: { readonly isDryRun: boolean },
): Decision<JsonObject> {
  const standing = { ...stored, object: inVersion(scope.kind, stored.object) };
  const old = standing.object;
  assertSameObject(scope, standing, wanted);
  const next = judged(environment, view, scope, old, wanted);
  const writes = writesFor(view, standing, next);
  if (isDryRun || writes.length === 0) return { writes: [], result: () => (writes.length === 0 ? old : next) };
  return { writes, result: ([change]) => change?.after?.object ?? next };
}

function writesFor(view: View, standing: StoredObject, next: JsonObject): readonly Write[] {
  const { key, object: old } = standing;
  if (isFinished(old, next)) return removal(view, key);
  return next === old || sameJson(next, old) ? [] : [{ key, object: next }];
}

/** An object that waits to be deleted goes with its last finalizer (registry/store.go: ShouldDeleteDuringUpdate). */
function isFinished(old: JsonObject, next: JsonObject): boolean {
  if (!isBeingDeleted(old) || textsOf(next, 'finalizers').length > 0) return false;
  if (old['kind'] === 'Namespace' && namespaceFinalizers(next).length > 0) return false;
  return (numberOf(old, 'deletionGracePeriodSeconds') ?? 0) === 0;
}

/** @throws Refusal 400, 409, 422 */
function assertSameObject({ kind, name }: Scope, { key, object: old }: StoredObject, wanted: JsonObject): void {
  const said = textOf(wanted, 'name');
  if (said === '') {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (said !== name) {
    throw badRequest(`the name of the object (${said}) does not match the name on the URL (${name})`);
  }
  const [uid, oldUid] = [textOf(wanted, 'uid'), textOf(old, 'uid')];
  if (uid !== '' && uid !== oldUid) {
    const path = ['/registry', kind.group, kind.plural, key.namespace, key.name]
      .filter((part) => part !== '')
      .join('/');
    throw conflict(
      kind,
      name,
      `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${oldUid}`,
    );
  }
  const version = textOf(wanted, 'resourceVersion');
  if (version === '' || version === '0') {
    if (allowsUnconditionalUpdate(kind)) return;
    const error: FieldError = {
      field: 'metadata.resourceVersion',
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0: must be specified for an update',
    };
    throw invalid({ group: kind.group, kind: kind.plural }, name, [error]);
  }
  if (version !== textOf(old, 'resourceVersion')) throw modified(kind, name);
}

/** What shall stand: the client's wish, with what is not its to say put back, if the kind's rules allow it. */
function judged(
  { kinds, time }: Environment,
  view: View,
  scope: Scope,
  old: JsonObject,
  wanted: JsonObject,
): JsonObject {
  const { kind } = scope;
  const kept = withSystemMetadata(old, withOtherEndpointsFields(scope, old, wanted));
  const counted = countsGenerations(kind) && isOtherSpec(kind, old, kept);
  const next = counted ? withMetadata(kept, { generation: (numberOf(old, 'generation') ?? 0) + 1 }) : kept;
  const errors = validateObject(kind, next, old);
  if (errors.length > 0) throw invalid(kind, textOf(old, 'name'), errors);
  const said =
    isDefinition(kind) && !isBeingDeleted(old) ? withDefinitionStatus(view, kinds.builtIn, next, time.now()) : next;
  return keepManagedTimes(old, said);
}

/** Each endpoint writes its own part of an object: the object's own all but the status, that of the status only it. */
function withOtherEndpointsFields({ kind, subresource }: Scope, old: JsonObject, wanted: JsonObject): JsonObject {
  if (subresource === 'status') return withStatusOf(kind, old, wanted);
  const next = kind.hasStatus ? withField(wanted, 'status', old) : wanted;
  if (!isNamespace(kind) || subresource === 'finalize') return next;
  return { ...next, spec: withField(objectAt(next, 'spec'), 'finalizers', objectAt(old, 'spec')) };
}

function withStatusOf(kind: Kind, old: JsonObject, wanted: JsonObject): JsonObject {
  const managedFields = objectAt(wanted, 'metadata')['managedFields'];
  if (kind.custom) return withField(withMetadata(old, { managedFields }), 'status', wanted);
  const { ownerReferences } = objectAt(old, 'metadata');
  return withField({ ...old, metadata: withMetadata(wanted, { ownerReferences })['metadata'] ?? {} }, 'status', wanted);
}

/** The object with the source's value of a field, or without the field where the source has none. */
function withField(object: JsonObject, name: string, source: JsonObject): JsonObject {
  const value = source[name];
  return value === undefined ? without(object, name) : { ...object, [name]: value };
}

/** What a client cannot change, whatever it sends (rest/update.go: BeforeUpdate). */
function withSystemMetadata(old: JsonObject, wanted: JsonObject): JsonObject {
  const { generation, uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, resourceVersion } =
    objectAt(old, 'metadata');
  return withMetadata(wanted, {
    generation,
    uid,
    creationTimestamp,
    resourceVersion,
    selfLink: undefined,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  });
}

/** Whether anything differs but metadata and, where that has an endpoint of its own, the status. */
function isOtherSpec(kind: Kind, old: JsonObject, next: JsonObject): boolean {
  const others = kind.hasStatus ? ['metadata', 'status'] : ['metadata'];
  return !sameJson(without(old, ...others), without(next, ...others));
}
