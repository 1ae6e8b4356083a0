import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { PageAllocator } from './allocator.ts';
import { decodeBranch, encodeBranch } from './branch.ts';
import { decodeBucket, encodeBucketHeader } from './bucket.ts';
import { FindingList } from './findings.ts';
import { encodeFreelist, freelistSize, readFreelist } from './freelist.ts';
import type { BoltLayout } from './layout.ts';
import { decodeMeta, encodeMeta } from './meta.ts';
import { decodePageHeader, encodePageHeader, viewOf } from './page.ts';
import { PageSet } from './page-set.ts';
import { PageWriter } from './page-writer.ts';
import { splitPoints } from './spill.ts';
import { MemoryFile } from './test-memory.ts';

const word = fc.bigInt(0n, 2n ** 64n - 2n);
const keys = fc
  .uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
    minLength: 1,
    maxLength: 60,
    selector: (key) => Buffer.from(key).toString('hex'),
  })
  .map((all) => all.sort((left, right) => Buffer.compare(left, right)));

function layout(pageCount: number, freelist: number): BoltLayout {
  return { pageSize: 4096, pageCount, highWater: pageCount, root: 3, freelist, txid: 1n, metaPage: 0 };
}

describe('what is encoded is decoded again', () => {
  it('for page headers', () => {
    const header = fc.record({
      id: fc.nat(Number.MAX_SAFE_INTEGER),
      flags: fc.nat(0xffff),
      count: fc.nat(0xffff),
      overflow: fc.nat(0xffff_ffff),
    });
    fc.assert(
      fc.property(header, (value) => {
        const view = viewOf(new Uint8Array(24));
        encodePageHeader(view, 4, value);
        expect(decodePageHeader(view, 4)).toEqual(value);
      }),
    );
  });

  it('for metas', () => {
    const meta = fc.record({
      pageSize: fc.constantFrom(1024, 4096, 65_536),
      root: word,
      sequence: word,
      freelist: fc.option(word, { nil: undefined }),
      highWater: word,
      txid: word,
    });
    fc.assert(
      fc.property(meta, fc.constantFrom(0 as const, 1 as const), (value, page) => {
        const bytes = new Uint8Array(100);
        encodeMeta(bytes, page, value);
        expect(decodeMeta(bytes)).toEqual({ meta: value });
      }),
    );
  });

  it('for branch pages', () => {
    fc.assert(
      fc.property(keys, (all) => {
        const bytes = new Uint8Array(8192);
        encodeBranch(
          bytes,
          { id: 9, overflow: 1 },
          all.map((key, index) => ({ key, page: index * 0x1_0000_0001 })),
        );
        const findings = new FindingList();
        const children = decodeBranch(bytes, 9, undefined, undefined, findings);
        expect(findings.report).toEqual([]);
        expect(children.map(({ page }) => page)).toEqual(all.map((_, index) => index * 0x1_0000_0001));
        expect(children.map(({ start, end }) => bytes.slice(start, end))).toEqual(all);
      }),
    );
  });

  it('for bucket headers', () => {
    const value = new Uint8Array(16);
    encodeBucketHeader(value, 77, 5n);
    const bucket = decodeBucket(new Uint8Array(1), 'bucket', value, new FindingList());
    expect(bucket).toMatchObject({ root: 77, sequence: 5n, inline: undefined });
  });

  it.each([0, 1, 0xfffe, 0xffff, 0x10000, 100_000])('for a list of %i free pages', (count) => {
    const pages = Uint32Array.from({ length: count }, (_, index) => 1000 + index * 2);
    const size = Math.ceil(freelistSize(count) / 4096);
    const file = new Uint8Array((2 + size) * 4096);
    encodeFreelist(file.subarray(2 * 4096), { id: 2, overflow: size - 1 }, pages);
    const findings = new FindingList();
    const read = readFreelist(inMemory(file), layout(300_000, 2), new PageSet(300_000), findings);
    expect(findings.report).toEqual([]);
    expect(read?.size).toBe(count);
    expect(pages.every((page) => read?.has(page))).toBe(true);
  });
});

describe('where nodes are cut into pages', () => {
  it('leaves no entry out, puts two or more on each page and fills by half', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 17, max: 300 }), fc.integer({ min: 17, max: 9000 })), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(sizes, (all) => {
        const size = all.reduce((sum, each) => sum + each, 16);
        const points = splitPoints({ count: all.length, size, entrySize: (index) => all[index] ?? 0 }, 4096);
        expect(points.at(-1)).toBe(all.length);
        const parts = points.map((to, index) => all.slice(points[index - 1] ?? 0, to));
        expect(parts.flat()).toEqual(all);
        if (parts.length === 1) {
          expect(all.length <= 4 || size <= 4096).toBe(true);
          return;
        }
        for (const part of parts) expect(part.length).toBeGreaterThanOrEqual(2);
        for (const part of parts.slice(0, -1)) {
          const before = part.slice(0, -1).reduce((sum, each) => sum + each, 16);
          expect(before <= 2048 || part.length <= 2).toBe(true);
        }
      }),
    );
  });
});

describe('pages', () => {
  const free = (): PageSet => {
    const set = new PageSet(100);
    for (const page of [10, 11, 20, 30, 31, 32, 40]) set.add(page);
    return set;
  };

  it('are taken from the free ones where enough of them are neighbours, else from the end', () => {
    const allocator = new PageAllocator(layout(100, 2), free());
    const first = [3, 3, 1, 2, 1, 1, 1].map((count) => allocator.allocate(count));
    expect(first).toEqual([30, 100, 10, 103, 11, 20, 40]);
    expect(allocator.highWater).toBe(105);
    expect(allocator.freeCount).toBe(0);
  });

  it('that are given back are listed, and used by nobody before the next transaction', () => {
    const allocator = new PageAllocator(layout(100, 2), free());
    allocator.release({ page: 50, pages: 3 });
    expect(allocator.allocate(3)).toBe(30);
    expect(allocator.allocate(3)).toBe(100);
    expect([...allocator.listFree()]).toEqual([10, 11, 20, 40, 50, 51, 52]);
    expect(allocator.freeCount).toBe(7);
  });

  it.each([
    ['twice', 50],
    ['though free already', 20],
    ['though they hold a meta', 1],
    ['though the file has none such', 100],
  ])('are not given back %s', (_, page) => {
    const allocator = new PageAllocator(layout(100, 2), free());
    allocator.release({ page: 50, pages: 1 });
    expect(() => allocator.release({ page, pages: 1 })).toThrow(expect.objectContaining({ code: 'BOLT_DAMAGED' }));
  });
});

describe('the writer of pages', () => {
  it('hands out zeros, also where it has written before', () => {
    const file = new MemoryFile();
    const writer = new PageWriter(file, 4096);
    for (let page = 0; page < 600; page++) {
      const room = writer.pages(page, 1);
      expect(room.every((byte) => byte === 0)).toBe(true);
      room.fill((page % 255) + 1);
    }
    writer.sync();
    expect(file.size).toBe(600 * 4096);
    expect(file.steps.map(({ kind }) => kind)).toEqual(['write', 'write', 'write', 'sync']);
  });

  it('writes neighbours together and the rest apart, whatever their order', () => {
    const file = new MemoryFile();
    const writer = new PageWriter(file, 1024);
    for (const [page, count] of [
      [5, 1],
      [6, 2],
      [9, 1],
      [3, 2],
    ] as const)
      writer.pages(page, count).fill(page);
    writer.flush();
    const writes = file.steps.flatMap((step) => (step.kind === 'write' ? [[step.position, step.bytes.length]] : []));
    expect(writes).toEqual([
      [5 * 1024, 3 * 1024],
      [9 * 1024, 1024],
      [3 * 1024, 2 * 1024],
    ]);
    expect([5, 6, 7, 9, 3, 4].map((page) => file.image[page * 1024])).toEqual([5, 6, 6, 9, 3, 3]);
  });
});
