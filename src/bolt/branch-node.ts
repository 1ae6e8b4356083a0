import type { PageRun } from './allocator.ts';
import { encodeBranch } from './branch.ts';
import type { LeafNode } from './leaf-node.ts';
import { BRANCH_ELEMENT_SIZE, PAGE_HEADER_SIZE } from './page.ts';

/** A page in memory. */
export type TreeNode = BranchNode | LeafNode;

/** A reference to a page: by its number in the old state, and by its node once that may be changed. */
export interface NodeRef {
  /** At most the lowest key below it in the old state; after the change is written, that key itself. */
  readonly key: Uint8Array;
  /** 0 for a new page. */
  readonly page: number;
  node: TreeNode | undefined;
}

/** A branch page that can be changed. */
export class BranchNode {
  readonly isLeaf = false;
  /** The pages that hold it in the old state; undefined if it is new. */
  origin: PageRun | undefined;
  /** Whether it, or anything below it, differs from the old state. */
  dirty: boolean;
  /** Whether children were removed, so that it may have become too small. */
  shrunk = false;
  children: NodeRef[];

  constructor(children: NodeRef[], origin: PageRun | undefined) {
    this.children = children;
    this.origin = origin;
    this.dirty = origin === undefined;
  }

  get count(): number {
    return this.children.length;
  }

  /** Bytes of its page. */
  get size(): number {
    let size = PAGE_HEADER_SIZE;
    for (const { key } of this.children) size += BRANCH_ELEMENT_SIZE + key.length;
    return size;
  }

  /** Bytes that a child's element takes in the page. */
  entrySize(index: number): number {
    return BRANCH_ELEMENT_SIZE + (this.children[index]?.key.length ?? 0);
  }

  /** Which child holds a key, if any does. */
  childFor(key: Uint8Array): number {
    let low = 0;
    let high = this.children.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const child = this.children[middle];
      if (child !== undefined && Buffer.compare(child.key, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Moves the children from `index` on to a new node. */
  splitAt(index: number): BranchNode {
    const right = new BranchNode(this.children.slice(index), undefined);
    right.shrunk = this.shrunk;
    this.children = this.children.slice(0, index);
    this.dirty = true;
    return right;
  }

  /** Adds all children of the next node in order. */
  absorb(right: BranchNode): void {
    this.children = [...this.children, ...right.children];
    this.dirty = true;
  }

  /** Encodes the children `from` up to, not including, `to`, as {@link encodeBranch} does. */
  encode(into: Uint8Array, place: { readonly id: number; readonly overflow: number }, from: number, to: number): void {
    encodeBranch(into, place, this.children.slice(from, to));
  }
}
