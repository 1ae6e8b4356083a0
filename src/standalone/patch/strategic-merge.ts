import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { goText, goType } from './go-text.ts';
import { own, withField, withoutField, withoutNullFields } from './json-values.ts';
import { checkOrder, mergeLists, orderLike, type ListRules } from './strategic-list.ts';

/*
 * Strategic merge patch, as kubectl sends it (k8s.io/apimachinery, strategicpatch/patch.go): a merge patch whose lists can
 * be merged element by element, as the schema says, with directives in fields whose names begin with `$`.
 */

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM = '$deleteFromPrimitiveList';
const ELEMENT_ORDER = '$setElementOrder';

/**
 * @param schema - of the whole object
 * @throws PatchError PATCH_MALFORMED where a directive is not of its form, PATCH_UNFIT where the patch contradicts the
 *   schema: an element without its merge key, an unknown directive, a list of another kind
 */
export function applyStrategicMergePatch(object: JsonObject, patch: unknown, schema: JsonSchema): JsonObject {
  if (!isJsonObject(patch)) throw new PatchError('PATCH_MALFORMED', 'a strategic merge patch must be a JSON object');
  return mergeObjects(object, patch, schema);
}

function mergeObjects(object: JsonObject, patch: JsonObject, schema: JsonSchema | undefined): JsonObject {
  const directive = own(patch, DIRECTIVE);
  if (directive === 'replace') return asObject(withoutNullFields(withoutField(patch, DIRECTIVE)));
  if (directive === 'delete') return {};
  if (directive !== undefined) {
    throw new PatchError('PATCH_UNFIT', `unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
  }
  const retained = retainKeys(object, patch);
  const { object: ordered, patch: rest } = applyOrders(retained, withoutField(patch, RETAIN_KEYS), schema);
  return Object.entries(rest).reduce((merged, [key, value]) => mergeField(merged, key, value, schema), ordered);
}

/** `$retainKeys` lists every field that may stay. */
function retainKeys(object: JsonObject, patch: JsonObject): JsonObject {
  const keys = own(patch, RETAIN_KEYS);
  if (keys === undefined) return object;
  const bad = new PatchError('PATCH_MALFORMED', 'invalid patch format of retainKeys');
  if (!Array.isArray(keys)) throw bad;
  const isListed = (name: string): boolean => keys.includes(name);
  const isDirective = (name: string): boolean =>
    name === RETAIN_KEYS || name.startsWith(DELETE_FROM) || name.startsWith(ELEMENT_ORDER);
  for (const [name, value] of Object.entries(patch)) {
    if (value !== null && !isDirective(name) && !isListed(name)) throw bad;
  }
  return Object.fromEntries(Object.entries(object).filter(([name]) => isListed(name)));
}

/** Merges every list that comes with a `$setElementOrder`, so that its elements stand as that says. */
function applyOrders(
  object: JsonObject,
  patch: JsonObject,
  schema: JsonSchema | undefined,
): { readonly object: JsonObject; readonly patch: JsonObject } {
  let merged = object;
  let rest = patch;
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ELEMENT_ORDER)) continue;
    rest = withoutField(rest, name);
    const field = parallelField(name, ELEMENT_ORDER, 'invalid patch format of setElementOrder list');
    if (!Array.isArray(order)) throw unfitList(order);
    const live = listIn(merged, field);
    const patched = listIn(rest, field);
    if (live === undefined && patched === undefined) continue;
    const { rules } = fieldRules(schema, field);
    const together = orderedList(live, patched, order, rules);
    merged = withField(merged, field, together);
    rest = withoutField(rest, field);
  }
  return { object: merged, patch: rest };
}

function orderedList(
  live: readonly Json[] | undefined,
  patched: readonly Json[] | undefined,
  order: readonly Json[],
  rules: ListRules,
): Json[] {
  checkOrder(patched ?? [], order, rules);
  if ((live ?? []).length === 0 && (patched ?? []).length === 0) {
    throw new PatchError('PATCH_UNFIT', 'no elements in any of the given slices');
  }
  if (patched === undefined) return orderLike(live ?? [], order, live ?? [], rules);
  if (live === undefined) return orderLike(clean(patched), order, [], rules);
  const merged = rules.isMerged ? mergeLists(live, patched, rules) : clean(patched);
  return orderLike(merged, order, live, rules);
}

function mergeField(object: JsonObject, key: string, value: Json, schema: JsonSchema | undefined): JsonObject {
  const isDeletion = key.startsWith(DELETE_FROM);
  const name = isDeletion ? parallelField(key, DELETE_FROM, 'invalid patch format of primitive list') : key;
  if (value === null) return withoutField(object, name);
  const live = own(object, name);
  if (isDeletion) {
    if (!Array.isArray(live) || !Array.isArray(value)) return object;
    return withField(
      object,
      name,
      live.filter((item) => !value.includes(item)),
    );
  }
  const { schema: below, isReplaced, rules } = fieldRules(schema, name);
  if (isJsonObject(live) && isJsonObject(value)) {
    return withField(object, name, isReplaced ? clean(value) : mergeObjects(live, value, below));
  }
  if (Array.isArray(live) && Array.isArray(value)) {
    return withField(object, name, rules.isMerged ? mergeLists(live, value, rules) : clean(value));
  }
  return isJsonObject(value) && Object.hasOwn(value, DIRECTIVE)
    ? withoutField(object, name)
    : withField(object, name, clean(value));
}

interface FieldRules {
  /** Of the field itself. */
  readonly schema: JsonSchema | undefined;
  readonly isReplaced: boolean;
  readonly rules: ListRules;
}

function fieldRules(schema: JsonSchema | undefined, name: string): FieldRules {
  const others = schema?.additionalProperties;
  const field = own(schema?.properties, name) ?? (typeof others === 'object' ? others : undefined);
  const strategies = field?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
  const items = field?.items;
  return {
    schema: field,
    isReplaced: strategies.includes('replace'),
    rules: {
      isMerged: strategies.includes('merge'),
      mergeKey: field?.['x-kubernetes-patch-merge-key'],
      describe: () => `cannot merge lists without merge key for ${name}`,
      mergeElements: (live, patch) => mergeObjects(live, patch, items),
      cleanElement: (patch) => clean(patch),
    },
  };
}

/** What a patch says where there is nothing to merge with: without null fields, and without parts that only delete. */
function clean<T extends Json>(value: T): T;
function clean(value: readonly Json[]): Json[];
function clean(value: Json | readonly Json[]): Json | readonly Json[] {
  return withoutDirectives(withoutNullFields(value as Json));
}

function withoutDirectives(value: Json): Json {
  const isDirective = (part: Json): boolean => isJsonObject(part) && Object.hasOwn(part, DIRECTIVE);
  if (Array.isArray(value)) return value.filter((item) => !isDirective(item)).map(withoutDirectives);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => !isDirective(field));
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutDirectives(field)]));
}

/** The field that a directive such as `$setElementOrder/finalizers` is about. */
function parallelField(name: string, prefix: string, complaint: string): string {
  const slash = name.indexOf('/');
  if (slash === -1 || name.slice(0, slash) !== prefix) throw new PatchError('PATCH_MALFORMED', complaint);
  return name.slice(slash + 1);
}

function listIn(object: JsonObject, name: string): readonly Json[] | undefined {
  const value = own(object, name);
  if (value === undefined || Array.isArray(value)) return value;
  throw unfitList(value);
}

function asObject(value: Json): JsonObject {
  return isJsonObject(value) ? value : {};
}

function unfitList(value: Json): PatchError {
  return new PatchError('PATCH_UNFIT', `expected a []interface {}, but received a ${goType(value)}`);
}
