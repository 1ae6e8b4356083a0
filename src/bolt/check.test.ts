import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory, type Finding } from '../base/index.ts';
import { checkBolt } from './check.ts';
import { BoltError } from './errors.ts';
import { makeBolt, spoiled, type TestBucket, type TestFile } from './test-file.ts';

const entries = (count: number, size = 20): (readonly [string, string])[] =>
  Array.from({ length: count }, (_, index) => [`key-${String(index).padStart(5, '0')}`, 'v'.repeat(size)]);

const check = (bytes: Uint8Array): readonly Finding[] => checkBolt(inMemory(bytes)).findings;
const codes = (bytes: Uint8Array): readonly string[] => check(bytes).map(({ code }) => code);

/** Writes a page's element `index`, field at `offset`, of a copy. */
function withElement(file: TestFile, page: number, index: number, offset: number, value: number): Buffer {
  const copy = Buffer.from(file.bytes);
  copy.writeUInt32LE(value, page * file.pageSize + 16 + index * 16 + offset);
  return copy;
}

function pageOf(file: TestFile, kind: 'leaf' | 'branch' | 'freelist', index = 0): number {
  return file.pages.filter((page) => page.kind === kind)[index]?.id ?? -1;
}

describe('a good file', () => {
  const shapes: readonly (readonly [string, Readonly<Record<string, TestBucket>>])[] = [
    ['no buckets', {}],
    ['an empty bucket', { one: {} }],
    ['an inline bucket', { one: { inline: true, entries: entries(3) } }],
    ['a deep tree', { one: { entries: entries(500) } }],
    ['values larger than a page', { one: { entries: entries(20, 9000) } }],
    ['nested buckets', { one: { buckets: { two: { buckets: { three: { entries: entries(40) } } } } } }],
    ['inline buckets in buckets', { one: { entries: entries(9), buckets: { two: { inline: true } } } }],
  ];
  it.each(shapes)('with %s has no findings', (_shape, buckets) => {
    for (const pageSize of [4096, 65536]) expect(check(makeBolt(buckets, { pageSize }).bytes)).toEqual([]);
  });

  it('may list its free pages or not', () => {
    const buckets = { one: { entries: entries(100) } };
    const listed = checkBolt(inMemory(makeBolt(buckets, { freePages: 700, freelist: true }).bytes));
    expect(listed.findings).toEqual([]);
    expect(listed.pages).toMatchObject({ free: 700 });
    const counted = makeBolt(buckets, { freePages: 700, freelist: true, countInList: true });
    expect(check(counted.bytes)).toEqual([]);
    const unlisted = checkBolt(inMemory(makeBolt(buckets, { freePages: 700 }).bytes));
    expect(unlisted.findings).toEqual([]);
    expect(unlisted.pages).toMatchObject({ free: 700 });
  });

  it('of any shape has no findings', () => {
    const entry = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 20 }).map((key) => Buffer.concat([Buffer.from('k'), key])),
      fc.uint8Array({ maxLength: 3000 }),
    );
    const content = fc.uniqueArray(entry, { selector: ([key]) => key.toString('hex'), maxLength: 30 });
    const flat = fc.record({ entries: content, inline: fc.boolean() });
    const nested = fc.record({ entries: content, buckets: fc.dictionary(fc.constantFrom('a', 'z'), flat) });
    const bucket: fc.Arbitrary<TestBucket> = fc.oneof(flat, nested);
    const options = fc.record({
      entriesPerLeaf: fc.integer({ min: 1, max: 9 }),
      childrenPerBranch: fc.integer({ min: 2, max: 5 }),
      freePages: fc.integer({ min: 0, max: 3 }),
      freelist: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('key', 'meta'), bucket), options, (buckets, shape) => {
        expect(check(makeBolt(buckets, shape).bytes)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('damage to a tree', () => {
  const file = makeBolt({ one: { entries: entries(200) } }, { freePages: 2 });
  const leaf = pageOf(file, 'leaf', 3);
  const branch = pageOf(file, 'branch');
  const at = (page: number): number => page * file.pageSize;

  it('is found where a page carries another number', () => {
    expect(codes(spoiled(file.bytes, at(leaf)))).toEqual(['BOLT_PAGE_ID']);
  });

  it('is found where a page is of another type', () => {
    expect(codes(spoiled(file.bytes, at(leaf) + 8, 0x10))).toEqual(['BOLT_PAGE_TYPE']);
    expect(codes(spoiled(file.bytes, at(leaf) + 8, 0x03))).toEqual(['BOLT_PAGE_TYPE']);
  });

  it('is found where a page claims more elements than it has', () => {
    expect(codes(spoiled(file.bytes, at(leaf) + 11, 0xff))).toContain('BOLT_ELEMENT_MISPLACED');
    expect(codes(spoiled(file.bytes, at(branch) + 11, 0xff))).toContain('BOLT_ELEMENT_MISPLACED');
  });

  it('is found where a page claims pages that others use, or that are not there', () => {
    expect(codes(spoiled(file.bytes, at(leaf) + 12, 1))).toEqual(['BOLT_PAGE_SHARED']);
    expect(codes(spoiled(file.bytes, at(leaf) + 15, 1))).toEqual(['BOLT_PAGE_OVERFLOW']);
  });

  it('is found where an element lies elsewhere', () => {
    expect(codes(withElement(file, leaf, 2, 4, 5000))).toContain('BOLT_ELEMENT_MISPLACED');
    expect(codes(withElement(file, leaf, 2, 12, 0xffff_ffff))).toContain('BOLT_ELEMENT_MISPLACED');
    expect(codes(withElement(file, branch, 1, 0, 3))).toContain('BOLT_ELEMENT_MISPLACED');
  });

  it('is found where an element has unknown flags or no key', () => {
    expect(codes(withElement(file, leaf, 0, 0, 2))).toEqual(['BOLT_ELEMENT_MALFORMED']);
    expect(codes(withElement(file, leaf, 0, 8, 0))).toContain('BOLT_ELEMENT_MALFORMED');
  });

  it('is found where keys are out of order, within a page or against its parent', () => {
    const dataAt = at(leaf) + 16 + 8 * 16;
    expect(codes(spoiled(file.bytes, dataAt + 29 + 6, 0x7a))).toContain('BOLT_KEY_ORDER');
    expect(codes(spoiled(file.bytes, dataAt, 0x20))).toEqual(['BOLT_KEY_BOUNDS']);
    expect(codes(spoiled(file.bytes, dataAt + 7 * 29, 0x7a))).toEqual(['BOLT_KEY_BOUNDS']);
  });

  it('is found where a branch refers to a page twice, to itself, to a meta page or beyond the last page', () => {
    const twice = withElement(file, branch, 1, 8, leaf - 3);
    expect(codes(twice)).toContain('BOLT_PAGE_SHARED');
    expect(codes(withElement(file, branch, 1, 8, branch))).toContain('BOLT_PAGE_SHARED');
    expect(codes(withElement(file, branch, 1, 8, 0))).toContain('BOLT_PAGE_OUT_OF_RANGE');
    expect(codes(withElement(file, branch, 1, 8, 99_999))).toContain('BOLT_PAGE_OUT_OF_RANGE');
    expect(codes(withElement(file, branch, 1, 12, 1))).toContain('BOLT_PAGE_OUT_OF_RANGE');
  });

  it('is found where a branch has no children', () => {
    expect(codes(spoiled(file.bytes, at(branch) + 10, 0))).toEqual(['BOLT_BRANCH_EMPTY']);
  });

  it('comes out whole, not one finding at a time', () => {
    const twice = spoiled(spoiled(file.bytes, at(leaf)), at(pageOf(file, 'leaf', 9)));
    expect(codes(twice)).toEqual(['BOLT_PAGE_ID', 'BOLT_PAGE_ID']);
  });
});

describe('damage to buckets', () => {
  it('is found in a header that is too short, and in an inline page that is none', () => {
    const inline = makeBolt({ one: { inline: true, entries: entries(2) } });
    const root = pageOf(inline, 'leaf') * 4096;
    const value = root + 16 + 16 + 3;
    expect(codes(spoiled(inline.bytes, value + 16 + 8, 0x01))).toEqual(['BOLT_BUCKET_MALFORMED']);
    expect(codes(withElement(inline, root / 4096, 0, 12, 10))).toEqual(['BOLT_BUCKET_MALFORMED']);
    expect(codes(withElement(inline, root / 4096, 0, 12, 20))).toEqual(['BOLT_BUCKET_MALFORMED']);
  });

  it('is found where buckets are nested beyond belief', () => {
    let bucket: TestBucket = { entries: [['a', 'b']] };
    for (let depth = 0; depth < 70; depth++) bucket = { buckets: { deeper: bucket } };
    expect(codes(makeBolt({ top: bucket }).bytes)).toEqual(['BOLT_TOO_DEEP']);
  });

  it('is found where a tree is deeper than any real one', () => {
    const chain = makeBolt({ top: { entries: entries(80) } }, { entriesPerLeaf: 1, childrenPerBranch: 80 });
    const [branch = 0] = chain.pages.filter(({ kind }) => kind === 'branch').map(({ id }) => id);
    const bytes = Buffer.from(chain.bytes);
    for (const { id } of chain.pages.filter((page) => page.kind === 'leaf').slice(0, 79)) {
      bytes.copy(bytes, id * 4096 + 8, branch * 4096 + 8, branch * 4096 + 10);
      bytes.writeUInt16LE(1, id * 4096 + 10);
      bytes.writeUInt32LE(16, id * 4096 + 16);
      bytes.writeUInt32LE(9, id * 4096 + 20);
      bytes.writeBigUInt64LE(BigInt(id + 1), id * 4096 + 24);
    }
    expect(codes(bytes)).toContain('BOLT_TOO_DEEP');
  });
});

describe('damage to the freelist', () => {
  const file = makeBolt({ one: { entries: entries(100) } }, { freePages: 3, freelist: true });
  const freelist = pageOf(file, 'freelist') * file.pageSize;
  const withFree = (index: number, page: number): Buffer => {
    const copy = Buffer.from(file.bytes);
    copy.writeBigUInt64LE(BigInt(page), freelist + 16 + index * 8);
    return copy;
  };

  it('is found where a page is free twice, and where one is neither free nor used', () => {
    expect(codes(withFree(0, 3))).toEqual(['BOLT_FREELIST', 'BOLT_PAGE_LOST']);
  });

  it('is found where a page in use is free', () => {
    expect(codes(withFree(0, pageOf(file, 'leaf')))).toEqual(['BOLT_PAGE_FREED', 'BOLT_PAGE_LOST']);
  });

  it('is found where it names pages that cannot be', () => {
    expect(codes(withFree(0, 1))).toEqual(['BOLT_FREELIST', 'BOLT_PAGE_LOST']);
    expect(codes(withFree(0, 1_000_000))).toEqual(['BOLT_FREELIST', 'BOLT_PAGE_LOST']);
  });

  it('is found where it is something else, or longer than its pages', () => {
    expect(codes(spoiled(file.bytes, freelist + 8, 2))).toEqual(['BOLT_PAGE_TYPE']);
    expect(codes(spoiled(file.bytes, freelist + 11, 0x20))).toEqual(['BOLT_FREELIST']);
    expect(codes(spoiled(file.bytes, freelist + 15, 1))).toEqual(['BOLT_PAGE_OVERFLOW']);
    expect(codes(spoiled(file.bytes, freelist, 1))).toContain('BOLT_PAGE_ID');
  });
});

describe('a hostile file', () => {
  it('whose pages all claim all that follow them is examined in time that grows with its size alone', () => {
    const file = makeBolt({ one: { entries: entries(3000) } }, { entriesPerLeaf: 1, childrenPerBranch: 100 });
    const bytes = Buffer.from(file.bytes);
    const last = bytes.length / file.pageSize - 1;
    let read = 0;
    const source = inMemory(bytes);
    const counting = {
      size: source.size,
      read: (target: Uint8Array, position: number): number => {
        read += target.length;
        return source.read(target, position);
      },
    };
    // Backwards, so that each page's claim begins with pages that are not taken yet.
    for (const { id, kind } of file.pages) {
      if (kind === 'leaf') bytes.writeUInt32LE(last - id, id * file.pageSize + 12);
      else reverseChildren(bytes.subarray(id * file.pageSize, (id + 1) * file.pageSize));
    }
    const { findings } = checkBolt(counting);
    expect(findings.map(({ code }) => code)).toContain('BOLT_PAGE_SHARED');
    expect(read).toBeLessThan(bytes.length * 3);
  });
});

/** Gives a branch page's children the reverse order, and leaves its keys as they are. */
function reverseChildren(page: Buffer): void {
  const count = page.readUInt16LE(10);
  const children = Array.from({ length: count }, (_, index) => page.readBigUInt64LE(24 + index * 16)).reverse();
  for (const [index, child] of children.entries()) page.writeBigUInt64LE(child, 24 + index * 16);
}

describe('any bytes at all', () => {
  it('are examined to the end without a foreign error', () => {
    const file = makeBolt(
      {
        key: { entries: entries(300) },
        meta: { inline: true, entries: entries(2) },
        big: { entries: entries(4, 9000) },
      },
      { freePages: 5, freelist: true },
    );
    const byte = fc.tuple(fc.nat(file.bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 1, maxLength: 40 }), fc.nat(file.bytes.length), (bytes, cut) => {
        const copy = Buffer.from(file.bytes);
        // Bytes within headers and element tables do more harm than those within values.
        for (const [at, value] of bytes) copy[at % 3 === 0 ? at : at - (at % 4096) + (at % 64)] = value;
        check(copy);
        check(copy.subarray(0, cut));
      }),
      { numRuns: 300 },
    );
  });

  it('that the system cannot read are the only reason to throw', () => {
    const source = {
      size: 8192,
      read: () => {
        throw Object.assign(new Error('i/o error'), { code: 'EIO' });
      },
    };
    expect(() => checkBolt(source)).toThrow(BoltError);
    expect(() => checkBolt(source)).toThrow('i/o error');
  });
});
