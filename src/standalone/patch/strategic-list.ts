import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { goText } from './go-text.ts';
import { own } from './json-values.ts';

/** How the elements of one list are merged. */
export interface ListRules {
  readonly isMerged: boolean;
  /** The field that names an element; undefined for lists of scalars. */
  readonly mergeKey: string | undefined;
  /** What to say where objects have no merge key. */
  describe(): string;
  mergeElements(live: JsonObject, patch: JsonObject): JsonObject;
  /** A new element, without what only deletes. */
  cleanElement(patch: JsonObject): JsonObject;
}

const DIRECTIVE = '$patch';

/** Two lists of one kind put together: elements of the patch in its order, the others between them as they stood. */
export function mergeLists(live: readonly Json[], patch: readonly Json[], rules: ListRules): Json[] {
  if (live.length === 0 && patch.length === 0) return [];
  if (!holdsObjects([...live, ...patch])) {
    const merged = [...new Set([...live, ...patch])];
    return orderLike(merged, patch, live, rules);
  }
  if (rules.mergeKey === undefined) throw new PatchError('PATCH_UNFIT', rules.describe());
  const { base, patches } = applyDirectives(live.filter(isJsonObject), patch.filter(isJsonObject), rules);
  const merged = [...base];
  for (const element of patches) {
    const name = nameOf(element, rules);
    const place = merged.findIndex((item) => own(item, rules.mergeKey ?? '') === name);
    const known = merged[place];
    if (known === undefined) merged.push(rules.cleanElement(element));
    else merged[place] = rules.mergeElements(known, element);
  }
  return orderLike(merged, patches, base, rules);
}

/** Carries out `$patch: delete` and `$patch: replace` in a list's elements, and takes them out of the patch. */
function applyDirectives(
  live: readonly JsonObject[],
  patch: readonly JsonObject[],
  rules: ListRules,
): { readonly base: readonly JsonObject[]; readonly patches: readonly JsonObject[] } {
  const patches = patch.filter((element) => !Object.hasOwn(element, DIRECTIVE));
  const gone: Json[] = [];
  let isReplaced = false;
  for (const element of patch) {
    const directive = own(element, DIRECTIVE);
    if (directive === undefined) continue;
    if (directive === 'delete') gone.push(nameOf(element, rules));
    else if (directive === 'replace') isReplaced = true;
    else if (directive === 'merge') {
      throw new PatchError('PATCH_UNFIT', 'merging lists cannot yet be specified in the patch');
    } else {
      throw new PatchError('PATCH_UNFIT', `unknown patch type: ${goText(directive)} in map: ${goText(element)}`);
    }
  }
  if (isReplaced) return { base: patches.map((element) => rules.cleanElement(element)), patches: [] };
  const base = live.filter((item) => !gone.includes(own(item, rules.mergeKey ?? '') ?? null));
  return { base, patches };
}

/**
 * The elements as `order` has them; those that it does not have keep the order of `live` and stay where they stood among
 * the others, as far as that can be.
 */
export function orderLike(
  items: readonly Json[],
  order: readonly Json[],
  live: readonly Json[],
  rules: ListRules,
): Json[] {
  const namesIn = (list: readonly Json[]): Json[] => list.map((item) => elementName(item, rules));
  const [ordered, lived] = [namesIn(order), namesIn(live)];
  const name = (item: Json): Json => elementName(item, rules);
  const sorted = (list: readonly Json[], by: readonly Json[]): Json[] =>
    [...list].sort((a, b) => rankIn(by, name(a)) - rankIn(by, name(b)));
  const named = sorted(
    items.filter((item) => ordered.includes(name(item))),
    ordered,
  );
  const others = sorted(
    items.filter((item) => !ordered.includes(name(item))),
    lived,
  );
  const result: Json[] = [];
  for (const next of named) {
    const until = lived.indexOf(name(next));
    while (others[0] !== undefined && until !== -1 && stoodBefore(lived, name(others[0]), until)) {
      result.push(...others.splice(0, 1));
    }
    result.push(next);
  }
  return [...result, ...others];
}

function stoodBefore(lived: readonly Json[], name: Json, place: number): boolean {
  const at = lived.indexOf(name);
  return at !== -1 && at < place;
}

function rankIn(order: readonly Json[], name: Json): number {
  const place = order.indexOf(name);
  return place === -1 ? order.length : place;
}

/**
 * Checks that a patch and the order that comes with it agree.
 *
 * @throws PatchError PATCH_UNFIT where an element is not in the order, or stands elsewhere in it
 */
export function checkOrder(patch: readonly Json[], order: readonly Json[], rules: ListRules): void {
  if (patch.length === 0 || order.length === 0) return;
  const directiveOf = (item: Json | undefined): Json | undefined =>
    isJsonObject(item) ? own(item, DIRECTIVE) : undefined;
  const items = patch.filter((item) => directiveOf(item) !== 'delete');
  let place = 0;
  for (const known of order) {
    while (directiveOf(items[place]) !== undefined) place += 1;
    const item = items[place];
    if (item !== undefined && elementName(known, rules) === elementName(item, rules)) place += 1;
  }
  if (place === items.length) return;
  throw new PatchError(
    'PATCH_UNFIT',
    `The order in patch list:\n${goText([...patch])}\n doesn't match $setElementOrder list:\n${goText([...order])}\n`,
  );
}

function elementName(item: Json, rules: ListRules): Json {
  return isJsonObject(item) && rules.mergeKey !== undefined ? nameOf(item, rules) : item;
}

function nameOf(element: JsonObject, { mergeKey = '' }: ListRules): Json {
  const name = own(element, mergeKey);
  if (name !== undefined) return name;
  throw new PatchError('PATCH_UNFIT', `map: ${goText(element)} does not contain declared merge key: ${mergeKey}`);
}

/** @throws PatchError PATCH_UNFIT where a list holds elements of several kinds, or lists */
function holdsObjects(items: readonly Json[]): boolean {
  if (items.some((item) => Array.isArray(item))) {
    throw new PatchError('PATCH_UNFIT', 'lists of lists are not supported');
  }
  const objects = items.filter(isJsonObject).length;
  if (objects !== 0 && objects !== items.length) {
    throw new PatchError('PATCH_UNFIT', 'list element types are not identical');
  }
  return objects > 0;
}
