import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { own, withoutNullFields } from './json-values.ts';

/**
 * A JSON merge patch (RFC 7386): objects are merged, null removes, everything else replaces.
 *
 * @throws PatchError PATCH_MALFORMED where the patch is not an object
 */
export function applyMergePatch(object: JsonObject, patch: unknown): JsonObject {
  if (!isJsonObject(patch)) throw new PatchError('PATCH_MALFORMED', 'a merge patch must be a JSON object');
  return mergeObjects(object, patch);
}

function mergeObjects(object: JsonObject, patch: JsonObject): JsonObject {
  const merged = Object.entries({ ...object, ...patch }).flatMap(([name, value]) => {
    if (!Object.hasOwn(patch, name)) return [[name, value] as const];
    return value === null ? [] : [[name, merge(own(object, name), value)] as const];
  });
  return Object.fromEntries(merged);
}

function merge(value: Json | undefined, patch: Json): Json {
  if (!isJsonObject(value)) return withoutNullFields(patch);
  return isJsonObject(patch) ? mergeObjects(value, patch) : patch;
}
