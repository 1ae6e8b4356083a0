import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { FindingList } from './findings.ts';
import { readLayout, type BoltLayout } from './layout.ts';
import { NO_FREELIST } from './meta.ts';
import { encodeMetaPage, makeBolt, spoiled } from './test-file.ts';

function read(bytes: Uint8Array): { layout: BoltLayout | undefined; codes: readonly string[] } {
  const findings = new FindingList();
  const layout = readLayout(inMemory(bytes), findings);
  return { layout, codes: findings.report.map(({ code }) => code) };
}

const META_CHECKSUM = 16 + 56;

describe.each([1024, 4096, 8192, 16384, 65536])('a file with pages of %i bytes', (pageSize) => {
  const { bytes } = makeBolt({ one: { entries: [['a', 'b']] } }, { pageSize });

  it('is read by its newer meta page', () => {
    const { layout, codes } = read(bytes);
    expect(codes).toEqual([]);
    expect(layout).toMatchObject({ pageSize, metaPage: 1, txid: 1n, highWater: 4, pageCount: 4, root: 3 });
  });

  it('is read by meta page 0 if meta page 1 is damaged', () => {
    const { layout, codes } = read(spoiled(bytes, pageSize + META_CHECKSUM));
    expect(codes).toEqual(['BOLT_META_DAMAGED']);
    expect(layout).toMatchObject({ pageSize, metaPage: 0, txid: 0n });
  });

  it('is read by meta page 1 if meta page 0 is damaged, though only meta page 0 tells where that is', () => {
    const { layout, codes } = read(spoiled(bytes, META_CHECKSUM));
    expect(codes).toEqual(['BOLT_META_DAMAGED']);
    expect(layout).toMatchObject({ pageSize, metaPage: 1, txid: 1n });
  });

  it('is not read if both are damaged', () => {
    const { layout, codes } = read(spoiled(spoiled(bytes, META_CHECKSUM), pageSize + META_CHECKSUM));
    expect(layout).toBeUndefined();
    expect(codes).toEqual(['BOLT_META_MISSING']);
  });

  it('that was cut short says so and can still be walked as far as it goes', () => {
    const { layout, codes } = read(bytes.subarray(0, bytes.length - 1));
    expect(codes).toEqual(['BOLT_TRUNCATED']);
    expect(layout).toMatchObject({ highWater: 4, pageCount: 3 });
  });
});

describe('the choice of the meta page', () => {
  it('goes by transaction, not by place', () => {
    const { bytes } = makeBolt({});
    const newer = encodeMetaPage({ page: 0, pageSize: 4096, root: 2n, freelist: NO_FREELIST, highWater: 3n, txid: 9n });
    expect(read(Buffer.concat([newer, bytes.subarray(4096)])).layout).toMatchObject({ metaPage: 0, txid: 9n });
  });

  it('reports a meta page under a wrong page header', () => {
    const { bytes } = makeBolt({});
    expect(read(spoiled(bytes, 0)).codes).toEqual(['BOLT_PAGE_ID']);
    expect(read(spoiled(bytes, 4096 + 8)).codes).toEqual(['BOLT_PAGE_TYPE']);
  });
});

describe('a meta page that is intact but cannot be true', () => {
  const plausible = { pageSize: 4096, root: 2n, freelist: NO_FREELIST, highWater: 3n };
  it.each([
    ['an odd page size', { ...plausible, pageSize: 5000 }],
    ['a root bucket on a meta page', { ...plausible, root: 1n }],
    ['a root bucket beyond the last page', { ...plausible, root: 3n }],
    ['a freelist beyond the last page', { ...plausible, freelist: 3n }],
    ['more pages than can be', { ...plausible, highWater: 1n << 40n }],
  ])('names %s, and nothing is walked', (_what, meta) => {
    const metas = [0, 1].map((page) => encodeMetaPage({ ...meta, page }));
    const { layout, codes } = read(Buffer.concat([...metas, Buffer.alloc(4096)]));
    expect(layout).toBeUndefined();
    expect(codes).toContain('BOLT_META_IMPLAUSIBLE');
  });
});

describe('what is no bolt file', () => {
  it.each([0, 1, 79, 80, 4096, 100_000])('(%i zero bytes) is refused', (size) => {
    expect(read(Buffer.alloc(size))).toEqual({ layout: undefined, codes: ['BOLT_META_MISSING'] });
  });

  it('is told from a file of a big-endian machine', () => {
    const { bytes } = makeBolt({});
    bytes.subarray(16, 20).reverse();
    bytes.fill(0, 4096);
    const findings = new FindingList();
    readLayout(inMemory(bytes), findings);
    expect(findings.report[0]?.message).toContain('big-endian');
  });
});
