import type { PageRun } from './allocator.ts';
import type { BranchNode, TreeNode } from './branch-node.ts';
import { LeafNode } from './leaf-node.ts';
import { UNBOUNDED, type Bounds } from './node-source.ts';
import { damaged } from './refusal.ts';
import { childBounds, childOf, LARGEST_NODE_PAGES, type Tree } from './tree.ts';

/** Pages below this part of a page are merged with a neighbour (bbolt node.go, rebalance: half the fill percent). */
const SMALLEST_FILL = 0.25;
/** Fewer entries than this are too few, however large they are (bbolt node.go, minKeys). */
const FEWEST_ENTRIES = { leaf: 2, branch: 3 } as const;

/**
 * Merges what has become too small, removes what is empty and lowers the root. Only nodes from which something was
 * removed are looked at. This reads neighbours, so it comes before anything is written.
 *
 * @param release - told of the old pages of nodes that are gone
 */
export function rebalance(tree: Tree, release: (origin: PageRun) => void): void {
  const top = tree.root.node;
  if (top?.dirty !== true || top.isLeaf) return;
  rebalanceChildren({ tree, release }, top, UNBOUNDED, 0);
  lowerRoot(tree, release);
}

interface Balancing {
  readonly tree: Tree;
  readonly release: (origin: PageRun) => void;
}

function lowerRoot(tree: Tree, release: (origin: PageRun) => void): void {
  for (;;) {
    const root = tree.root.node;
    if (root === undefined || root.isLeaf || root.count > 1) return;
    if (root.origin !== undefined) release(root.origin);
    const only = root.children[0];
    if (only === undefined) {
      const empty = LeafNode.empty();
      empty.dirty = true;
      tree.root = { ...tree.root, page: 0, node: empty };
      return;
    }
    tree.own(only, UNBOUNDED, 0).dirty = true;
    tree.root = only;
  }
}

function rebalanceChildren(balancing: Balancing, branch: BranchNode, bounds: Bounds, depth: number): void {
  for (const [index, { node }] of branch.children.entries()) {
    if (node === undefined || node.isLeaf || !node.dirty) continue;
    rebalanceChildren(balancing, node, childBounds(branch, index, bounds), depth + 1);
  }
  for (let index = 0; index < branch.count;) {
    const { node } = childOf(branch, index);
    if (node?.shrunk !== true) {
      index++;
    } else if (node.count === 0) {
      removeChild(balancing, branch, index);
    } else if (branch.count > 1 && isTooSmall(node, balancing.tree.pageSize)) {
      index = mergeChild(balancing, branch, index, bounds, depth);
    } else {
      node.shrunk = false;
      index++;
    }
  }
}

function isTooSmall(node: TreeNode, pageSize: number): boolean {
  const fewest = node.isLeaf ? FEWEST_ENTRIES.leaf : FEWEST_ENTRIES.branch;
  return node.size <= pageSize * SMALLEST_FILL || node.count < fewest;
}

function removeChild({ release }: Balancing, branch: BranchNode, index: number): void {
  const [gone] = branch.children.splice(index, 1);
  if (gone?.node?.origin !== undefined) release(gone.node.origin);
  branch.shrunk = true;
  branch.dirty = true;
}

/** Merges a child with the one before it, the first with the one behind it; returns where to go on. */
function mergeChild(balancing: Balancing, branch: BranchNode, index: number, bounds: Bounds, depth: number): number {
  const { tree } = balancing;
  const at = Math.max(0, index - 1);
  const own = (child: number): TreeNode =>
    tree.own(childOf(branch, child), childBounds(branch, child, bounds), depth + 1);
  const left = own(at);
  const right = own(at + 1);
  // Together they would only be cut apart again; and the next ones find this one to merge with.
  if (left.size + right.size > LARGEST_NODE_PAGES * tree.pageSize) {
    const node = childOf(branch, index).node;
    if (node !== undefined) node.shrunk = false;
    return index + 1;
  }
  if (left.isLeaf && right.isLeaf) left.absorb(right);
  else if (!left.isLeaf && !right.isLeaf) left.absorb(right);
  else throw damaged(`leaves of ${tree.label} lie at different depths`, tree.label);
  removeChild(balancing, branch, at + 1);
  // The result may still be too small, so it is looked at again.
  left.shrunk = true;
  return at;
}
