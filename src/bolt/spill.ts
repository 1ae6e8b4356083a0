import type { PageAllocator, PageRun } from './allocator.ts';
import { BranchNode, type NodeRef, type TreeNode } from './branch-node.ts';
import { PAGE_HEADER_SIZE } from './page.ts';
import type { PageWriter } from './page-writer.ts';
import { SMALLEST_SPLIT, type Tree } from './tree.ts';

/** How full pages are made when there are several (bbolt, DefaultFillPercent). */
const FILL = 0.5;
/** A page gets at least so many entries when it is split off (bbolt, MinKeysPerPage). */
const FEWEST_ON_SPLIT = 2;

export interface SpillTarget {
  readonly allocator: PageAllocator;
  readonly writer: PageWriter;
  readonly pageSize: number;
}

/**
 * Gives back the pages that hold the changed nodes of a tree in the old state. It is then that a page shared by two
 * trees is found, so this comes before anything is written.
 */
export function releaseReplaced(tree: Tree, release: (origin: PageRun) => void): void {
  const visit = (node: TreeNode | undefined): void => {
    if (node?.dirty !== true) return;
    if (node.origin !== undefined) release(node.origin);
    if (!node.isLeaf) for (const child of node.children) visit(child.node);
  };
  visit(tree.root.node);
}

/**
 * Writes the changed nodes of a tree to new pages, children first. Reads nothing.
 *
 * @returns the page of the root
 */
export function spill(tree: Tree, target: SpillTarget): number {
  const { node } = tree.root;
  if (node?.dirty !== true) return tree.root.page;
  let pages = spillNode(node, target);
  while (pages.length > 1) pages = spillNode(new BranchNode(pages, undefined), target);
  return pages[0]?.page ?? 0;
}

function spillNode(node: TreeNode, target: SpillTarget): NodeRef[] {
  if (!node.isLeaf) node.children = spillChildren(node, target);
  const refs: NodeRef[] = [];
  let from = 0;
  for (const to of splitPoints(node, target.pageSize)) {
    refs.push(writePart(node, from, to, target));
    from = to;
  }
  return refs;
}

/** The children after they were written. Their nodes are let go at once, so that memory falls while pages are written. */
function spillChildren(branch: BranchNode, target: SpillTarget): NodeRef[] {
  const refs: NodeRef[] = [];
  for (const child of branch.children) {
    const { node } = child;
    if (node?.dirty === true) {
      child.node = undefined;
      for (const ref of spillNode(node, target)) refs.push(ref);
    } else {
      refs.push(child);
    }
  }
  return refs;
}

function writePart(node: TreeNode, from: number, to: number, target: SpillTarget): NodeRef {
  let size = PAGE_HEADER_SIZE;
  for (let index = from; index < to; index++) size += node.entrySize(index);
  const pages = Math.max(1, Math.ceil(size / target.pageSize));
  const page = target.allocator.allocate(pages);
  const place = { id: page, overflow: pages - 1 };
  node.encode(target.writer.pages(page, pages), place, from, to);
  const key = node.isLeaf ? (node.count === 0 ? new Uint8Array(0) : node.keyAt(from)) : node.children[from]?.key;
  return { key: key ?? new Uint8Array(0), page, node: undefined };
}

/**
 * Where a node is cut into pages: the index behind the last entry of each. As in bbolt (node.go, splitTwo): what fits
 * into one page or has four entries or fewer stays together, else a page is filled by half, with two entries at least.
 */
export function splitPoints(node: Pick<TreeNode, 'count' | 'entrySize' | 'size'>, pageSize: number): readonly number[] {
  const points: number[] = [];
  const threshold = pageSize * FILL;
  let from = 0;
  let rest = node.size;
  while (node.count - from > SMALLEST_SPLIT && rest > pageSize) {
    let size = PAGE_HEADER_SIZE;
    let to = from;
    while (to < node.count - FEWEST_ON_SPLIT) {
      const entry = node.entrySize(to);
      if (to - from >= FEWEST_ON_SPLIT && size + entry > threshold) break;
      size += entry;
      to++;
    }
    points.push(to);
    rest -= size - PAGE_HEADER_SIZE;
    from = to;
  }
  points.push(node.count);
  return points;
}
