import type { RandomAccess } from '../base/index.ts';
import type { PageRun } from './allocator.ts';
import { BranchNode, type NodeRef, type TreeNode } from './branch-node.ts';
import { decodeBranch } from './branch.ts';
import { FindingList } from './findings.ts';
import type { KeyAt } from './key-order.ts';
import { LeafNode } from './leaf-node.ts';
import type { BoltLayout } from './layout.ts';
import { checkLeafBounds, decodeLeaf, LeafEntries } from './leaf.ts';
import { decodePageHeader, FIRST_DATA_PAGE, PAGE_FLAG, pageTypeName, viewOf, type PageHeader } from './page.ts';
import type { PageSet } from './page-set.ts';
import { readAt } from './reading.ts';
import { damaged, refuseDamage } from './refusal.ts';

/** Pages that are only looked at are kept up to this size, so that neighbouring keys do not read them again. */
const CACHE_BYTES = 4 * 1024 * 1024;

/** More than any page of etcd's; a damaged page must not make the transaction take more memory. */
const LARGEST_RUN_BYTES = 64 * 1024 * 1024;

/** The keys that a page may hold, as its ancestors say: `low` or above, below `high`. */
export interface Bounds {
  readonly low: Uint8Array | undefined;
  readonly high: Uint8Array | undefined;
}

export const UNBOUNDED: Bounds = { low: undefined, high: undefined };

/** Reads the pages of the old state as nodes, and refuses what is damaged. */
export class NodeSource {
  readonly layout: BoltLayout;
  readonly #source: RandomAccess;
  readonly #free: PageSet | undefined;
  /** Unchanged nodes, the longest unused first. */
  readonly #cache = new Map<number, TreeNode>();
  readonly #cacheLimit: number;
  readonly #entries = new LeafEntries();

  /** @param free - pages that no tree may use, if they are known */
  constructor(source: RandomAccess, layout: BoltLayout, free: PageSet | undefined) {
    this.#source = source;
    this.layout = layout;
    this.#free = free;
    this.#cacheLimit = Math.max(16, CACHE_BYTES / layout.pageSize);
  }

  /**
   * The node of a page, only to be looked at.
   *
   * @throws BoltError `BOLT_DAMAGED` if it is not what its place requires, `BOLT_READ_FAILED`
   */
  look(page: number, bounds: Bounds): TreeNode {
    const cached = this.#cache.get(page);
    const node = cached ?? this.#load(page, bounds);
    if (cached !== undefined) this.#cache.delete(page);
    else if (this.#cache.size >= this.#cacheLimit) this.#forgetOldest();
    this.#cache.set(page, node);
    return node;
  }

  /** The node of a page, the caller's own to change; throws as {@link look} does. */
  take(page: number, bounds: Bounds): TreeNode {
    const node = this.#cache.get(page) ?? this.#load(page, bounds);
    this.#cache.delete(page);
    return node;
  }

  #forgetOldest(): void {
    for (const page of this.#cache.keys()) {
      this.#cache.delete(page);
      return;
    }
  }

  #load(page: number, bounds: Bounds): TreeNode {
    const { pageSize, pageCount } = this.layout;
    const where = `page ${page}`;
    if (page < FIRST_DATA_PAGE || page >= pageCount) {
      throw damaged(`a tree refers to page ${page} of ${pageCount}`, where);
    }
    const head = this.#read(page, 1);
    const header = decodePageHeader(viewOf(head), 0);
    const pages = 1 + header.overflow;
    if (header.id !== page) throw damaged(`page ${page} says that it is page ${header.id}`, where);
    if (page + pages > pageCount || pages * pageSize > LARGEST_RUN_BYTES) {
      throw damaged(`page ${page} claims ${header.overflow} further pages`, where);
    }
    const bytes = pages === 1 ? head : this.#read(page, pages);
    return this.#decode(bytes, header, { page, pages }, bounds);
  }

  #read(page: number, pages: number): Buffer {
    const { pageSize } = this.layout;
    const bytes = Buffer.allocUnsafeSlow(pages * pageSize);
    if (readAt(this.#source, bytes, page * pageSize) < bytes.length) {
      throw damaged(`the file ends before the end of page ${page}`, `page ${page}`);
    }
    for (let each = page; each < page + pages; each++) {
      if (this.#free?.has(each) === true) throw damaged(`page ${each} is in use and free`, `page ${each}`);
    }
    return bytes;
  }

  #decode(bytes: Buffer, header: PageHeader, origin: PageRun, bounds: Bounds): TreeNode {
    const findings = new FindingList();
    const low = keyOf(bounds.low);
    const high = keyOf(bounds.high);
    if (header.flags === PAGE_FLAG.leaf) {
      const place = { bytes, view: viewOf(bytes), start: 0, end: bytes.length, page: header.id, count: header.count };
      decodeLeaf(this.#entries, place, findings);
      checkLeafBounds(this.#entries, low, high, findings);
      refuseDamage(findings);
      return LeafNode.from(this.#entries, origin);
    }
    if (header.flags === PAGE_FLAG.branch) {
      const children = decodeBranch(bytes, header.id, low, high, findings);
      refuseDamage(findings);
      const refs = children.map(({ page, start, end }): NodeRef => ({
        page,
        key: bytes.subarray(start, end),
        node: undefined,
      }));
      return new BranchNode(refs, origin);
    }
    throw damaged(`page ${header.id} of a tree is a ${pageTypeName(header.flags)}`, `page ${header.id}`);
  }
}

function keyOf(key: Uint8Array | undefined): KeyAt | undefined {
  return key === undefined ? undefined : { view: viewOf(key), start: 0, end: key.length };
}
