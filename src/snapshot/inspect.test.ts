import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { inspectSnapshot, type SnapshotReport } from './inspect.ts';
import { makeSnapshot, withTrailer } from './test-etcd.ts';
import type { EntryVisitor } from './visitor.ts';

const vector = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../../test/vectors/snapshot/${name}.db.gz`, import.meta.url)));
const before = vector('before');
const after = vector('after');

const codes = (report: SnapshotReport<unknown>): readonly string[] => report.findings.map(({ code }) => code);
const isGood = (report: SnapshotReport): boolean => report.findings.every(({ severity }) => severity !== 'error');

describe('snapshots of a real control plane', () => {
  it.each([
    ['before', before, { hash: 1060732731, revision: 760n, totalKey: 778, totalSize: 1273856, liveKeys: 522 }],
    ['after', after, { hash: 2209708892, revision: 825n, totalKey: 843, totalSize: 1363968, liveKeys: 506 }],
  ])('(%s) have the status that etcdutl gives them, and nothing wrong', (_name, bytes, status) => {
    const report = inspectSnapshot(inMemory(bytes), { hashTrailer: true });
    expect(report.findings).toEqual([]);
    expect(report.trailer).toBe('good');
    expect(report.status).toEqual({ ...status, version: '3.6.0' });
  });

  it('tell who the members were and where raft stood', () => {
    expect(inspectSnapshot(inMemory(before)).walk?.state).toMatchObject({
      consistentIndex: 927n,
      term: 2n,
      clusterVersion: '3.6.0',
      members: [{ id: 13049071153751544597n, name: 'node1', isLearner: false }],
      confState: { voters: [13049071153751544597n], learners: [] },
    });
  });

  it('say so if the SHA-256 was not compared', () => {
    expect(inspectSnapshot(inMemory(before)).trailer).toBe('unchecked');
  });

  it('without their SHA-256 are taken as copies of a database, with a warning', () => {
    const report = inspectSnapshot(inMemory(before.subarray(0, -32)));
    expect(report.findings).toMatchObject([{ severity: 'warning', code: 'SNAPSHOT_NO_HASH' }]);
    expect(report.trailer).toBe('absent');
    expect(report.status?.hash).toBe(1060732731);
  });

  it('show every revision to a visitor, in order', () => {
    class Collector implements EntryVisitor<{ keys: string[]; tombstones: number; ordered: boolean }> {
      readonly #keys: string[] = [];
      #tombstones = 0;
      #last = 0;
      #ordered = true;
      visit(
        bytes: Buffer,
        start: number,
        end: number,
        from: number,
        to: number,
        revision: number,
        dead: boolean,
      ): void {
        this.#keys.push(bytes.toString('utf8', start, end));
        if (dead) this.#tombstones++;
        if (revision < this.#last || (dead && to > from)) this.#ordered = false;
        this.#last = revision;
      }
      result(): { keys: string[]; tombstones: number; ordered: boolean } {
        return { keys: this.#keys, tombstones: this.#tombstones, ordered: this.#ordered };
      }
    }
    const { visited, walk } = inspectSnapshot(inMemory(after), { visitor: new Collector() });
    expect(visited?.keys).toHaveLength(walk?.buckets.get('key') ?? -1);
    expect(visited?.keys).toContain('/registry/deployments/team-1/web');
    expect(visited).toMatchObject({ tombstones: 28, ordered: true });
  });
});

describe('damage', () => {
  const options = { numRuns: 150, seed: 20261122 };

  it('of a single bit anywhere is never called good', () => {
    fc.assert(
      fc.property(fc.nat(before.length - 1), fc.nat(7), (at, bit) => {
        const bad = Buffer.from(before);
        bad[at] = (bad[at] ?? 0) ^ (1 << bit);
        expect(isGood(inspectSnapshot(inMemory(bad), { hashTrailer: true }))).toBe(false);
      }),
      options,
    );
  });

  it('by cutting anywhere is never called good', () => {
    fc.assert(
      fc.property(fc.nat(before.length - 1), (size) => {
        // Without just its last 32 bytes, a snapshot is a copy of a database.
        fc.pre(size !== before.length - 32);
        expect(isGood(inspectSnapshot(inMemory(before.subarray(0, size)), { hashTrailer: true }))).toBe(false);
      }),
      options,
    );
  });

  it('to a page header or an element table of a raw copy is found without any SHA-256', () => {
    const raw = before.subarray(0, -32);
    const headed = Array.from({ length: raw.length / 4096 }, (_, page) => page).filter(
      (page) => Number(raw.readBigUInt64LE(page * 4096)) === page,
    );
    fc.assert(
      fc.property(fc.constantFrom(...headed), fc.nat(15), fc.nat(7), (page, at, bit) => {
        const bad = Buffer.from(raw);
        const index = page * 4096 + at;
        bad[index] = (bad[index] ?? 0) ^ (1 << bit);
        const report = inspectSnapshot(inMemory(bad));
        // A page that nothing uses may hold anything.
        if (report.status?.hash !== 1060732731) expect(isGood(report)).toBe(false);
      }),
      { ...options, numRuns: 200 },
    );
  });

  it('of many bytes at once never ends in a foreign error', () => {
    const spots = fc.array(fc.tuple(fc.nat(before.length - 1), fc.nat(255)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(spots, (bytes) => {
        const bad = Buffer.from(before);
        for (const [at, value] of bytes) bad[at % 2 === 0 ? at : at - (at % 4096) + (at % 96)] = value;
        expect(inspectSnapshot(inMemory(bad)).trailer).toBe('unchecked');
      }),
      options,
    );
  });

  it('that leaves no meta page leaves no status, but says why', () => {
    const report = inspectSnapshot(inMemory(Buffer.alloc(8192)));
    expect(report.status).toBeUndefined();
    expect(codes(report)).toEqual(['SNAPSHOT_NO_HASH', 'BOLT_META_MISSING']);
    expect(inspectSnapshot(inMemory(Buffer.alloc(0))).walk).toBeUndefined();
  });
});

describe('buckets', () => {
  it('of an etcd that never held a key are all there', () => {
    const report = inspectSnapshot(inMemory(makeSnapshot()));
    expect(report.findings).toEqual([]);
    expect(report.status).toMatchObject({ revision: 0n, totalKey: 1, liveKeys: 0, version: '' });
  });

  it.each([
    ['key', 'error'],
    ['meta', 'error'],
    ['members', 'warning'],
    ['authUsers', 'warning'],
  ] as const)('are reported if %s is missing, as an %s', (name, severity) => {
    const { findings } = inspectSnapshot(inMemory(makeSnapshot({ buckets: { [name]: undefined } })));
    expect(findings).toMatchObject([{ severity, code: 'SNAPSHOT_BUCKET_MISSING', where: `bucket "${name}"` }]);
  });

  it('that etcd does not make are worth a note', () => {
    const { findings } = inspectSnapshot(inMemory(makeSnapshot({ buckets: { test: {} } })));
    expect(findings).toMatchObject([{ severity: 'note', code: 'SNAPSHOT_BUCKET_UNKNOWN' }]);
  });

  it('must say who can log in if authentication is on', () => {
    const auth = { entries: [['authEnabled', Uint8Array.of(1)]] as const };
    const users = { entries: [['root', 'x']] as const };
    expect(inspectSnapshot(inMemory(makeSnapshot({ buckets: { auth, authUsers: users } }))).findings).toEqual([]);
    const without = inspectSnapshot(inMemory(makeSnapshot({ buckets: { auth, authUsers: undefined } })));
    expect(codes(without)).toContain('SNAPSHOT_AUTH_INCOMPLETE');
  });

  it('may not lack the consistent index once there are keys', () => {
    const key = inspectSnapshot(inMemory(makeSnapshot({ meta: [] })));
    expect(codes(key)).toEqual([]);
  });
});

describe('the rest of the file', () => {
  it('must end with the last page', () => {
    const extra = withTrailer(Buffer.concat([makeSnapshot({ trailer: false }), Buffer.alloc(4096)]));
    expect(codes(inspectSnapshot(inMemory(extra), { hashTrailer: true }))).toEqual(['SNAPSHOT_EXTRA_BYTES']);
  });

  it('may go on in a copy of a database, which grows ahead', () => {
    const grown = Buffer.concat([makeSnapshot({ trailer: false }), Buffer.alloc(65536)]);
    expect(codes(inspectSnapshot(inMemory(grown)))).toEqual(['SNAPSHOT_NO_HASH']);
  });

  it.each([4096, 8192, 16384, 65536])('may have pages of %i bytes', (pageSize) => {
    const report = inspectSnapshot(inMemory(makeSnapshot({ pageSize })), { hashTrailer: true });
    expect(report.findings).toEqual([]);
    expect(report.status?.totalSize).toBe(pageSize * 6);
  });
});
