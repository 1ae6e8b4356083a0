import { describe, expect, it } from 'vitest';
import { CommitQueue } from './commit-queue.ts';
import { ObjectTable } from './object-table.ts';
import type { Change, ObjectKey } from './stored-object.ts';

function key(name: string): ObjectKey {
  return { resource: 'things', namespace: '', name };
}

/** A queue on a disk that takes no batch with an object of the given name. */
function queueRefusing(refused: string): { queue: CommitQueue; batches: string[][]; table: ObjectTable } {
  const table = new ObjectTable();
  const batches: string[][] = [];
  let revision = 1n;
  const queue = new CommitQueue({
    table,
    revision: () => revision,
    persist: async (changes) => {
      await Promise.resolve();
      const names = changes.map((change) => change.key.name);
      if (names.includes(refused)) throw new Error('no room');
      batches.push(names);
    },
    apply: (changes) => {
      for (const change of changes) {
        table.apply(change);
        revision = change.revision;
      }
    },
    afterBatch: () => Promise.resolve(),
  });
  return { queue, batches, table };
}

function put(queue: CommitQueue, name: string): Promise<readonly Change[]> {
  return queue.add(() => ({ writes: [{ key: key(name), object: {} }], result: (changes) => changes }));
}

describe('the queue of writes', () => {
  it('lets all that wait share one flush', async () => {
    const { queue, batches } = queueRefusing('none');
    await Promise.all(['a', 'b', 'c'].map((name) => put(queue, name)));
    expect(batches).toEqual([['a', 'b', 'c']]);
  });

  it('does not let one that the disk refuses take the others with it', async () => {
    const { queue, batches, table } = queueRefusing('big');
    const outcomes = await Promise.allSettled(['a', 'big', 'c'].map((name) => put(queue, name)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toEqual([['a'], ['c']]);
    expect([table.get(key('a'))?.revision, table.get(key('c'))?.revision]).toEqual([2n, 3n]);
  });

  it('refuses nobody for the sake of a write that did not become durable', async () => {
    const { queue } = queueRefusing('big');
    const first = queue.add(() => ({
      writes: [
        { key: key('a'), object: {} },
        { key: key('big'), object: {} },
      ],
      result: () => 'made',
    }));
    const second = queue.add((view) => {
      if (view.get(key('a')) !== undefined) throw new Error('it exists already');
      return { writes: [{ key: key('a'), object: {} }], result: () => 'made' };
    });
    await expect(first).rejects.toThrow('no room');
    expect(await second).toBe('made');
  });

  it('goes on after a decision whose result throws', async () => {
    const { queue } = queueRefusing('none');
    const broken = queue.add(() => ({
      writes: [],
      result: () => {
        throw new Error('broken');
      },
    }));
    await expect(broken).rejects.toThrow('broken');
    expect(await put(queue, 'a')).toHaveLength(1);
  });
});
