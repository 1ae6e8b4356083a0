import type { PageRun } from './allocator.ts';
import { BUCKET_HEADER_SIZE, bucketLabel, decodeBucket, encodeBucketHeader, type Bucket } from './bucket.ts';
import { BoltError } from './errors.ts';
import { FindingList } from './findings.ts';
import { LeafNode } from './leaf-node.ts';
import { decodeLeaf, LeafEntries } from './leaf.ts';
import type { NodeSource } from './node-source.ts';
import { asBuffer } from '../base/index.ts';
import { BUCKET_FLAG, decodePageHeader, viewOf } from './page.ts';
import { rebalance } from './rebalance.ts';
import { refuseDamage } from './refusal.ts';
import { releaseReplaced, spill, type SpillTarget } from './spill.ts';
import { Tree, wrongKind, type EntryPlace } from './tree.ts';

/** Longest key (bbolt bucket.go, MaxKeySize). */
const LONGEST_KEY = 32_768;
/** Longest value that is written: a page holds up to four, and readers take pages of up to 64 MiB. */
export const LONGEST_VALUE: number = 15 * 1024 * 1024;
/** As deep as readers go; etcd nests no buckets at all. */
const DEEPEST_NESTING = 32;
/** A bucket without buckets inside lies in its parent's page up to this part of a page (bbolt, maxInlineBucketSize). */
const INLINE_PART = 0.25;

/** One entry of a bucket; copies, the caller's own. */
export interface BoltEntry {
  readonly key: Uint8Array;
  /** Undefined if the entry is a bucket. */
  readonly value: Uint8Array | undefined;
}

/** Whether the transaction still runs; shared by all its buckets. */
export interface Lifetime {
  over: boolean;
}

/** What a bucket is made from. */
interface Ground {
  readonly source: NodeSource;
  readonly lifetime: Lifetime;
  readonly label: string;
  /** How many buckets it lies in; the root bucket in none. */
  readonly depth: number;
  readonly root: number | LeafNode;
  readonly sequence: bigint;
  /** The bucket in the old state; undefined if it is new. */
  readonly origin: Bucket | undefined;
}

/**
 * A bucket inside a write transaction. Valid until the transaction ends or the bucket is deleted; a later call throws
 * a TypeError. Every call may throw BoltError `BOLT_DAMAGED` or `BOLT_READ_FAILED` for the pages that it has to read.
 */
export class WritableBucket {
  /** The name for messages: printable, quoted, the parents' names before it. */
  readonly label: string;
  readonly #ground: Ground;
  readonly #tree: Tree;
  readonly #buckets = new Map<string, WritableBucket>();
  /** Buckets of the old state that were deleted out of this one. */
  #deleted: Bucket[] = [];
  #sequence: bigint;
  #isDeleted = false;

  /** Only the transaction makes buckets. */
  constructor(ground: Ground) {
    this.label = ground.label;
    this.#ground = ground;
    this.#tree = new Tree(ground.source, ground.label === '' ? 'the root bucket' : ground.label, ground.root);
    this.#sequence = ground.sequence;
  }

  /** The bucket's own counter, which nothing but its users changes; 64 bits, unsigned. */
  get sequence(): bigint {
    return this.#sequence;
  }

  set sequence(value: bigint) {
    this.#checkAlive();
    if (value !== BigInt.asUintN(64, value)) throw new TypeError(`sequence must fit into 64 bits, got ${value}`);
    this.#sequence = value;
  }

  /** The value of a key; undefined if there is none, or if the key is a bucket's name. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkAlive();
    const place = this.#tree.find(key);
    return place === undefined ? undefined : entryAt(place).value;
  }

  /**
   * Sets a key's value; writing the value that is there already changes nothing.
   *
   * @param key - 1 to 32,768 bytes; copied
   * @param value - up to 15 MiB; copied
   * @throws BoltError `BOLT_WRONG_KIND` if the key is a bucket's name
   */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#checkAlive();
    checkKey(key);
    if (value.length > LONGEST_VALUE) {
      throw new TypeError(`value must have at most ${LONGEST_VALUE} bytes, got ${value.length}`);
    }
    this.#tree.put(key, value, 0);
  }

  /**
   * Removes a key.
   *
   * @returns whether it was there
   * @throws BoltError `BOLT_WRONG_KIND` if the key is a bucket's name
   */
  delete(key: Uint8Array): boolean {
    this.#checkAlive();
    const place = this.#tree.find(key);
    if (place === undefined) return false;
    if (place.leaf.isBucketAt(place.index)) throw wrongKind(true, this.#tree.label);
    this.#tree.remove(key);
    return true;
  }

  /** The first entry; undefined if the bucket is empty. */
  first(): BoltEntry | undefined {
    return this.seek(new Uint8Array(0));
  }

  /** The first entry whose key is `key` or above. */
  seek(key: Uint8Array): BoltEntry | undefined {
    this.#checkAlive();
    const place = this.#tree.seek(key);
    return place && entryAt(place);
  }

  /** The last entry; undefined if the bucket is empty. */
  last(): BoltEntry | undefined {
    this.#checkAlive();
    const place = this.#tree.last();
    return place && entryAt(place);
  }

  /**
   * The entries in ascending order of their keys, from `from` on if it is given. The bucket may be changed meanwhile:
   * after each entry comes the one that then follows its key. Holds one page at a time.
   */
  *entries(from?: Uint8Array): Generator<BoltEntry, void, undefined> {
    this.#checkAlive();
    let place = this.#tree.seek(from);
    while (place !== undefined) {
      const { version } = this.#tree;
      const entry = entryAt(place);
      yield entry;
      this.#checkAlive();
      const next: EntryPlace = { leaf: place.leaf, index: place.index + 1 };
      const stays = version === this.#tree.version && next.index < next.leaf.count;
      place = stays ? next : this.#tree.seek(entry.key, true);
    }
  }

  /**
   * A bucket inside this one; undefined if there is none of that name.
   *
   * @throws BoltError `BOLT_WRONG_KIND` if the name is the key of a value
   */
  bucket(name: Uint8Array): WritableBucket | undefined {
    this.#checkAlive();
    const known = this.#buckets.get(idOf(name));
    if (known !== undefined) return known;
    const origin = this.#originOf(name);
    if (origin === undefined) return undefined;
    const { label, sequence, root, inline } = origin;
    const node = inline === undefined ? (root ?? 0) : inlineRoot(inline, label);
    return this.#open(name, { label, root: node, sequence, origin });
  }

  /** The bucket of that name; an empty one is made if there is none, up to 32 deep. Throws as {@link bucket} does. */
  createBucketIfMissing(name: Uint8Array): WritableBucket {
    const known = this.bucket(name);
    if (known !== undefined) return known;
    checkKey(name);
    if (this.#ground.depth >= DEEPEST_NESTING) {
      throw new TypeError(`${this.label}: buckets can be nested up to ${DEEPEST_NESTING} deep`);
    }
    const root = LeafNode.empty();
    root.dirty = true;
    const label = bucketLabel(this.label, name);
    this.#tree.put(name, new Uint8Array(BUCKET_HEADER_SIZE), BUCKET_FLAG);
    return this.#open(name, { label, root, sequence: 0n, origin: undefined });
  }

  /**
   * Removes a bucket and everything in it. Its pages are read when the transaction ends, to know them all.
   *
   * @returns whether there was one
   * @throws BoltError `BOLT_WRONG_KIND` if the name is the key of a value
   */
  deleteBucket(name: Uint8Array): boolean {
    this.#checkAlive();
    const known = this.#buckets.get(idOf(name));
    const origin = known === undefined ? this.#originOf(name) : known.#ground.origin;
    if (known === undefined && origin === undefined) return false;
    if (origin !== undefined) this.#deleted.push(origin);
    if (known !== undefined) known.#isDeleted = true;
    this.#buckets.delete(idOf(name));
    this.#tree.remove(name);
    return true;
  }

  /** Whether it differs from the old state. Only the transaction asks. */
  get isChanged(): boolean {
    if (this.#tree.isDirty || this.#sequence !== this.#ground.sequence) return true;
    for (const bucket of this.#buckets.values()) if (bucket.isChanged) return true;
    return false;
  }

  /** The deleted buckets of the old state, in this one and below. Only the transaction asks. */
  *deletedBuckets(): Generator<Bucket, void, undefined> {
    yield* this.#deleted;
    for (const bucket of this.#buckets.values()) yield* bucket.deletedBuckets();
  }

  /**
   * Brings this bucket's changed pages, and those of the buckets inside, into shape, and gives back the pages that they
   * replace. Reads all that is needed, so that {@link write} finds nothing to refuse.
   */
  prepare(release: (origin: PageRun) => void): void {
    for (const [id, bucket] of this.#buckets) {
      if (!bucket.isChanged) continue;
      bucket.prepare(release);
      this.#tree.touch(nameOf(id));
    }
    rebalance(this.#tree, release);
    const root = this.#tree.root.node;
    // Its page goes, or it never had one: it is written in either case, also if only its sequence has changed.
    if (root !== undefined && (root.origin === undefined || this.#inlineRoot !== undefined)) root.dirty = true;
    releaseReplaced(this.#tree, release);
  }

  /** Writes the changed pages of this bucket and of those inside; returns the page of its root. */
  write(target: SpillTarget): number {
    for (const [id, bucket] of this.#buckets) {
      if (bucket.isChanged) this.#tree.put(nameOf(id), bucket.#writeAsValue(target), BUCKET_FLAG);
    }
    return spill(this.#tree, target);
  }

  #writeAsValue(target: SpillTarget): Uint8Array {
    const root = this.#inlineRoot;
    if (root === undefined) {
      const header = new Uint8Array(BUCKET_HEADER_SIZE);
      encodeBucketHeader(header, this.write(target), this.#sequence);
      return header;
    }
    const value = new Uint8Array(BUCKET_HEADER_SIZE + root.size);
    encodeBucketHeader(value, 0, this.#sequence);
    root.encode(value.subarray(BUCKET_HEADER_SIZE), { id: 0, overflow: 0 }, 0, root.count);
    return value;
  }

  /** The only page of a bucket that goes into its parent's. */
  get #inlineRoot(): LeafNode | undefined {
    const root = this.#tree.root.node;
    const fits = root?.isLeaf === true && root.size <= this.#tree.pageSize * INLINE_PART;
    return fits && this.#ground.depth > 0 && !root.holdsBuckets ? root : undefined;
  }

  #open(name: Uint8Array, ground: Omit<Ground, 'source' | 'lifetime' | 'depth'>): WritableBucket {
    const { source, lifetime, depth } = this.#ground;
    const bucket = new WritableBucket({ ...ground, source, lifetime, depth: depth + 1 });
    this.#buckets.set(idOf(name), bucket);
    return bucket;
  }

  /** A bucket inside this one that was not opened yet, as the old state has it. */
  #originOf(name: Uint8Array): Bucket | undefined {
    const place = this.#tree.find(name);
    if (place === undefined) return undefined;
    const { leaf, index } = place;
    if (!leaf.isBucketAt(index)) throw wrongKind(false, this.#tree.label);
    const findings = new FindingList();
    const label = bucketLabel(this.label, name);
    const bucket = decodeBucket(Uint8Array.from(name), label, leaf.valueAt(index), findings);
    refuseDamage(findings);
    return bucket;
  }

  #checkAlive(): void {
    if (this.#ground.lifetime.over) throw new TypeError(`${this.#tree.label}: the transaction is over`);
    if (this.#isDeleted) throw new TypeError(`${this.#tree.label} was deleted in this transaction`);
  }
}

/** The refusal to go on without a bucket. */
export function bucketMissing(label: string): BoltError {
  return new BoltError('BOLT_BUCKET_MISSING', `the bolt file has no ${label}`, {
    hint: 'Nothing was written. The file is not of the form that the change expects; use another copy or backup of it.',
    subject: label,
  });
}

function inlineRoot(inline: Uint8Array, label: string): LeafNode {
  const findings = new FindingList();
  const entries = new LeafEntries();
  const bytes = asBuffer(inline);
  const view = viewOf(bytes);
  const { count } = decodePageHeader(view, 0);
  decodeLeaf(entries, { bytes, view, start: 0, end: bytes.length, page: 0, count, label }, findings);
  refuseDamage(findings);
  return LeafNode.from(entries, undefined);
}

function entryAt({ leaf, index }: EntryPlace): BoltEntry {
  return { key: leaf.keyAt(index), value: leaf.isBucketAt(index) ? undefined : leaf.valueAt(index) };
}

function checkKey(key: Uint8Array): void {
  if (key.length === 0 || key.length > LONGEST_KEY) {
    throw new TypeError(`key must have 1 to ${LONGEST_KEY} bytes, got ${key.length}`);
  }
}

/** A name as a key of a Map: one character a byte. */
function idOf(name: Uint8Array): string {
  return asBuffer(name).toString('latin1');
}

function nameOf(id: string): Uint8Array {
  return Buffer.from(id, 'latin1');
}
