import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import type { PathElement } from './field-path.ts';
import { own } from './json-values.ts';
import { groupElements } from './typed-fields.ts';
import { fieldType, formFor, listElement, type ListType, type MapType, type Type } from './typed.ts';

type Maybe = Json | undefined;

/**
 * The live value with all that the applied one says (structured-merge-diff, typed/merge.go). Nothing is ever removed.
 *
 * @returns undefined where nothing is left, not even an empty container
 */
export function merge(type: Type | undefined, live: Maybe, applied: Maybe): Maybe {
  const said = applied === undefined ? live : applied;
  if (type === undefined) return said;
  const form = formFor(type, said);
  if (form.map) return mergeMaps(form.map, live, applied);
  return form.list && !form.scalar ? mergeLists(form.list, live, applied) : said;
}

function mergeMaps(map: MapType, live: Maybe, applied: Maybe): Maybe {
  const old = isJsonObject(live) ? live : {};
  const young = isJsonObject(applied) ? applied : {};
  const names = new Set([...Object.keys(old), ...Object.keys(young)]);
  if (map.isAtomic || names.size === 0) return applied === undefined ? live : applied;
  const merged = [...names].flatMap((name) => {
    const value = merge(fieldType(map, name), own(old, name), own(young, name));
    return value === undefined ? [] : [[name, value] as const];
  });
  return merged.length === 0 ? undefined : (Object.fromEntries(merged) satisfies JsonObject);
}

function mergeLists(list: ListType, live: Maybe, applied: Maybe): Maybe {
  const old = Array.isArray(live) ? live : [];
  const young = Array.isArray(applied) ? applied : [];
  if (list.isAtomic || (old.length === 0 && young.length === 0)) return applied === undefined ? live : applied;
  const merged = mergedOrder(list, old, young).flatMap(([liveItem, appliedItem]) => {
    const value = merge(list.items, liveItem, appliedItem);
    return value === undefined ? [] : [value];
  });
  return merged.length === 0 ? undefined : merged;
}

/**
 * Which elements go together, in the order of the merged list: the applied elements keep their order, the live ones keep
 * theirs, and live ones that were not applied stay before the shared element that they stood before.
 */
function mergedOrder(list: ListType, old: readonly Json[], young: readonly Json[]): [Maybe, Maybe][] {
  const lefts = named(list, old);
  const rights = named(list, young);
  const olds = groupElements(list, old);
  const youngs = groupElements(list, young);
  // An element that is live twice is not merged with the applied one: it is replaced.
  const oldOf = (element: PathElement): Maybe => {
    const items = olds.get(element);
    return items && items.length > 1 ? null : items?.[0];
  };
  const shared = rights.map(([element]) => element).filter((element) => olds.has(element));
  const merged = new Set<PathElement>();
  const order: [Maybe, Maybe][] = [];
  let left = 0;
  let right = 0;
  const takeApplied = (element: PathElement): void => {
    merged.add(element);
    order.push([oldOf(element), youngs.get(element)?.[0]]);
    right += 1;
    if (shared[0] === element) shared.shift();
  };
  while (left < lefts.length || right < rights.length) {
    const [liveElement, liveItem] = lefts[left] ?? [];
    const [appliedElement] = rights[right] ?? [];
    const isShared = liveElement !== undefined && youngs.has(liveElement);
    if (liveElement !== undefined && liveElement === appliedElement) {
      takeApplied(appliedElement);
      left += 1;
    } else if (isShared && appliedElement !== undefined && shared[0] !== undefined && shared[0] !== liveElement) {
      // Applied too, but further down: its turn comes with the applied list.
      left += 1;
    } else if (liveElement !== undefined && !isShared) {
      order.push([liveItem, undefined]);
      left += 1;
    } else {
      if (liveElement !== undefined && merged.has(liveElement)) left += 1;
      if (appliedElement !== undefined) takeApplied(appliedElement);
    }
  }
  return order;
}

function named(list: ListType, items: readonly Json[]): [PathElement, Json][] {
  return items.flatMap((item) => {
    const element = listElement(list, item);
    return typeof element === 'object' ? [] : [[element, item] as [PathElement, Json]];
  });
}
