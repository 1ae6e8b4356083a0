import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRevision, encodeRevision, planDatabaseChanges, planRevisionBump } from './database-changes.ts';
import { planIdentity } from './identity.ts';
import { planRaftState } from './raft-state.ts';
import type { TargetRelease } from './target-release.ts';

function changesFor(target: TargetRelease): Record<string, { remove: readonly string[]; put: Record<string, string> }> {
  const identity = planIdentity({ target });
  const changes = planDatabaseChanges(identity, planRaftState(identity, target), target);
  return Object.fromEntries(
    changes.map(({ bucket, remove, put }) => [
      bucket,
      { remove, put: Object.fromEntries(put.map(([key, value]) => [text(key), text(value)])) },
    ]),
  );
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const ONE = '\0\0\0\0\0\0\0\u0001';

describe('what a restore changes in the database', () => {
  it('is the members, the raft index and term, and who votes', () => {
    const changes = changesFor('3.5');
    expect(changes['members']?.put).toEqual({
      '8e9e05c52164694d': '{"id":10276657743932975437,"peerURLs":["http://localhost:2380"],"name":"default"}',
    });
    expect(changes['members_removed']).toEqual({ remove: [], put: {} });
    expect(changes['meta']).toEqual({
      remove: [],
      put: { consistent_index: ONE, term: ONE, confState: '{"voters":[10276657743932975437],"auto_leave":false}' },
    });
    expect(changesFor('3.6')).toEqual(changes);
  });

  it('is, for etcd 3.4, no term and no voters, which it does not keep', () => {
    expect(changesFor('3.4')['meta']).toEqual({ remove: ['term', 'confState'], put: { consistent_index: ONE } });
  });

  it('clears the members and the removed members, and nothing else', () => {
    const identity = planIdentity({ target: '3.5' });
    const changes = planDatabaseChanges(identity, planRaftState(identity, '3.5'), '3.5');
    expect(changes.filter(({ clear }) => clear).map(({ bucket }) => bucket)).toEqual(['members', 'members_removed']);
  });
});

describe('a raised revision', () => {
  it('is an empty entry at the new revision, up to which a compaction is due', () => {
    const [key, meta] = planRevisionBump(100n, 900n);
    const revision = Buffer.from('00000000000003e85f0000000000000000', 'hex');
    expect(key).toMatchObject({ bucket: 'key', put: [[revision, new Uint8Array(0)]] });
    expect(meta).toMatchObject({ bucket: 'meta', put: [[Buffer.from('scheduledCompactRev'), revision]] });
  });

  it.each([
    [100n, 0n, 'the revision cannot be raised by 0'],
    [100n, -5n, 'the revision cannot be raised by -5'],
    [100n, 2n ** 53n - 100n, 'the revision would become 9007199254740992, above 2^53'],
  ])('is refused from %s by %s', (latest, bump, message) => {
    expect(() => planRevisionBump(latest, bump)).toThrow(
      expect.objectContaining({ code: 'RESTORE_BUMP_INVALID', message, subject: '--bump-revision' }),
    );
  });

  it('has a key that reads back, and sorts by revision', () => {
    const revision = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(revision, revision, (a, b) => {
        expect(decodeRevision(encodeRevision(a))).toBe(a);
        expect(Math.sign(Buffer.compare(encodeRevision(a), encodeRevision(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
    expect(decodeRevision(Buffer.from('no revision at all'))).toBeUndefined();
    expect(decodeRevision(Buffer.alloc(3))).toBeUndefined();
  });
});
