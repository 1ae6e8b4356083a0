import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkBolt } from './check.ts';
import { createBolt } from './create.ts';
import { decodeMeta, encodeMeta } from './meta.ts';
import { contentOf, emptyContent, hex, MemoryFile, type Content } from './test-memory.ts';
import { updateBolt, type BoltTransaction } from './transaction.ts';
import type { WritableBucket } from './writable-bucket.ts';

/** One change, of the bucket that `at` picks among those there are. */
type EntryChange =
  | { readonly kind: 'put'; readonly at: number; readonly key: number; readonly size: number }
  | { readonly kind: 'fill'; readonly at: number; readonly key: number; readonly count: number; readonly size: number }
  | { readonly kind: 'delete'; readonly at: number; readonly key: number; readonly count: number }
  | { readonly kind: 'clear'; readonly at: number }
  | { readonly kind: 'sequence'; readonly at: number; readonly value: bigint };
interface BucketChange {
  readonly kind: 'bucket' | 'drop';
  readonly at: number;
  readonly name: number;
}
type Change = EntryChange | BucketChange;

const at = fc.nat(30);
const key = fc.nat(2000);
const name = fc.nat(6);
const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat(200) },
  { weight: 2, arbitrary: fc.integer({ min: 900, max: 1200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 50_000 }) },
);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), at, key, size }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('fill' as const), at, key, count: fc.nat(400), size: fc.nat(300) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), at, key, count: fc.nat(1500) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), at }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('bucket' as const), at, name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), at, name }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sequence' as const), at, value: fc.bigInt(0n, 2n ** 64n - 1n) }),
  },
);
const transactions = fc.array(fc.array(change, { maxLength: 12 }), { minLength: 1, maxLength: 12 });

/** Keys of different lengths, spread so that neighbours in number are not always neighbours in order. */
function keyBytes(number: number): Buffer {
  const text = `${String((number * 7) % 2003).padStart(4, '0')}-${'k'.repeat(number % 11 === 0 ? 150 : number % 20)}`;
  return Buffer.from(`k${text}`);
}

function valueBytes(number: number, length: number): Buffer {
  return Buffer.alloc(length, `${number}.${length};`);
}

interface Pair {
  readonly real: WritableBucket;
  readonly model: Content;
}

function openAll(parent: BoltTransaction | WritableBucket, model: Content, into: Pair[]): Pair[] {
  for (const [id, inside] of model.buckets) {
    const real = parent.bucket(Buffer.from(id, 'hex'));
    if (real === undefined) throw new Error(`bucket ${id} is lost`);
    into.push({ real, model: inside });
    openAll(real, inside, into);
  }
  return into;
}

function put({ real, model }: Pair, number: number, length: number): void {
  const value = valueBytes(number, length);
  real.put(keyBytes(number), value);
  model.values.set(hex(keyBytes(number)), value);
  expect(Buffer.compare(real.get(keyBytes(number)) ?? Buffer.from('gone'), value)).toBe(0);
}

function remove({ real, model }: Pair, number: number): void {
  expect(real.delete(keyBytes(number))).toBe(model.values.delete(hex(keyBytes(number))));
}

function apply(transaction: BoltTransaction, model: Content, step: Change): void {
  const pairs = openAll(transaction, model, []);
  // The root bucket takes buckets only.
  const pair = pairs[step.at % (pairs.length + 1)];
  if ('name' in step) {
    const bytes = Buffer.from(`bucket-${step.name}`);
    const parent = pair?.real ?? transaction;
    const inside = (pair?.model ?? model).buckets;
    if (step.kind === 'drop') {
      expect(parent.deleteBucket(bytes)).toBe(inside.delete(hex(bytes)));
    } else {
      parent.createBucketIfMissing(bytes);
      if (!inside.has(hex(bytes))) inside.set(hex(bytes), emptyContent());
    }
  } else if (pair !== undefined) {
    applyInside(pair, step);
  }
}

function applyInside(pair: Pair, step: EntryChange): void {
  if (step.kind === 'put') {
    put(pair, step.key, step.size);
  } else if (step.kind === 'fill') {
    for (let number = step.key; number < step.key + step.count; number++) put(pair, number, step.size);
  } else if (step.kind === 'delete') {
    for (let number = step.key; number < step.key + step.count; number++) remove(pair, number);
  } else if (step.kind === 'clear') {
    for (const { key: found, value } of pair.real.entries()) if (value !== undefined) pair.real.delete(found);
    pair.model.values.clear();
  } else {
    pair.real.sequence = step.value;
    pair.model.sequence = step.value;
  }
}

function expectSame(real: Content, model: Content): void {
  expect(real.sequence).toBe(model.sequence);
  expect([...real.values.keys()]).toEqual([...model.values.keys()].sort());
  for (const [id, value] of model.values) expect(real.values.get(id)?.equals(value)).toBe(true);
  expect([...real.buckets.keys()]).toEqual([...model.buckets.keys()].sort());
  for (const [id, inside] of model.buckets) expectSame(real.buckets.get(id) ?? emptyContent(), inside);
}

function expectSameInside(real: BoltTransaction, model: Content): void {
  for (const { real: bucket, model: inside } of openAll(real, model, [])) {
    const keys = [...inside.values.keys(), ...inside.buckets.keys()].sort();
    expect(Array.from(bucket.entries(), (entry) => hex(entry.key))).toEqual(keys);
    expect(hex(bucket.first()?.key ?? Buffer.alloc(0))).toBe(keys[0] ?? '');
    expect(hex(bucket.last()?.key ?? Buffer.alloc(0))).toBe(keys.at(-1) ?? '');
  }
}

const RUNS = Number(process.env['HOLDFAST_MODEL_RUNS'] ?? 6);

describe.each([1024, 4096, 16_384])('transactions on pages of %i bytes', (pageSize) => {
  it.each([
    { list: 'with a list of free pages', unlisted: false },
    { list: 'without one', unlisted: true },
    { list: 'without one, found by walking', unlisted: true, findFreePages: true },
  ])('do what they do to maps, $list', ({ unlisted, findFreePages }) => {
    fc.assert(
      fc.property(transactions, (all) => {
        const file = new MemoryFile();
        createBolt(file, { pageSize });
        if (unlisted) dropFreelist(file, pageSize);
        const model = emptyContent();
        for (const changes of all) {
          refuseReadsAfterWrites(file);
          updateBolt(
            file,
            (transaction) => {
              for (const step of changes) apply(transaction, model, step);
              expectSameInside(transaction, model);
            },
            { findFreePages },
          );
          file.before = () => undefined;
          const { findings, layout } = checkBolt(file);
          expect(findings).toEqual([]);
          expect(layout?.freelist === undefined).toBe(unlisted);
          expectSame(contentOf(file), model);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

/** Damage must be found before the first write, so nothing may be left to read then. */
function refuseReadsAfterWrites(file: MemoryFile): void {
  let wrote = false;
  file.before = (step) => {
    if (step === 'read' && wrote) throw new Error('a page was read after the first write');
    wrote ||= step === 'write';
  };
}

/** Makes the metas say what etcd's do on Linux: free pages are not listed. */
function dropFreelist(file: MemoryFile, pageSize: number): void {
  for (const page of [0, 1] as const) {
    const bytes = Buffer.alloc(pageSize);
    file.read(bytes, page * pageSize);
    const decoded = decodeMeta(bytes);
    if ('defect' in decoded) throw new Error(decoded.defect);
    bytes.fill(0);
    encodeMeta(bytes, page, { ...decoded.meta, freelist: undefined });
    file.write(bytes, page * pageSize);
  }
}
