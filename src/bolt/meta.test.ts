import { describe, expect, it } from 'vitest';
import { decodeMeta, fnv1a, META_PAGE_BYTES, NO_FREELIST } from './meta.ts';
import { encodeMetaPage, spoiled } from './test-file.ts';

const page = encodeMetaPage({
  page: 1,
  pageSize: 8192,
  root: 4n,
  freelist: NO_FREELIST,
  highWater: 17n,
  txid: 0x1234_5678_9abc_def0n,
});

describe('the meta page', () => {
  it('is decoded field by field', () => {
    expect(decodeMeta(page)).toEqual({
      meta: {
        pageSize: 8192,
        root: 4n,
        sequence: 0n,
        freelist: undefined,
        highWater: 17n,
        txid: 0x1234_5678_9abc_def0n,
      },
    });
  });

  it('names its freelist where it has one', () => {
    const listed = encodeMetaPage({ page: 0, pageSize: 4096, root: 2n, freelist: 3n, highWater: 5n });
    expect(decodeMeta(listed)).toMatchObject({ meta: { freelist: 3n } });
  });

  it.each([
    ['wrong magic', 16],
    ['unknown version', 20],
    ['wrong checksum', 24],
    ['wrong checksum', 32],
    ['wrong checksum', 72],
  ])('with %s is refused, whichever byte is at fault', (defect, at) => {
    expect(decodeMeta(spoiled(page, at))).toEqual({ defect });
  });

  it('of a big-endian machine is told from a destroyed one', () => {
    const swapped = Buffer.from(page);
    swapped.subarray(16, 20).reverse();
    expect(decodeMeta(swapped)).toEqual({ defect: 'big-endian' });
  });

  it('that is cut short is refused', () => {
    expect(decodeMeta(page.subarray(0, META_PAGE_BYTES - 1))).toEqual({ defect: 'cut short' });
  });
});

describe('FNV-1a', () => {
  it('gives the published values', () => {
    expect(fnv1a(Buffer.from(''))).toBe(0xcbf29ce484222325n);
    expect(fnv1a(Buffer.from('a'))).toBe(0xaf63dc4c8601ec8cn);
    expect(fnv1a(Buffer.from('foobar'))).toBe(0x85944171f73967e8n);
  });
});
