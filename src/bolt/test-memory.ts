import { createHash } from 'node:crypto';
import type { RandomAccess, WritableAccess } from '../base/index.ts';
import { FindingList } from './findings.ts';
import { readLayout } from './layout.ts';
import { ENTRY_WORDS, type LeafEntries } from './leaf.ts';
import { BUCKET_FLAG } from './page.ts';
import { TreeWalker } from './tree-walker.ts';
import type { Bucket } from './bucket.ts';

/** What was asked of a {@link MemoryFile}. */
export type FileStep =
  { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array } | { readonly kind: 'sync' };

/** A file in memory that remembers every write. */
export class MemoryFile implements WritableAccess {
  readonly steps: FileStep[] = [];
  /** Called before each read, write and flush; may throw as a disk would. */
  before: (step: 'read' | 'write' | 'sync') => void = () => undefined;
  /** With room behind the end, so that growing stays cheap. */
  #room: Buffer;
  #size: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#room = Buffer.from(bytes);
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  get #bytes(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  /** A copy of what the file holds. */
  get image(): Buffer {
    return Buffer.from(this.#bytes);
  }

  read(target: Uint8Array, position: number): number {
    this.before('read');
    const part = this.#bytes.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }

  write(bytes: Uint8Array, position: number): void {
    this.before('write');
    this.steps.push({ kind: 'write', position, bytes: Uint8Array.from(bytes) });
    const end = position + bytes.length;
    if (end > this.#room.length) this.#room = Buffer.concat([this.#bytes], end * 2);
    this.#room.set(bytes, position);
    this.#size = Math.max(this.#size, end);
  }

  sync(): void {
    this.before('sync');
    this.steps.push({ kind: 'sync' });
  }
}

/** An image after a write, which may reach beyond its end. */
export function written(image: Buffer, bytes: Uint8Array, position: number): Buffer {
  const target = position + bytes.length > image.length ? Buffer.alloc(position + bytes.length) : image;
  if (target !== image) image.copy(target);
  target.set(bytes, position);
  return target;
}

/** What a bucket holds: keys and names in hex, values as they are. */
export interface Content {
  sequence: bigint;
  readonly values: Map<string, Buffer>;
  readonly buckets: Map<string, Content>;
}

export function emptyContent(): Content {
  return { sequence: 0n, values: new Map(), buckets: new Map() };
}

/** Everything in a file, by the reader alone. Throws if the file is damaged where it looks, but for a torn meta page. */
export function contentOf(source: RandomAccess): Content {
  const findings = new FindingList();
  const layout = readLayout(source, findings);
  if (layout === undefined) throw new Error('no usable meta page');
  const read = (walk: (walker: TreeWalker, visit: (entries: LeafEntries) => void) => void): Content => {
    const content = emptyContent();
    const nested: Bucket[] = [];
    walk(new TreeWalker(source, layout, { findings, onBucket: (bucket) => nested.push(bucket) }), (entries) =>
      collectValues(entries, content.values),
    );
    for (const bucket of nested) {
      const inside = read((walker, visit) => walker.walkBucket(bucket, visit));
      inside.sequence = bucket.sequence;
      content.buckets.set(hex(bucket.name), inside);
    }
    return content;
  };
  const content = read((walker, visit) => walker.walk({ page: layout.root, parent: 0 }, '', visit));
  const damage = findings.report.find(({ severity }) => severity === 'error');
  if (damage !== undefined) throw new Error(damage.message);
  return content;
}

/** Equal for equal contents only; for tests that compare many. */
export function fingerprint(content: Content): string {
  const hash = createHash('sha256');
  const add = ({ sequence, values, buckets }: Content): void => {
    hash.update(`${sequence} ${values.size} ${buckets.size};`);
    for (const [id, value] of values) hash.update(`${id} ${value.length};`).update(value);
    for (const [id, inside] of buckets) {
      hash.update(`${id};`);
      add(inside);
    }
  };
  add(content);
  return hash.digest('hex');
}

function collectValues({ bytes, offsets, count }: LeafEntries, values: Map<string, Buffer>): void {
  for (let word = 0; word < count * ENTRY_WORDS; word += ENTRY_WORDS) {
    const [start = 0, keyEnd = 0, end = 0, flags = 0] = offsets.subarray(word, word + ENTRY_WORDS);
    if ((flags & BUCKET_FLAG) === 0)
      values.set(hex(bytes.subarray(start, keyEnd)), Buffer.from(bytes.subarray(keyEnd, end)));
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
