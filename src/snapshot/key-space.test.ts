import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { inspectSnapshot, type SnapshotReport } from './inspect.ts';
import { encodeKeyValue, EtcdModel, makeSnapshot, revisionKey } from './test-etcd.ts';

type Entry = readonly [Uint8Array, Uint8Array];

function put(main: number, fields: Parameters<typeof encodeKeyValue>[0] = {}): Entry {
  const revision = BigInt(main);
  const plain = { key: Buffer.from('k'), createRevision: revision, modRevision: revision, version: 1n };
  return [revisionKey(main), encodeKeyValue({ ...plain, ...fields })];
}

function inspect(...key: readonly Entry[]): SnapshotReport {
  return inspectSnapshot(inMemory(makeSnapshot({ key })));
}

const codes = (report: SnapshotReport): readonly string[] => report.findings.map(({ code }) => code);

describe('the key space', () => {
  it('of etcd makes sense, whatever was done to it', () => {
    const model = new EtcdModel();
    for (let index = 0; index < 500; index++) {
      const key = `key-${index % 50}`;
      model.transact([
        { key, delete: index % 9 === 8 },
        { key: `other-${index}`, delete: false },
      ]);
    }
    model.compact(400, true);
    const report = inspectSnapshot(inMemory(makeSnapshot({ key: model.entries, meta: model.meta })));
    expect(report.findings).toEqual([]);
    expect(report.status?.revision).toBe(BigInt(model.revision));
    expect(report.walk?.keySpace).toMatchObject({ last: { main: model.revision, sub: 1 }, tombstonesCompacted: 0 });
  });

  it('may have tombstones that hold a key alone, or their revision too', () => {
    const alone: Entry = [revisionKey(3, 0, true), encodeKeyValue({ key: Buffer.from('k') })];
    const more: Entry = [revisionKey(4, 0, true), encodeKeyValue({ key: Buffer.from('k'), modRevision: 4n })];
    expect(codes(inspect(put(2), alone, more))).toEqual([]);
  });

  it('may hold the mark of a restore with --bump-revision', () => {
    const report = inspect(put(2), [revisionKey(1_000_002), Buffer.alloc(0)]);
    expect(report.findings).toMatchObject([{ severity: 'note', code: 'SNAPSHOT_REVISION_BUMP' }]);
    expect(report.status).toMatchObject({ revision: 1_000_002n, liveKeys: 1 });
  });

  it.each<[string, Uint8Array]>([
    ['too short', Buffer.alloc(16, 1)],
    ['too long', Buffer.alloc(19, 1)],
    ['without its separator', Buffer.from(revisionKey(5)).fill(0x2d, 8, 9)],
    ['marked by another letter', Buffer.concat([revisionKey(5), Buffer.from('x')])],
    ['0', revisionKey(0)],
  ])('has no revision that is %s', (_what, key) => {
    expect(codes(inspect([key, put(5)[1]]))).toContain('SNAPSHOT_REVISION_MALFORMED');
  });

  it('has no revision that no cluster reaches', () => {
    const key = revisionKey(2n ** 60n);
    expect(codes(inspect([key, put(5)[1]]))).toContain('SNAPSHOT_REVISION_TOO_LARGE');
  });

  it('has no revision twice, even if one is a tombstone', () => {
    const tombstone: Entry = [revisionKey(5, 0, true), encodeKeyValue({ key: Buffer.from('k') })];
    expect(codes(inspect(put(5), tombstone))).toEqual(['SNAPSHOT_REVISION_ORDER']);
  });

  it.each<[string, Uint8Array]>([
    ['garbage', Buffer.from([0x0a, 0x7f])],
    ['cut short', put(5)[1].subarray(0, -1)],
  ])('has no value that is %s', (_what, value) => {
    const report = inspect([revisionKey(5), value]);
    expect(codes(report)).toEqual(['SNAPSHOT_VALUE_MALFORMED']);
    expect(report.findings[0]?.severity).toBe('error');
  });

  it.each<[string, Entry]>([
    ['of another revision', put(5, { modRevision: 4n })],
    ['created later than it was changed', put(5, { createRevision: 6n, version: 2n })],
    ['never created', put(5, { createRevision: 0n, version: 2n })],
    ['of version 0', put(5, { version: 0n })],
    ['of a negative version', put(5, { version: -1n })],
    ['of version 1, though created before', put(5, { createRevision: 4n })],
    ['without a key', put(5, { key: Buffer.alloc(0) })],
  ])('has no value %s', (_what, entry) => {
    expect(codes(inspect(entry))).toEqual(['SNAPSHOT_VALUE_INCONSISTENT']);
  });

  it('never shows a key or a value in a message', () => {
    const secret = Buffer.from('hunter2');
    const report = inspect(put(5, { key: secret, value: secret, modRevision: 4n }), [secret, secret]);
    expect(report.findings.length).toBeGreaterThan(1);
    expect(JSON.stringify(report.findings)).not.toContain('hunter2');
  });
});
