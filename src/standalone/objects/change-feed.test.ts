import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeFeed } from './change-feed.ts';
import type { ObjectStore } from './object-store.ts';
import { newFolder, openStore, podKey, put } from './test-store.ts';

let store: ObjectStore;
let remove: () => Promise<void>;
const never = new AbortController().signal;

beforeEach(async () => {
  const place = await newFolder();
  remove = place.remove;
  store = await openStore(place.folder, { history: { changes: 5, bytes: 1e6 } });
});
afterEach(async () => {
  await store.close();
  await remove();
});

function follow(): ChangeFeed {
  const feed = store.follow(store.revision);
  if (feed === undefined) throw new Error('the newest revision has to be reachable');
  return feed;
}

describe('a feed', () => {
  it('gives each change once, in order', async () => {
    const feed = follow();
    const writes = Promise.all(['a', 'b', 'c'].map((name) => put(store, podKey(name), {})));
    const seen: string[] = [];
    while (seen.length < 3) {
      await feed.ready(never);
      const changes = feed.take();
      if (typeof changes === 'string') throw new Error(changes);
      seen.push(...changes.map(({ key }) => key.name));
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    await writes;
    expect(feed.take()).toEqual([]);
  });

  it('shows nothing that is not durable', async () => {
    const feed = follow();
    const write = put(store, podKey('a'), {});
    expect(feed.take()).toEqual([]);
    await write;
    expect(feed.take()).toHaveLength(1);
  });

  it('ends for a reader that the history has left behind', async () => {
    const feed = follow();
    for (let n = 0; n < 6; n++) await put(store, podKey('a'), { n });
    expect(feed.take()).toBe('lagging');
  });

  it('ends with the store, after the last change', async () => {
    const feed = follow();
    await put(store, podKey('a'), {});
    await store.close();
    await feed.ready(never);
    expect(feed.take()).toHaveLength(1);
    expect(feed.take()).toBe('closed');
  });

  it('stops waiting when its signal aborts, and leaves no listener behind', async () => {
    const abort = new AbortController();
    const ready = follow().ready(abort.signal);
    abort.abort();
    await ready;
  });

  it('is not given for a revision that is too old', async () => {
    const old = store.revision;
    for (let n = 0; n < 6; n++) await put(store, podKey('a'), { n });
    expect(store.follow(old)).toBeUndefined();
  });
});
