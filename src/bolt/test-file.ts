import { fnv1a, MAGIC, NO_FREELIST, VERSION } from './meta.ts';
import { BRANCH_ELEMENT_SIZE, BUCKET_FLAG, LEAF_ELEMENT_SIZE, PAGE_FLAG, PAGE_HEADER_SIZE } from './page.ts';

/** For tests only: makes small bolt files of every shape, well-formed unless the caller spoils them afterwards. */

export interface TestBucket {
  /** In any order; they are sorted. Strings stand for their UTF-8 bytes. */
  readonly entries?: readonly (readonly [string | Uint8Array, string | Uint8Array])[];
  readonly buckets?: Readonly<Record<string, TestBucket>>;
  /** Put the bucket's page into its parent's value. */
  readonly inline?: boolean;
}

export interface TestFileOptions {
  readonly pageSize?: number;
  readonly entriesPerLeaf?: number;
  readonly childrenPerBranch?: number;
  /** Pages that nothing uses, made before all others. Default: 0. */
  readonly freePages?: number;
  /** Whether to write the free pages down. Default: false, as etcd has it. */
  readonly freelist?: boolean;
  /** Write the count of free pages in front of the list, as lists of 65535 and more have it. */
  readonly countInList?: boolean;
}

export interface TestFile {
  readonly bytes: Buffer;
  readonly pageSize: number;
  /** The page of each kind by number, in the order they were written. */
  readonly pages: readonly { readonly id: number; readonly kind: 'leaf' | 'branch' | 'freelist' }[];
}

interface Element {
  readonly key: Buffer;
  /** The value, or the child's page. */
  readonly value: Buffer | number;
  readonly flags: number;
}

interface Child {
  readonly key: Buffer;
  readonly page: number;
}

/** Makes a bolt file whose top-level buckets are `buckets`. */
export function makeBolt(buckets: Readonly<Record<string, TestBucket>>, options: TestFileOptions = {}): TestFile {
  return new Maker(options).make({ buckets });
}

class Maker {
  readonly #options: TestFileOptions;
  readonly #pageSize: number;
  readonly #chunks: Buffer[] = [];
  readonly #pages: { id: number; kind: 'leaf' | 'branch' | 'freelist' }[] = [];
  #next = 2;

  constructor(options: TestFileOptions) {
    this.#options = options;
    this.#pageSize = options.pageSize ?? 4096;
  }

  make(root: TestBucket): TestFile {
    const free: number[] = [];
    for (let count = this.#options.freePages ?? 0; count > 0; count--) {
      free.push(this.#next++);
      this.#chunks.push(Buffer.alloc(this.#pageSize, 0xaa));
    }
    const rootPage = this.#tree(root);
    const freelist = this.#options.freelist === true ? BigInt(this.#freelist(free)) : NO_FREELIST;
    const metas = [0, 1].map((page) => this.#meta(page, BigInt(rootPage), freelist));
    return { bytes: Buffer.concat([...metas, ...this.#chunks]), pageSize: this.#pageSize, pages: this.#pages };
  }

  #meta(page: number, root: bigint, freelist: bigint): Buffer {
    return encodeMetaPage({ page, pageSize: this.#pageSize, root, freelist, highWater: BigInt(this.#next) });
  }

  #tree(bucket: TestBucket): number {
    const perLeaf = this.#options.entriesPerLeaf ?? 8;
    const elements = this.#elements(bucket);
    let level: Child[] = [];
    for (let from = 0; from < elements.length || from === 0; from += perLeaf) {
      const part = elements.slice(from, from + perLeaf);
      level.push({ key: part[0]?.key ?? Buffer.alloc(0), page: this.#page('leaf', part) });
    }
    while (level.length > 1) level = this.#branches(level);
    return level[0]?.page ?? 0;
  }

  #branches(level: readonly Child[]): Child[] {
    const perBranch = this.#options.childrenPerBranch ?? 4;
    const above: Child[] = [];
    for (let from = 0; from < level.length; from += perBranch) {
      const part = level.slice(from, from + perBranch);
      const elements = part.map(({ key, page }): Element => ({ key, value: page, flags: 0 }));
      above.push({ key: part[0]?.key ?? Buffer.alloc(0), page: this.#page('branch', elements) });
    }
    return above;
  }

  #elements(bucket: TestBucket): readonly Element[] {
    const entries = (bucket.entries ?? []).map(([key, value]): Element => ({
      key: Buffer.from(key),
      value: Buffer.from(value),
      flags: 0,
    }));
    const buckets = Object.entries(bucket.buckets ?? {}).map(([name, nested]): Element => ({
      key: Buffer.from(name),
      value: this.#bucketValue(nested),
      flags: BUCKET_FLAG,
    }));
    return [...entries, ...buckets].sort((left, right) => Buffer.compare(left.key, right.key));
  }

  #bucketValue(bucket: TestBucket): Buffer {
    const header = Buffer.alloc(16);
    if (bucket.inline === true) return Buffer.concat([header, encodePage(0, 'leaf', this.#elements(bucket), 0)]);
    header.writeBigUInt64LE(BigInt(this.#tree(bucket)), 0);
    return header;
  }

  #page(kind: 'leaf' | 'branch', elements: readonly Element[]): number {
    const size = encodePage(0, kind, elements, 0).length;
    const pages = Math.ceil(size / this.#pageSize);
    const id = this.#next;
    this.#write(kind, encodePage(id, kind, elements, pages - 1), pages);
    return id;
  }

  #freelist(free: readonly number[]): number {
    const ids = this.#options.countInList === true ? [free.length, ...free] : free;
    const page = Buffer.alloc(PAGE_HEADER_SIZE + ids.length * 8);
    const pages = Math.ceil(page.length / this.#pageSize);
    const id = this.#next;
    const count = this.#options.countInList === true ? 0xffff : free.length;
    writeHeader(page, id, PAGE_FLAG.freelist, count, pages - 1);
    for (const [index, freed] of ids.entries()) page.writeBigUInt64LE(BigInt(freed), PAGE_HEADER_SIZE + index * 8);
    this.#write('freelist', page, pages);
    return id;
  }

  #write(kind: 'leaf' | 'branch' | 'freelist', content: Buffer, pages: number): void {
    this.#pages.push({ id: this.#next, kind });
    this.#chunks.push(content, Buffer.alloc(pages * this.#pageSize - content.length));
    this.#next += pages;
  }
}

function writeHeader(page: Buffer, id: number, flags: number, count: number, overflow: number): void {
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(flags, 8);
  page.writeUInt16LE(count, 10);
  page.writeUInt32LE(overflow, 12);
}

function encodePage(id: number, kind: 'leaf' | 'branch', elements: readonly Element[], overflow: number): Buffer {
  const elementSize = kind === 'leaf' ? LEAF_ELEMENT_SIZE : BRANCH_ELEMENT_SIZE;
  const table = Buffer.alloc(PAGE_HEADER_SIZE + elements.length * elementSize);
  writeHeader(table, id, PAGE_FLAG[kind], elements.length, overflow);
  const data: Buffer[] = [];
  let dataAt = table.length;
  for (const [index, { key, value, flags }] of elements.entries()) {
    const at = PAGE_HEADER_SIZE + index * elementSize;
    data.push(key);
    if (typeof value === 'number') {
      table.writeUInt32LE(dataAt - at, at);
      table.writeUInt32LE(key.length, at + 4);
      table.writeBigUInt64LE(BigInt(value), at + 8);
      dataAt += key.length;
    } else {
      data.push(value);
      table.writeUInt32LE(flags, at);
      table.writeUInt32LE(dataAt - at, at + 4);
      table.writeUInt32LE(key.length, at + 8);
      table.writeUInt32LE(value.length, at + 12);
      dataAt += key.length + value.length;
    }
  }
  return Buffer.concat([table, ...data]);
}

/** A meta page; its number is its transaction's too, so that page 1 is the newer unless `txid` says otherwise. */
export function encodeMetaPage(meta: {
  readonly page: number;
  readonly pageSize: number;
  readonly root: bigint;
  readonly freelist: bigint;
  readonly highWater: bigint;
  readonly txid?: bigint;
}): Buffer {
  const page = Buffer.alloc(meta.pageSize);
  writeHeader(page, meta.page, PAGE_FLAG.meta, 0, 0);
  const record = page.subarray(PAGE_HEADER_SIZE);
  record.writeUInt32LE(MAGIC, 0);
  record.writeUInt32LE(VERSION, 4);
  record.writeUInt32LE(meta.pageSize, 8);
  record.writeBigUInt64LE(meta.root, 16);
  record.writeBigUInt64LE(meta.freelist, 32);
  record.writeBigUInt64LE(meta.highWater, 40);
  record.writeBigUInt64LE(meta.txid ?? BigInt(meta.page), 48);
  record.writeBigUInt64LE(fnv1a(record.subarray(0, 56)), 56);
  return page;
}

/** Flips a bit of a copy, or sets a byte to `value`. */
export function spoiled(bytes: Uint8Array, at: number, value?: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value ?? (copy[at] ?? 0) ^ 1;
  return copy;
}
