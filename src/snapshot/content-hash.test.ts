import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, inMemory } from '../base/index.ts';
import { ContentHasher, EMPTY_CONTENT, joinContent } from './content-hash.ts';
import { inspectSnapshot } from './inspect.ts';
import { EtcdModel, makeSnapshot } from './test-etcd.ts';

function hashOf(...pieces: readonly Uint8Array[]): ContentHasher['hash'] {
  const hasher = new ContentHasher();
  for (const piece of pieces) hasher.addName(piece);
  return hasher.hash;
}

describe('the content hash', () => {
  it('of joined stretches is that of the whole, wherever it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), (pieces) => {
        const joined = pieces.map((piece) => hashOf(piece)).reduce(joinContent, EMPTY_CONTENT);
        expect(joined).toEqual(hashOf(...pieces));
        expect(joined.crc).toBe(crc32c(Buffer.concat(pieces)));
      }),
    );
  });

  it('covers names, keys and values in order', () => {
    const model = new EtcdModel();
    for (let index = 0; index < 100; index++) model.transact([{ key: `key-${index % 30}`, delete: index % 7 === 6 }]);
    const names = ['alarm', 'auth', 'authRoles', 'authUsers', 'cluster'].map((name) => Buffer.from(name));
    const after = ['lease', 'members', 'members_removed'].map((name) => Buffer.from(name));
    const content = [
      ...names,
      Buffer.from('key'),
      ...model.entries.flat(),
      ...after,
      Buffer.from('meta'),
      ...model.meta.flat(),
    ];
    const report = inspectSnapshot(inMemory(makeSnapshot({ key: model.entries, meta: model.meta })));
    expect(report.status?.hash).toBe(crc32c(Buffer.concat(content)));
  });

  it('takes a nested bucket by its name alone, as etcdutl does', () => {
    const nested = { buckets: { inner: { entries: [['a', 'b']] as const } }, entries: [['x', 'y']] as const };
    const bytes = makeSnapshot({ buckets: { zz: nested } });
    const plain = inspectSnapshot(inMemory(makeSnapshot()));
    const report = inspectSnapshot(inMemory(bytes));
    const expected = crc32c(Buffer.from('zzinnerxy'), plain.status?.hash);
    expect(report.status?.hash).toBe(expected);
    expect(report.status?.totalKey).toBe((plain.status?.totalKey ?? 0) + 2);
    expect(report.findings.map(({ code }) => code)).toEqual(['SNAPSHOT_BUCKET_UNKNOWN', 'SNAPSHOT_BUCKET_NESTED']);
  });
});
