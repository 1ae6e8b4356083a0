import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { withTrailer } from './test-etcd.ts';
import { checkTrailer, contentSize, hasTrailer, SnapshotHasher, trailerFindings } from './trailer.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the SHA-256 at the end', () => {
  it.each([
    [32, true],
    [4096 + 32, true],
    [512 + 32, true],
    [4096, false],
    [0, false],
    [31, false],
    [4096 + 33, false],
  ])('of a file of %i bytes is expected: %s', (size, expected) => {
    expect(hasTrailer(size)).toBe(expected);
    expect(contentSize(size)).toBe(expected ? size - 32 : size);
  });

  const bytes = Buffer.alloc(3_000_000 - (3_000_000 % 512), 'content');
  const good = withTrailer(bytes);

  it('is good if nothing changed, and both hashes come from one reading', () => {
    const report = checkTrailer(inMemory(good));
    expect(report).toEqual({
      state: 'good',
      size: good.length,
      sha256: sha256(good),
      sha256OfContent: sha256(bytes),
      trailer: sha256(bytes),
    });
  });

  it.each([0, 1_500_000, bytes.length - 1, bytes.length, good.length - 1])('is bad if byte %i changed', (at) => {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    expect(checkTrailer(inMemory(bad)).state).toBe('mismatch');
  });

  it('is absent from a copy of a database', () => {
    expect(checkTrailer(inMemory(bytes))).toMatchObject({ state: 'absent', sha256: sha256(bytes), trailer: undefined });
  });

  it('is absent from what was cut to another length, and bad where the length happens to fit', () => {
    expect(checkTrailer(inMemory(good.subarray(0, -1))).state).toBe('absent');
    expect(checkTrailer(inMemory(good.subarray(0, -512))).state).toBe('mismatch');
  });

  it('tells how far it got, and stops when asked', () => {
    let done = 0;
    checkTrailer(inMemory(good), { onBytes: (count) => (done += count) });
    expect(done).toBe(good.length);
    expect(() => checkTrailer(inMemory(good), { signal: AbortSignal.abort(new Error('enough')) })).toThrow('enough');
  });

  it('that cannot be read is an error with a code', () => {
    const broken = {
      size: 64,
      read: () => {
        throw new Error('i/o error');
      },
    };
    expect(() => checkTrailer(broken)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_READ_FAILED' }) as Error);
  });
});

describe('hashing a stream', () => {
  it('comes to the same, however the stream is cut into pieces', () => {
    const content = fc.uint8Array({ maxLength: 200 }).map((bytes) => {
      const whole = Buffer.alloc(512);
      whole.set(bytes);
      return withTrailer(whole.subarray(0, bytes.length % 2 === 0 ? 512 : bytes.length));
    });
    fc.assert(
      fc.property(content, fc.array(fc.integer({ min: 0, max: 90 })), (stream, sizes) => {
        const hasher = new SnapshotHasher();
        let at = 0;
        for (const size of sizes) {
          hasher.update(stream.subarray(at, at + size));
          at = Math.min(stream.length, at + size);
        }
        hasher.update(stream.subarray(at));
        expect(hasher.finish()).toEqual(checkTrailer(inMemory(stream)));
      }),
    );
  });

  it('comes to the same byte by byte', () => {
    const stream = withTrailer(Buffer.alloc(1024, 'x'));
    const hasher = new SnapshotHasher();
    for (const byte of stream) hasher.update(Uint8Array.of(byte));
    expect(hasher.finish()).toEqual(checkTrailer(inMemory(stream)));
    expect(new SnapshotHasher().finish()).toMatchObject({ state: 'absent', size: 0 });
  });
});

describe('the findings about it', () => {
  it('weigh a mismatch as an error and an absence as a warning', () => {
    expect(trailerFindings('good')).toEqual([]);
    expect(trailerFindings('mismatch')).toMatchObject([{ severity: 'error', code: 'SNAPSHOT_HASH_MISMATCH' }]);
    expect(trailerFindings('absent')).toMatchObject([{ severity: 'warning', code: 'SNAPSHOT_NO_HASH' }]);
  });
});
