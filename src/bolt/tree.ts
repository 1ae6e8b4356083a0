import { BranchNode, type NodeRef, type TreeNode } from './branch-node.ts';
import { BoltError } from './errors.ts';
import type { LeafNode } from './leaf-node.ts';
import { UNBOUNDED, type Bounds, type NodeSource } from './node-source.ts';
import { BUCKET_FLAG } from './page.ts';
import { damaged } from './refusal.ts';

/** As deep as readers go: 2^32 pages with two children each. */
const DEEPEST_TREE = 32;

/** A node of more pages than this is split at once, so that inserting stays cheap; the rest is split when written. */
export const LARGEST_NODE_PAGES = 4;
/** Pages with fewer entries are never split (bbolt node.go, splitTwo: twice the minimum of 2 keys a page). */
export const SMALLEST_SPLIT = 4;

/** Where an entry lies. Valid until the tree changes. */
export interface EntryPlace {
  readonly leaf: LeafNode;
  readonly index: number;
}

/** The tree of one bucket: pages of the old state, and in their place nodes where something has changed. */
export class Tree {
  readonly label: string;
  root: NodeRef;
  readonly #source: NodeSource;
  /** Counts the changes. */
  #version = 0;

  /** @param root - the page of its root, or the node of a bucket that has no page of its own */
  constructor(source: NodeSource, label: string, root: number | LeafNode) {
    this.#source = source;
    this.label = label;
    const isPage = typeof root === 'number';
    this.root = { key: new Uint8Array(0), page: isPage ? root : 0, node: isPage ? undefined : root };
  }

  /** Changes whenever the tree does. */
  get version(): number {
    return this.#version;
  }

  get isDirty(): boolean {
    return this.root.node?.dirty === true;
  }

  get pageSize(): number {
    return this.#source.layout.pageSize;
  }

  find(key: Uint8Array): EntryPlace | undefined {
    let node = this.nodeOf(this.root, UNBOUNDED, 0);
    let bounds = UNBOUNDED;
    for (let depth = 1; !node.isLeaf; depth++) {
      const index = node.childFor(key);
      bounds = childBounds(node, index, bounds);
      node = this.nodeOf(childOf(node, index), bounds, depth);
    }
    const index = node.search(key);
    return index < 0 ? undefined : { leaf: node, index };
  }

  /** The first entry whose key is `key` or above; above only, if `after` is set. Without a key the first of all. */
  seek(key?: Uint8Array, after = false): EntryPlace | undefined {
    return this.#seek(this.root, UNBOUNDED, 0, key, after);
  }

  last(): EntryPlace | undefined {
    return this.#last(this.root, UNBOUNDED, 0);
  }

  /**
   * Sets an entry's value.
   *
   * @returns whether anything changed
   * @throws BoltError `BOLT_WRONG_KIND` if the key is there with other flags
   */
  put(key: Uint8Array, value: Uint8Array, flags: number): boolean {
    const outcome = this.#put(this.root, UNBOUNDED, 0, { key, value, flags });
    if (outcome === false) return false;
    this.#version++;
    if (outcome !== true) {
      const root = new BranchNode([{ ...this.root, key: firstKey(this.root) }, outcome], undefined);
      this.root = { key: this.root.key, page: 0, node: root };
    }
    return true;
  }

  /** Removes the entry of a key that {@link find} has found. */
  remove(key: Uint8Array): void {
    this.#descend(key, (leaf) => {
      const index = leaf.search(key);
      if (index >= 0) leaf.remove(index);
    });
    this.#version++;
  }

  /** Brings the pages on the way to a key into memory as changed ones, so that a later put needs to read nothing. */
  touch(key: Uint8Array): void {
    this.#descend(key, () => undefined);
  }

  /** The node behind a reference, only to be looked at. */
  nodeOf(ref: NodeRef, bounds: Bounds, depth: number): TreeNode {
    this.#checkDepth(depth);
    return ref.node ?? this.#source.look(ref.page, bounds);
  }

  /** The node behind a reference, to be changed. */
  own(ref: NodeRef, bounds: Bounds, depth: number): TreeNode {
    this.#checkDepth(depth);
    ref.node ??= this.#source.take(ref.page, bounds);
    return ref.node;
  }

  #checkDepth(depth: number): void {
    if (depth > DEEPEST_TREE) throw damaged(`${this.label} is more than ${DEEPEST_TREE} pages deep`, this.label);
  }

  #descend(key: Uint8Array, change: (leaf: LeafNode) => void): void {
    let node = this.own(this.root, UNBOUNDED, 0);
    let bounds = UNBOUNDED;
    for (let depth = 1; !node.isLeaf; depth++) {
      node.dirty = true;
      const index = node.childFor(key);
      bounds = childBounds(node, index, bounds);
      node = this.own(childOf(node, index), bounds, depth);
    }
    node.dirty = true;
    change(node);
  }

  #seek(
    ref: NodeRef,
    bounds: Bounds,
    depth: number,
    key: Uint8Array | undefined,
    after: boolean,
  ): EntryPlace | undefined {
    const node = this.nodeOf(ref, bounds, depth);
    if (node.isLeaf) {
      const index = key === undefined ? 0 : firstIndex(node, key, after);
      return index < node.count ? { leaf: node, index } : undefined;
    }
    const first = key === undefined ? 0 : node.childFor(key);
    for (let index = first; index < node.count; index++) {
      const wanted = index === first ? key : undefined;
      const found = this.#seek(childOf(node, index), childBounds(node, index, bounds), depth + 1, wanted, after);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #last(ref: NodeRef, bounds: Bounds, depth: number): EntryPlace | undefined {
    const node = this.nodeOf(ref, bounds, depth);
    if (node.isLeaf) return node.count === 0 ? undefined : { leaf: node, index: node.count - 1 };
    for (let index = node.count - 1; index >= 0; index--) {
      const found = this.#last(childOf(node, index), childBounds(node, index, bounds), depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** @returns whether anything changed, or the right half of a node that was split */
  #put(ref: NodeRef, bounds: Bounds, depth: number, entry: Entry): boolean | NodeRef {
    const node = this.own(ref, bounds, depth);
    if (node.isLeaf) return putIntoLeaf(node, entry, this.label) && this.#splitLarge(node);
    const index = node.childFor(entry.key);
    const outcome = this.#put(childOf(node, index), childBounds(node, index, bounds), depth + 1, entry);
    if (outcome === false) return false;
    node.dirty = true;
    if (outcome === true) return true;
    node.children.splice(index + 1, 0, outcome);
    return this.#splitLarge(node);
  }

  #splitLarge(node: TreeNode): true | NodeRef {
    if (node.size <= LARGEST_NODE_PAGES * this.pageSize || node.count <= SMALLEST_SPLIT) return true;
    const right = node.splitAt(middleOf(node));
    const ref = { key: new Uint8Array(0), page: 0, node: right };
    return { ...ref, key: firstKey(ref) };
  }
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly flags: number;
}

function putIntoLeaf(leaf: LeafNode, { key, value, flags }: Entry, label: string): boolean {
  const index = leaf.search(key);
  if (index < 0) {
    leaf.insert(-1 - index, key, value, flags);
    return true;
  }
  if (leaf.isBucketAt(index) !== ((flags & BUCKET_FLAG) !== 0)) throw wrongKind(leaf.isBucketAt(index), label);
  if (leaf.valueEquals(index, value)) return false;
  leaf.replace(index, key, value);
  return true;
}

/** The refusal to treat a bucket as a value or a value as a bucket. */
export function wrongKind(isBucket: boolean, label: string): BoltError {
  const message = isBucket
    ? `a key of ${label} holds a bucket, where a value is wanted`
    : `a key of ${label} holds a value, where a bucket is wanted`;
  return new BoltError('BOLT_WRONG_KIND', message, {
    hint: 'Nothing was written. The file is not of the form that the change expects; use another copy or backup of it.',
    subject: label,
  });
}

export function childOf(node: BranchNode, index: number): NodeRef {
  const child = node.children[index];
  if (child === undefined) throw damaged('a branch page has no children', `page ${node.origin?.page ?? 0}`);
  return child;
}

export function childBounds(node: BranchNode, index: number, bounds: Bounds): Bounds {
  return { low: node.children[index]?.key ?? bounds.low, high: node.children[index + 1]?.key ?? bounds.high };
}

/** The lowest key of a node in memory; of a branch, what it says it is. */
export function firstKey(ref: NodeRef): Uint8Array {
  const { node } = ref;
  if (node === undefined) return ref.key;
  if (node.isLeaf) return node.count === 0 ? ref.key : node.keyAt(0);
  return node.children[0]?.key ?? ref.key;
}

function firstIndex(leaf: LeafNode, key: Uint8Array, after: boolean): number {
  const index = leaf.search(key);
  if (index < 0) return -1 - index;
  return after ? index + 1 : index;
}

/** The first index at which at least half of the node's bytes lie before it; both halves get two entries or more. */
function middleOf(node: TreeNode): number {
  const half = node.size / 2;
  let before = 0;
  for (let index = 0; index < node.count - 2; index++) {
    if (before >= half && index >= 2) return index;
    before += node.entrySize(index);
  }
  return node.count - 2;
}
