import { prepareObject, SchemaError, textAt, valueAt, type JsonObject } from '../../schema/index.ts';
import { groupVersionOf } from '../kinds/kind-registry.ts';
import type { WriteOptions } from '../protocol/options.ts';
import { badRequest } from '../protocol/status.ts';
import type { Scope } from '../scope.ts';
import { textOf, withMetadata } from './metadata.ts';

/** How what a client has sent is refused where it cannot be read as its kind; `why` is the reason alone. */
export type RefuseObject = (why: string) => Error;

/**
 * Makes of what a client has sent an object of the kind: without unknown fields, with defaults, in the namespace of the request.
 *
 * @param warnings - gets what the client should know
 * @throws Refusal 400
 */
export function acceptObject(
  raw: JsonObject,
  scope: Scope,
  { fieldValidation }: Pick<WriteOptions, 'fieldValidation'>,
  warnings: Set<string>,
  refuse: RefuseObject = (why) => cannotBeHandled(scope, why),
): JsonObject {
  const { kind } = scope;
  const { object, unknownFields } = decode(assertType(raw, scope), scope, refuse);
  const texts = unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`);
  if (texts.length > 0 && fieldValidation === 'Strict') {
    throw refuse(`strict decoding error: ${texts.join(', ')}`);
  }
  if (fieldValidation === 'Warn') for (const text of texts) warnings.add(text);
  return inNamespace(withoutEmptyMetadata(object), kind.namespaced ? scope.namespace : '');
}

function decode(raw: JsonObject, scope: Scope, refuse: RefuseObject): ReturnType<typeof prepareObject> {
  try {
    return prepareObject(scope.kind, raw);
  } catch (error) {
    if (error instanceof SchemaError) throw refuse(error.message);
    throw error;
  }
}

function cannotBeHandled({ kind }: Scope, why: string): Error {
  return badRequest(
    `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${why}`,
  );
}

/** The object with `apiVersion` and `kind`, which a client may leave out, and may not say otherwise. */
function assertType(raw: JsonObject, { kind }: Scope): JsonObject {
  const apiVersion = textAt(raw, 'apiVersion');
  const name = textAt(raw, 'kind');
  const expected = groupVersionOf(kind);
  if (name !== '' && name !== kind.kind) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): it says kind ${JSON.stringify(name)}`,
    );
  }
  if (apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  return { ...raw, apiVersion: expected, kind: kind.kind };
}

/** Objects without a namespace get that of the request; those of kinds without namespaces lose theirs (rest/meta.go). */
function inNamespace(object: JsonObject, namespace: string): JsonObject {
  const said = textOf(object, 'namespace');
  if (said === namespace) return said === '' ? withMetadata(object, { namespace: undefined }) : object;
  if (said === '') return withMetadata(object, { namespace });
  if (namespace === '') return withMetadata(object, { namespace: undefined });
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** Metadata is the same Go struct for all kinds: what is empty in it is absent. */
function withoutEmptyMetadata(object: JsonObject): JsonObject {
  const empty = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'generateName', 'selfLink'].filter(
    (name) => {
      const value = valueAt(object, 'metadata', name);
      return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
    },
  );
  return empty.length === 0 ? object : withMetadata(object, Object.fromEntries(empty.map((name) => [name, undefined])));
}
