import { damage, type FindingList } from './findings.ts';
import { compareKeysAt, type KeyAt } from './key-order.ts';
import {
  BRANCH_ELEMENT_SIZE,
  encodePageHeader,
  PAGE_FLAG,
  PAGE_HEADER_SIZE,
  readPageId,
  viewOf,
  writePageId,
} from './page.ts';

/** One child of a branch page, and where the lowest key that it may hold lies; its sibling's is the first it may not. */
export interface Child extends KeyAt {
  readonly page: number;
}

/**
 * Decodes and checks a branch page: element positions, key order, bounds. Source: bbolt internal/common/page.go.
 *
 * @param page - the page's bytes, its header first; a copy of its own, since children refer to it
 * @returns the usable children, in order
 */
export function decodeBranch(
  page: Uint8Array,
  number: number,
  low: KeyAt | undefined,
  high: KeyAt | undefined,
  findings: FindingList,
): readonly Child[] {
  const children = decodeElements(page, number, findings);
  checkOrder(children, number, low, high, findings);
  return children;
}

/**
 * Encodes a branch page: its elements, then their keys back to back.
 *
 * @param into - zeroed, of whole pages, large enough
 * @param children - in ascending order of their keys
 */
export function encodeBranch(
  into: Uint8Array,
  place: { readonly id: number; readonly overflow: number },
  children: readonly { readonly page: number; readonly key: Uint8Array }[],
): void {
  const view = viewOf(into);
  encodePageHeader(view, 0, { ...place, flags: PAGE_FLAG.branch, count: children.length });
  let at = PAGE_HEADER_SIZE;
  let data = PAGE_HEADER_SIZE + children.length * BRANCH_ELEMENT_SIZE;
  for (const { page, key } of children) {
    view.setUint32(at, data - at, true);
    view.setUint32(at + 4, key.length, true);
    writePageId(view, at + 8, page);
    into.set(key, data);
    at += BRANCH_ELEMENT_SIZE;
    data += key.length;
  }
}

function decodeElements(page: Uint8Array, number: number, findings: FindingList): readonly Child[] {
  const view = viewOf(page);
  const where = `page ${number}`;
  const claimed = view.getUint16(10, true);
  const count = Math.min(claimed, Math.floor((page.length - PAGE_HEADER_SIZE) / BRANCH_ELEMENT_SIZE));
  if (claimed === 0) findings.add(damage('BOLT_BRANCH_EMPTY', where, `branch page ${number} has no children`));
  if (count < claimed) {
    const message = `${where} claims ${claimed} elements, more than fit into it`;
    findings.add(damage('BOLT_ELEMENT_MISPLACED', where, message));
  }
  const elements: Child[] = [];
  let expected = PAGE_HEADER_SIZE + claimed * BRANCH_ELEMENT_SIZE;
  for (let index = 0; index < count; index++) {
    const at = PAGE_HEADER_SIZE + index * BRANCH_ELEMENT_SIZE;
    const start = at + view.getUint32(at, true);
    const end = start + view.getUint32(at + 4, true);
    if (start !== expected || end > page.length) {
      const message = `element ${index} of ${where} does not lie right behind the one before it, inside the page`;
      findings.add(damage('BOLT_ELEMENT_MISPLACED', where, message));
      if (start < expected || end > page.length) continue;
    }
    if (start === end) {
      findings.add(damage('BOLT_ELEMENT_MALFORMED', where, `element ${index} of ${where} has an empty key`));
    }
    expected = end;
    elements.push({ page: readPageId(view, at + 8), view, start, end });
  }
  return elements;
}

function checkOrder(
  elements: readonly Child[],
  number: number,
  low: KeyAt | undefined,
  high: KeyAt | undefined,
  findings: FindingList,
): void {
  const where = `page ${number}`;
  for (let index = 1; index < elements.length; index++) {
    const before = elements[index - 1];
    const element = elements[index];
    if (before === undefined || element === undefined || compareKeysAt(before, element) < 0) continue;
    findings.add(damage('BOLT_KEY_ORDER', where, `key ${index} of ${where} is not above the key before it`));
  }
  const first = elements[0];
  const last = elements.at(-1);
  if (low !== undefined && first !== undefined && compareKeysAt(first, low) < 0) {
    const message = `the first key of branch page ${number} is below the key by which its parent refers to it`;
    findings.add(damage('BOLT_KEY_BOUNDS', where, message));
  }
  if (high !== undefined && last !== undefined && compareKeysAt(last, high) >= 0) {
    const message = `the last key of branch page ${number} is not below the key of its next sibling`;
    findings.add(damage('BOLT_KEY_BOUNDS', where, message));
  }
}
