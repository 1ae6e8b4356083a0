import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { checkBolt } from './check.ts';
import { createBolt } from './create.ts';
import { contentOf, fingerprint, MemoryFile, written, type FileStep } from './test-memory.ts';
import { updateBolt, type BoltTransaction } from './transaction.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const numbered = (number: number): Buffer => bytes(`key-${String(number).padStart(5, '0')}`);

/** A file with history: several buckets, free pages, large values. */
function oldFile(pageSize: number): MemoryFile {
  const file = new MemoryFile();
  createBolt(file, { pageSize });
  updateBolt(file, (transaction) => {
    const bucket = transaction.createBucketIfMissing(bytes('a'));
    for (let number = 0; number < 600; number++) bucket.put(numbered(number), Buffer.alloc(60, number));
    const other = transaction.createBucketIfMissing(bytes('b'));
    for (let number = 0; number < 40; number++) other.put(numbered(number), Buffer.alloc(3000, number));
    transaction.createBucketIfMissing(bytes('c')).put(bytes('small'), bytes('inline'));
  });
  updateBolt(file, (transaction) => {
    for (let number = 100; number < 300; number++) transaction.requireBucket(bytes('a')).delete(numbered(number));
  });
  return file;
}

const change = fc.record({
  from: fc.nat(500),
  puts: fc.nat(80),
  deletes: fc.nat(200),
  size: fc.nat(9000),
  drop: fc.boolean(),
});

function apply(transaction: BoltTransaction, step: typeof change extends fc.Arbitrary<infer T> ? T : never): void {
  const bucket = transaction.requireBucket(bytes('a'));
  for (let number = step.from; number < step.from + step.deletes; number++) bucket.delete(numbered(number));
  for (let number = step.from; number < step.from + step.puts; number++) bucket.put(numbered(number), bytes('new'));
  bucket.put(bytes('large'), Buffer.alloc(step.size, 'x'));
  if (step.drop) transaction.deleteBucket(bytes('b'));
  transaction.createBucketIfMissing(bytes('d')).put(bytes('x'), bytes('y'));
}

/**
 * What may lie on the disk if the machine stops after the first `count` steps: everything written before the last flush,
 * and of what came after it any part, in any order, the last piece torn.
 */
function* afterCrash(image: Buffer, steps: readonly FileStep[], count: number, mask: number): Generator<Buffer> {
  const flushed = steps.slice(0, count).findLastIndex(({ kind }) => kind === 'sync');
  const safe = applied(image, steps.slice(0, flushed + 1));
  const loose = steps.slice(flushed + 1, count);
  yield safe;
  yield applied(safe, loose);
  yield applied(safe, loose.toReversed());
  yield applied(
    safe,
    loose.filter((_, index) => ((mask >>> (index % 30)) & 1) === 1),
  );
  const last = loose.at(-1);
  if (last?.kind !== 'write') return;
  for (const part of [1, 100, 512, Math.floor(last.bytes.length / 2), last.bytes.length - 1]) {
    const torn: FileStep = { ...last, bytes: last.bytes.subarray(0, part) };
    yield applied(safe, [...loose.slice(0, -1), torn]);
    yield applied(safe, [torn]);
  }
}

function applied(image: Buffer, steps: readonly FileStep[]): Buffer {
  let result: Buffer = Buffer.from(image);
  for (const step of steps) if (step.kind === 'write') result = written(result, step.bytes, step.position);
  return result;
}

/** Splits large writes, since a system may write any part of one first. */
function piecewise(steps: readonly FileStep[], pageSize: number): readonly FileStep[] {
  return steps.flatMap((step) => {
    if (step.kind === 'sync') return [step];
    const pieces: FileStep[] = [];
    for (let from = 0; from < step.bytes.length; from += pageSize) {
      pieces.push({ ...step, position: step.position + from, bytes: step.bytes.subarray(from, from + pageSize) });
    }
    return pieces;
  });
}

/** Checks that a file is whole and holds what one of two files holds. */
function expectOneOf(image: Buffer, old: string, now: string): 'old' | 'new' {
  const findings = checkBolt(inMemory(image)).findings.filter(({ severity }) => severity === 'error');
  expect(findings).toEqual([]);
  const content = fingerprint(contentOf(inMemory(image)));
  expect([old, now]).toContain(content);
  return content === old ? 'old' : 'new';
}

describe.each([1024, 4096])('a transaction on pages of %i bytes that is interrupted', (pageSize) => {
  const file = oldFile(pageSize);
  const image = file.image;
  const old = fingerprint(contentOf(file));

  it('leaves the old state or the new one, wherever it stops and whatever the disk has reordered', () => {
    fc.assert(
      fc.property(change, fc.integer(), (step, mask) => {
        const changed = new MemoryFile(image);
        updateBolt(changed, (transaction) => apply(transaction, step));
        const now = fingerprint(contentOf(changed));
        const steps = piecewise(changed.steps, pageSize);
        const seen = new Set<string>();
        const interesting =
          steps.length > 20 ? [...Array(8).keys(), ...fromEnd(steps.length, 12)] : [...Array(steps.length + 1).keys()];
        for (const count of interesting) {
          for (const left of afterCrash(image, steps, count, mask)) seen.add(expectOneOf(left, old, now));
        }
        expect([...seen].sort()).toEqual(['new', 'old']);
      }),
      { numRuns: 3 },
    );
  });

  it('leaves the old state if a write or a flush before the last fails, and says so', () => {
    const changed = new MemoryFile(image);
    updateBolt(changed, (transaction) =>
      apply(transaction, { from: 0, puts: 50, deletes: 100, size: 5000, drop: true }),
    );
    const now = fingerprint(contentOf(changed));
    const calls = changed.steps.length;
    for (let failing = 0; failing < calls; failing++) {
      const broken = new MemoryFile(image);
      let call = 0;
      broken.before = (step) => {
        if (step !== 'read' && call++ === failing)
          throw Object.assign(new Error('ENOSPC: disk full'), { code: 'ENOSPC' });
      };
      const run = (): void =>
        updateBolt(broken, (transaction) =>
          apply(transaction, { from: 0, puts: 50, deletes: 100, size: 5000, drop: true }),
        );
      expect(run).toThrow(expect.objectContaining({ code: 'BOLT_WRITE_FAILED' }));
      expect(expectOneOf(broken.image, old, now)).toBe(failing === calls - 1 ? 'new' : 'old');
    }
  });
});

function fromEnd(length: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => length - index);
}
