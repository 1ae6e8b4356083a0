import { recordUpdate, resetFields } from '../../patch/index.ts';
import { validateObject, type JsonObject } from '../../schema/index.ts';
import type { Decision, View } from '../../objects/index.ts';
import type { Environment } from '../environment.ts';
import { DEFINITIONS, withDefinitionStatus } from '../kinds/definitions.ts';
import type { WriteOptions } from '../protocol/options.ts';
import { alreadyExists, invalid, nameNotGenerated, notSupported, Refusal } from '../protocol/status.ts';
import { keyOf, type Scope } from '../scope.ts';
import { withDefaultStorageClass } from './default-storage-class.ts';
import { generateName } from './generate-name.ts';
import { countsGenerations, isDefinition } from './kind-rules.ts';
import { isBeingDeleted, textOf, withMetadata, without, writeTime } from './metadata.ts';
import { assertNamespaceTakesObjects } from './namespaces.ts';

const NAME_ATTEMPTS = 8;

/** Metadata that a client does not decide on (rest/meta.go: WipeObjectMetaSystemFields). */
const SYSTEM_FIELDS = {
  uid: undefined,
  creationTimestamp: undefined,
  deletionTimestamp: undefined,
  deletionGracePeriodSeconds: undefined,
  selfLink: undefined,
  generation: undefined,
  resourceVersion: undefined,
};

/** A new object as its client wants it, its fields owned by the client. */
export function draft(object: JsonObject, scope: Scope, { manager }: WriteOptions, now: Date): JsonObject {
  if (textOf(object, 'resourceVersion') !== '') {
    throw new Refusal(500, '', 'resourceVersion should not be set on objects to be created');
  }
  const { schema } = scope.kind;
  const after = withoutSystemFields(object);
  return recordUpdate({ before: undefined, after, schema, manager, now, resets: resetFields(scope.kind) });
}

export function withoutSystemFields(object: JsonObject): JsonObject {
  return withMetadata(object, SYSTEM_FIELDS);
}

/** Decides on the making of an object: under the name that it has, or under one that is generated. */
export function decideCreate(
  environment: Environment,
  scope: Scope,
  drafted: JsonObject,
  { isDryRun }: Pick<WriteOptions, 'isDryRun'>,
): (view: View) => Decision<JsonObject> {
  const { random } = environment;
  return (view) => {
    const prefix = textOf(drafted, 'generateName');
    const isGenerated = textOf(drafted, 'name') === '' && prefix !== '';
    for (let attempt = 1; ; attempt += 1) {
      const name = isGenerated ? generateName(prefix, random) : textOf(drafted, 'name');
      const object = completed(environment, view, scope, name === '' ? drafted : withMetadata(drafted, { name }));
      const key = keyOf(scope, name);
      const standing = view.get(key);
      if (standing === undefined) return decision(key, object, isDryRun);
      if (isGenerated && attempt < NAME_ATTEMPTS) continue;
      if (isGenerated) throw nameNotGenerated(scope.kind, name);
      throw alreadyExists(scope.kind, name, isBeingDeleted(standing.object));
    }
  };
}

function decision(key: ReturnType<typeof keyOf>, object: JsonObject, isDryRun: boolean): Decision<JsonObject> {
  if (isDryRun) return { writes: [], result: () => object };
  return { writes: [{ key, object }], result: ([change]) => change?.after?.object ?? object };
}

/** All that the server adds, and its judgement. */
function completed(environment: Environment, view: View, scope: Scope, object: JsonObject): JsonObject {
  const { kind, namespace } = scope;
  const { time, newUid, kinds } = environment;
  const now = time.now();
  if (kind.namespaced) assertNamespaceTakesObjects(view, kind, namespace, textOf(object, 'name'));
  assertDefinitionStays(view, scope);
  const admitted = withDefaultStorageClass(view, kind, object);
  const filled = withMetadata(admitted, {
    uid: newUid(),
    creationTimestamp: writeTime(now),
    ...(countsGenerations(kind) && { generation: 1 }),
  });
  const prepared = kind.prepareForCreate?.(withoutStatus(filled, scope)) ?? withoutStatus(filled, scope);
  const errors = validateObject(kind, prepared);
  if (errors.length > 0) throw invalid(kind, textOf(prepared, 'name'), errors);
  return isDefinition(kind) ? withDefinitionStatus(view, kinds.builtIn, prepared, now) : prepared;
}

/** The status of a new custom resource is not its client's to say; built-in kinds have rules of their own. */
function withoutStatus(object: JsonObject, { kind }: Scope): JsonObject {
  if (!kind.custom || !kind.hasStatus) return object;
  return without(object, 'status');
}

/** No new objects of a kind whose definition is being deleted (apiextensions-apiserver, customresource_handler.go). */
function assertDefinitionStays(view: View, { kind, resource }: Scope): void {
  const definition = view.get({ resource: DEFINITIONS, namespace: '', name: resource });
  if (definition === undefined || !isBeingDeleted(definition.object)) return;
  throw notSupported(kind, 'create not allowed while custom resource definition is terminating');
}
