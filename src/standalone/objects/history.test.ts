import { describe, expect, it } from 'vitest';
import { History } from './history.ts';
import type { Change } from './stored-object.ts';

function change(revision: number, bytes = 10): Change {
  const key = { resource: 'pods', namespace: 'x', name: String(revision) };
  return {
    revision: BigInt(revision),
    key,
    before: undefined,
    after: { key, revision: BigInt(revision), object: {}, bytes },
  };
}

function revisions(changes: readonly Change[] | undefined): number[] | undefined {
  return changes?.map(({ revision }) => Number(revision));
}

describe('the history', () => {
  it('gives what came after a revision', () => {
    const history = new History(5n, { changes: 10, bytes: 1000 });
    for (const revision of [6, 7, 8]) history.add(change(revision));
    expect(revisions(history.after(5n))).toEqual([6, 7, 8]);
    expect(revisions(history.after(7n))).toEqual([8]);
    expect(revisions(history.after(8n))).toEqual([]);
    expect(history.after(4n)).toBeUndefined();
  });

  it('forgets the oldest changes beyond its number', () => {
    const history = new History(0n, { changes: 100, bytes: 1e9 });
    for (let revision = 1; revision <= 5000; revision++) {
      history.add(change(revision));
      expect(history.after(history.oldest)).toHaveLength(Math.min(revision, 100));
    }
    expect(history.oldest).toBe(4900n);
  });

  it('forgets the oldest changes beyond its bytes, but never the newest', () => {
    const history = new History(0n, { changes: 100, bytes: 25 });
    for (const revision of [1, 2, 3]) history.add(change(revision));
    expect(revisions(history.after(history.oldest))).toEqual([2, 3]);
    history.add(change(4, 1000));
    expect(revisions(history.after(history.oldest))).toEqual([4]);
  });
});
