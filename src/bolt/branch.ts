import { damage, type FindingList } from './findings.ts';
import { compareKeysAt, type KeyAt } from './key-order.ts';
import { BRANCH_ELEMENT_SIZE, PAGE_HEADER_SIZE, readPageId, viewOf } from './page.ts';

/** One child of a branch page, and the keys that it may hold. */
export interface Child {
  readonly page: number;
  /** The lowest key that the child may hold. */
  readonly low: KeyAt;
  /** The first key that it may not hold; undefined at the tree's right edge. */
  readonly high: KeyAt | undefined;
}

interface BranchElement {
  readonly page: number;
  readonly key: KeyAt;
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
  const elements = decodeElements(page, number, findings);
  checkOrder(elements, number, low, high, findings);
  return elements.map(({ page: child, key }, index) => ({
    page: child,
    low: key,
    high: elements[index + 1]?.key ?? high,
  }));
}

function decodeElements(page: Uint8Array, number: number, findings: FindingList): readonly BranchElement[] {
  const view = viewOf(page);
  const where = `page ${number}`;
  const claimed = view.getUint16(10, true);
  const count = Math.min(claimed, Math.floor((page.length - PAGE_HEADER_SIZE) / BRANCH_ELEMENT_SIZE));
  if (claimed === 0) findings.add(damage('BOLT_BRANCH_EMPTY', where, `branch page ${number} has no children`));
  if (count < claimed) {
    const message = `${where} claims ${claimed} elements, more than fit into it`;
    findings.add(damage('BOLT_ELEMENT_MISPLACED', where, message));
  }
  const elements: BranchElement[] = [];
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
    elements.push({ page: readPageId(view, at + 8), key: { view, start, end } });
  }
  return elements;
}

function checkOrder(
  elements: readonly BranchElement[],
  number: number,
  low: KeyAt | undefined,
  high: KeyAt | undefined,
  findings: FindingList,
): void {
  const where = `page ${number}`;
  for (let index = 1; index < elements.length; index++) {
    const before = elements[index - 1];
    const element = elements[index];
    if (before === undefined || element === undefined || compareKeysAt(before.key, element.key) < 0) continue;
    findings.add(damage('BOLT_KEY_ORDER', where, `key ${index} of ${where} is not above the key before it`));
  }
  const first = elements[0];
  const last = elements.at(-1);
  if (low !== undefined && first !== undefined && compareKeysAt(first.key, low) < 0) {
    const message = `the first key of branch page ${number} is below the key by which its parent refers to it`;
    findings.add(damage('BOLT_KEY_BOUNDS', where, message));
  }
  if (high !== undefined && last !== undefined && compareKeysAt(last.key, high) >= 0) {
    const message = `the last key of branch page ${number} is not below the key of its next sibling`;
    findings.add(damage('BOLT_KEY_BOUNDS', where, message));
  }
}
