import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { checkBolt } from './check.ts';
import { createBolt } from './create.ts';
import { BoltError } from './errors.ts';
import { readLayout } from './layout.ts';
import { FindingList } from './findings.ts';
import { decodeMeta, encodeMeta } from './meta.ts';
import { makeBolt } from './test-file.ts';
import { contentOf, fingerprint, MemoryFile } from './test-memory.ts';
import { updateBolt, type BoltTransaction } from './transaction.ts';
import { LONGEST_VALUE, type WritableBucket } from './writable-bucket.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();
const numbered = (number: number): Buffer => bytes(`key-${String(number).padStart(6, '0')}`);
const NAME = bytes('bucket');

function emptyFile(pageSize = 4096): MemoryFile {
  const file = new MemoryFile();
  createBolt(file, { pageSize });
  return file;
}

function fileWith(count: number, size = 50): MemoryFile {
  const file = emptyFile();
  updateBolt(file, (transaction) => {
    const bucket = transaction.createBucketIfMissing(NAME);
    for (let number = 0; number < count; number++) bucket.put(numbered(number), Buffer.alloc(size, number));
  });
  file.steps.length = 0;
  return file;
}

function change(file: MemoryFile, action: (bucket: WritableBucket) => void): void {
  updateBolt(file, (transaction) => action(transaction.requireBucket(NAME)));
  expect(checkBolt(file).findings).toEqual([]);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof BoltError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

function layoutOf(file: MemoryFile): NonNullable<ReturnType<typeof readLayout>> {
  const layout = readLayout(file, new FindingList());
  if (layout === undefined) throw new Error('no layout');
  return layout;
}

describe('a new file', () => {
  it.each([1024, 4096, 65_536])('of pages of %i bytes is good and empty', (pageSize) => {
    const file = emptyFile(pageSize);
    expect(checkBolt(file)).toMatchObject({ findings: [], pages: { total: 4, used: 4, free: 0 } });
    expect(contentOf(file).buckets.size).toBe(0);
  });

  it('is not made over something', () => {
    expect(codeOf(() => createBolt(new MemoryFile(bytes('x'))))).toBe('BOLT_NOT_EMPTY');
  });

  it.each([0, 512, 5000, 131_072])('has no pages of %i bytes', (pageSize) => {
    expect(() => createBolt(new MemoryFile(), { pageSize })).toThrow(TypeError);
  });
});

describe('a transaction', () => {
  it('sees what it has done', () => {
    change(fileWith(10), (bucket) => {
      bucket.put(bytes('a'), bytes('one'));
      bucket.put(bytes('a'), bytes('two'));
      expect(text(bucket.get(bytes('a')))).toBe('two');
      expect(text(bucket.first()?.key)).toBe('a');
      expect(bucket.delete(bytes('a'))).toBe(true);
      expect(bucket.delete(bytes('a'))).toBe(false);
      expect(bucket.get(bytes('a'))).toBeUndefined();
      expect(text(bucket.seek(bytes('key-000003x'))?.key)).toBe('key-000004');
      expect(text(bucket.last()?.key)).toBe('key-000009');
      expect(bucket.seek(bytes('z'))).toBeUndefined();
    });
  });

  it('returns what the change returns', () => {
    expect(updateBolt(fileWith(3), (transaction) => text(transaction.bucket(NAME)?.last()?.key))).toBe('key-000002');
  });

  it('names the buckets in order', () => {
    const names = updateBolt(emptyFile(), (transaction) => {
      for (const name of ['meta', 'key', 'auth']) transaction.createBucketIfMissing(bytes(name));
      return Array.from(transaction.bucketNames(), text);
    });
    expect(names).toEqual(['auth', 'key', 'meta']);
  });

  it('goes through all entries while it deletes them', () => {
    const file = fileWith(5000);
    change(file, (bucket) => {
      let count = 0;
      for (const { key } of bucket.entries(numbered(100))) {
        bucket.delete(key);
        count++;
      }
      expect(count).toBe(4900);
    });
    expect(contentOf(file).buckets.get(NAME.toString('hex'))?.values.size).toBe(100);
  });

  it('hands out copies and keeps copies', () => {
    change(fileWith(3), (bucket) => {
      const value = bytes('mine');
      bucket.put(bytes('a'), value);
      value.fill(0);
      bucket.get(bytes('a'))?.fill(0);
      expect(text(bucket.get(bytes('a')))).toBe('mine');
    });
  });

  it('keeps a small bucket in its parent and gives it pages when it grows, and back', () => {
    const file = fileWith(3);
    expect(checkBolt(file).pages).toMatchObject({ used: 4 });
    change(file, (bucket) => bucket.put(bytes('large'), Buffer.alloc(1000)));
    expect(checkBolt(file).pages).toMatchObject({ used: 5 });
    change(file, (bucket) => bucket.delete(bytes('large')));
    expect(checkBolt(file).pages).toMatchObject({ used: 4 });
  });

  it('keeps a bucket small whose values are replaced again and again', () => {
    const file = fileWith(3);
    change(file, (bucket) => {
      for (let round = 0; round < 1000; round++) bucket.put(numbered(round % 3), bytes(`round ${round}`));
    });
    expect(checkBolt(file).pages).toMatchObject({ used: 4 });
  });

  it('merges pages that have become too small, also where every page keeps something', () => {
    const file = fileWith(20_000);
    change(file, (bucket) => {
      for (let number = 0; number < 20_000; number++) if (number % 100 !== 0) bucket.delete(numbered(number));
    });
    // 200 entries of 76 bytes each.
    expect(checkBolt(file).pages?.used).toBeLessThan(20);
  });

  it('removes a bucket of an earlier transaction out of one that stays, or that goes too', () => {
    const file = emptyFile();
    const nest = (transaction: BoltTransaction): WritableBucket => {
      const outer = transaction.createBucketIfMissing(NAME);
      const inner = outer.createBucketIfMissing(bytes('inner'));
      for (let number = 0; number < 1000; number++) inner.put(numbered(number), bytes('x'));
      return outer;
    };
    for (const goes of [false, true]) {
      updateBolt(file, nest);
      updateBolt(file, (transaction) => {
        transaction.requireBucket(NAME).deleteBucket(bytes('inner'));
        if (goes) transaction.deleteBucket(NAME);
      });
      expect(checkBolt(file)).toMatchObject({ findings: [], pages: { used: 4 } });
    }
  });

  it('changes only the sequence of a bucket, though another writer put a large one into its parent', () => {
    const entries = Array.from({ length: 30 }, (_, number) => [numbered(number), Buffer.alloc(60)] as const);
    const file = new MemoryFile(makeBolt({ bucket: { inline: true, entries } }).bytes);
    change(file, (bucket) => (bucket.sequence = 9n));
    const content = contentOf(file).buckets.get(NAME.toString('hex'));
    expect(content).toMatchObject({ sequence: 9n, values: { size: 30 } });
  });

  it('reads nothing more once it writes, however much was looked at meanwhile', () => {
    const file = fileWith(20_000, 500);
    updateBolt(file, (transaction) => transaction.createBucketIfMissing(bytes('a')).put(bytes('x'), bytes('y')));
    let wrote = false;
    file.before = (step) => {
      expect(step === 'read' && wrote).toBe(false);
      wrote ||= step === 'write';
    };
    updateBolt(file, (transaction) => {
      const bucket = transaction.requireBucket(bytes('a'));
      // More than is gathered before it is written.
      for (let number = 0; number < 10; number++) bucket.put(numbered(number), Buffer.alloc(1_000_000));
      expect(Array.from(transaction.requireBucket(NAME).entries())).toHaveLength(20_000);
    });
  });

  it('gives the pages of deleted entries to later transactions', () => {
    const file = fileWith(20_000);
    change(file, (bucket) => {
      for (let number = 10; number < 20_000; number++) bucket.delete(numbered(number));
    });
    const { size } = file;
    const { total, used } = checkBolt(file).pages ?? { total: 0, used: 0 };
    expect(used).toBeLessThan(10);
    expect(total).toBeGreaterThan(700);
    change(file, (bucket) => {
      for (let number = 0; number < 15_000; number++) bucket.put(numbered(number), bytes('again'));
    });
    expect(file.size).toBe(size);
  });

  it('lists more free pages than a page header can count', () => {
    const file = emptyFile(1024);
    updateBolt(file, (transaction) => {
      for (let part = 0; part < 5; part++) {
        transaction.createBucketIfMissing(bytes(`b${part}`)).put(bytes('x'), Buffer.alloc(14 * 1024 * 1024));
      }
    });
    updateBolt(file, (transaction) => {
      for (let part = 0; part < 5; part++) transaction.deleteBucket(bytes(`b${part}`));
    });
    const { findings, pages } = checkBolt(file);
    expect(findings).toEqual([]);
    expect(pages?.free).toBeGreaterThan(0xffff);
    const { size } = file;
    updateBolt(file, (transaction) => {
      transaction.createBucketIfMissing(NAME).put(bytes('x'), Buffer.alloc(14 * 1024 * 1024));
    });
    expect(checkBolt(file).findings).toEqual([]);
    expect(file.size).toBe(size);
  });

  it('writes and reads in proportion to the change', () => {
    const file = fileWith(20_000, 500);
    let reads = 0;
    file.before = (step) => (reads += step === 'read' ? 1 : 0);
    updateBolt(file, (transaction) => transaction.requireBucket(NAME).put(numbered(15_000), bytes('new')));
    const wrote = file.steps.reduce((sum, step) => sum + (step.kind === 'write' ? step.bytes.length : 0), 0);
    expect(reads).toBeLessThan(20);
    expect(wrote).toBeLessThan(12 * 4096);
  });
});

describe('nothing is written', () => {
  const untouched = (file: MemoryFile, run: () => unknown): void => {
    const before = file.image;
    run();
    expect(file.steps).toEqual([]);
    expect(file.image.equals(before)).toBe(true);
  };

  it('if nothing changes', () => {
    const file = fileWith(1000);
    untouched(file, () =>
      change(file, (bucket) => {
        bucket.put(numbered(7), Buffer.alloc(50, 7));
        bucket.delete(bytes('absent'));
        bucket.sequence = 0n;
        bucket.get(numbered(1));
      }),
    );
  });

  it('if the change throws', () => {
    const file = fileWith(1000);
    const failing = (transaction: BoltTransaction): void => {
      transaction.deleteBucket(NAME);
      throw new RangeError('no');
    };
    untouched(file, () => expect(() => updateBolt(file, failing)).toThrow(RangeError));
  });

  it('if the signal has aborted', () => {
    const file = fileWith(1000);
    const signal = AbortSignal.abort(new Error('stop'));
    const run = (): unknown => updateBolt(file, (transaction) => transaction.deleteBucket(NAME), { signal });
    untouched(file, () => expect(run).toThrow('stop'));
  });

  it('if a bucket is missing, or a key is of the other kind', () => {
    const file = fileWith(3);
    change(file, (bucket) => bucket.createBucketIfMissing(bytes('inner')));
    file.steps.length = 0;
    const inBucket = (action: (bucket: WritableBucket) => unknown) => () =>
      codeOf(() => updateBolt(file, (transaction) => action(transaction.requireBucket(NAME))));
    const codes = [
      () => codeOf(() => updateBolt(file, (transaction) => transaction.requireBucket(bytes('none')))),
      inBucket((bucket) => bucket.put(bytes('inner'), bytes('x'))),
      inBucket((bucket) => bucket.delete(bytes('inner'))),
      inBucket((bucket) => bucket.bucket(numbered(0))),
      inBucket((bucket) => bucket.createBucketIfMissing(numbered(0))),
      inBucket((bucket) => bucket.deleteBucket(numbered(0))),
    ];
    untouched(file, () =>
      expect(codes.map((run) => run())).toEqual(['BOLT_BUCKET_MISSING', ...Array<string>(5).fill('BOLT_WRONG_KIND')]),
    );
  });

  it('if a page that has to be read is damaged, whatever the damage', () => {
    const whole = fileWith(3000).image;
    const pages = whole.length / 4096;
    const spots = fc.array(fc.tuple(fc.nat(pages - 1), fc.oneof(fc.nat(80), fc.nat(4095)), fc.nat(255)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(spots, fc.nat(3000), (flips, number) => {
        const image = Buffer.from(whole);
        for (const [page, offset, value] of flips) image[page * 4096 + offset] = value;
        const file = new MemoryFile(image);
        try {
          updateBolt(file, (transaction) => {
            const bucket = transaction.bucket(NAME);
            for (let each = number; each < number + 300; each++) bucket?.delete(numbered(each));
            bucket?.put(numbered(number), bytes('new'));
            transaction.createBucketIfMissing(bytes('other'));
          });
        } catch (error) {
          expect(error).toBeInstanceOf(BoltError);
          expect(file.steps).toEqual([]);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('if a page holds keys that its parent does not lead to', () => {
    const { image } = fileWith(1000);
    const branch = Array.from({ length: image.length / 4096 }, (_, page) => page * 4096).find(
      (at) => at >= 2 * 4096 && image.readUInt16LE(at + 8) === 1,
    );
    if (branch === undefined) throw new Error('the file has no branch page');
    const element = branch + 16 + 5 * 16;
    const lastOfKey = element + image.readUInt32LE(element) + image.readUInt32LE(element + 4) - 1;
    const first = image.subarray(element + image.readUInt32LE(element), lastOfKey + 1).toString();
    image[lastOfKey] = (image[lastOfKey] ?? 0) + 1;
    const file = new MemoryFile(image);
    // A key of that page behind its first.
    const key = numbered(Number(first.slice(4)) + 3);
    const run = (): unknown => updateBolt(file, (transaction) => transaction.requireBucket(NAME).delete(key));
    untouched(file, () => expect(codeOf(run)).toBe('BOLT_DAMAGED'));
  });

  it('if two buckets that change share a page', () => {
    const many = Array.from({ length: 60 }, (_, number) => [numbered(number), Buffer.alloc(60)] as const);
    const { bytes: image, pages, pageSize } = makeBolt({ a: { entries: many }, b: { entries: many } });
    const root = readLayout(inMemory(image), new FindingList())?.root ?? 0;
    const header = image.readUInt32LE(root * pageSize + 16 + 4) + root * pageSize + 16 + 1;
    const other = image.readUInt32LE(root * pageSize + 32 + 4) + root * pageSize + 32 + 1;
    expect(pages.map(({ id }) => id)).toContain(image.readUInt32LE(header));
    image.copy(image, other, header, header + 8);
    const file = new MemoryFile(image);
    const run = (): void =>
      updateBolt(file, (transaction) => {
        for (const name of ['a', 'b']) transaction.requireBucket(bytes(name)).put(numbered(1), Buffer.alloc(3_000_000));
      });
    untouched(file, () => expect(codeOf(run)).toBe('BOLT_DAMAGED'));
  });

  it('if the bucket to delete is damaged anywhere', () => {
    const file = fileWith(3000);
    const image = file.image;
    image.writeUInt16LE(0x77, 20 * 4096 + 8);
    const damaged = new MemoryFile(image);
    untouched(damaged, () =>
      expect(codeOf(() => updateBolt(damaged, (transaction) => transaction.deleteBucket(NAME)))).toBe('BOLT_DAMAGED'),
    );
  });

  it('if the file is no bolt file, is cut short, or has pages that are too large', () => {
    const run = (image: Uint8Array) => () =>
      codeOf(() => updateBolt(new MemoryFile(image), (transaction) => transaction.createBucketIfMissing(NAME)));
    expect(run(Buffer.alloc(40_000))()).toBe('BOLT_DAMAGED');
    expect(run(fileWith(3000).image.subarray(0, 50_000))()).toBe('BOLT_DAMAGED');
    expect(run(makeBolt({}, { pageSize: 131_072 }).bytes)()).toBe('BOLT_UNSUPPORTED');
  });
});

describe('a wrong call', () => {
  it('is a TypeError', () => {
    updateBolt(fileWith(3), (transaction) => {
      const bucket = transaction.requireBucket(NAME);
      expect(() => bucket.put(bytes(''), bytes('x'))).toThrow(TypeError);
      expect(() => bucket.put(Buffer.alloc(32_769), bytes('x'))).toThrow(TypeError);
      expect(() => bucket.put(bytes('x'), new Uint8Array(LONGEST_VALUE + 1))).toThrow(TypeError);
      expect(() => (bucket.sequence = -1n)).toThrow(TypeError);
      expect(() => transaction.createBucketIfMissing(bytes(''))).toThrow(TypeError);
    });
  });

  it('is a bucket that lies deeper than readers go', () => {
    const file = emptyFile();
    updateBolt(file, (transaction) => {
      let bucket = transaction.createBucketIfMissing(NAME);
      for (let depth = 2; depth <= 32; depth++) bucket = bucket.createBucketIfMissing(NAME);
      expect(() => bucket.createBucketIfMissing(NAME)).toThrow(TypeError);
    });
    expect(checkBolt(file).findings).toEqual([]);
  });

  it('is any call after the end, or on a deleted bucket', () => {
    const file = fileWith(3);
    const kept = updateBolt(file, (transaction) => {
      const bucket = transaction.requireBucket(NAME);
      const inner = bucket.createBucketIfMissing(bytes('inner'));
      bucket.deleteBucket(bytes('inner'));
      expect(() => inner.put(bytes('x'), bytes('y'))).toThrow(TypeError);
      return bucket;
    });
    expect(() => kept.get(bytes('x'))).toThrow(TypeError);
  });
});

describe('the meta page that is written', () => {
  it('is the other one, with the next number that bbolt looks for there', () => {
    const file = fileWith(10);
    // As bbolt sends a snapshot: meta 0 is the newest whatever its number, meta 1 is one behind.
    for (const txid of [100n, 101n]) {
      const image = file.image;
      for (const page of [0, 1] as const) {
        const at = image.subarray(page * 4096, (page + 1) * 4096);
        const decoded = decodeMeta(image.subarray(layoutOf(file).metaPage * 4096));
        if ('defect' in decoded) throw new Error(decoded.defect);
        encodeMeta(at.fill(0), page, { ...decoded.meta, txid: txid - BigInt(page) });
      }
      const snapshot = new MemoryFile(image);
      change(snapshot, (bucket) => bucket.put(bytes('x'), bytes('y')));
      expect(layoutOf(snapshot)).toMatchObject({ metaPage: 1, txid: txid + (txid === 100n ? 1n : 2n) });
      change(snapshot, (bucket) => bucket.put(bytes('x'), bytes('z')));
      expect(layoutOf(snapshot)).toMatchObject({ metaPage: 0, txid: txid + (txid === 100n ? 2n : 3n) });
    }
  });

  it('replaces a torn one', () => {
    const file = fileWith(10);
    const image = file.image;
    image[(1 - layoutOf(file).metaPage) * 4096 + 60] = 0xff;
    const torn = new MemoryFile(image);
    expect(checkBolt(torn).findings).toHaveLength(1);
    change(torn, (bucket) => bucket.put(bytes('x'), bytes('y')));
  });
});

describe('a file without a list of free pages', () => {
  const unlisted = (): MemoryFile =>
    new MemoryFile(
      makeBolt(
        { bucket: { entries: Array.from({ length: 500 }, (_, number) => [numbered(number), 'v'.repeat(30)]) } },
        { freePages: 40 },
      ).bytes,
    );

  it('grows by what changes', () => {
    const file = unlisted();
    const pages = file.size / 4096;
    change(file, (bucket) => bucket.put(bytes('x'), bytes('y')));
    expect(file.size / 4096).toBeGreaterThan(pages);
    expect(layoutOf(file).freelist).toBeUndefined();
  });

  it('does not grow if its free pages are to be found', () => {
    const file = unlisted();
    const { size } = file;
    const before = fingerprint(contentOf(file));
    updateBolt(file, (transaction) => transaction.requireBucket(NAME).put(bytes('x'), bytes('y')), {
      findFreePages: true,
    });
    expect(file.size).toBe(size);
    expect(checkBolt(file).findings).toEqual([]);
    expect(fingerprint(contentOf(file))).not.toBe(before);
  });
});
