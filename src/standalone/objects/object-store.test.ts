import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/index.ts';
import { acquireLock } from '../../store/index.ts';
import { LOG_NAME, STORE_LOCK_NAME } from './object-store.ts';
import { contents, newFolder, openStore, podKey, put } from './test-store.ts';

let folder: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ folder, remove } = await newFolder());
});
afterEach(() => remove());

describe('the object store', () => {
  it('gives every change the next revision, and writes it into the object', async () => {
    const store = await openStore(folder);
    const [made] = await put(store, podKey('a'), { n: 1 });
    const [changed] = await put(store, podKey('a'), { n: 2 });
    expect([made?.revision, changed?.revision]).toEqual([2n, 3n]);
    expect(store.get(podKey('a'))?.object).toMatchObject({ metadata: { resourceVersion: '3' }, spec: { n: 2 } });
    expect(store.revision).toBe(3n);
    await store.close();
  });

  it('has everything again when it is opened anew, the revision too', async () => {
    const first = await openStore(folder);
    await put(first, podKey('a'), { n: 1 });
    await put(first, podKey('b'), { n: 2 });
    await put(first, podKey('a'), null);
    await first.close();
    const second = await openStore(folder);
    expect(contents(second)).toEqual({ 'default/b': { n: 2 } });
    expect(second.revision).toBe(4n);
    expect((await put(second, podKey('c'), {})).at(0)?.revision).toBe(5n);
    await second.close();
  });

  it('lets nobody come between a decision and its write', async () => {
    const store = await openStore(folder);
    const increments = Array.from({ length: 50 }, () =>
      store.commit((view) => {
        const count = Number(view.get(podKey('counter'))?.object['count'] ?? 0);
        return { writes: [{ key: podKey('counter'), object: { count: count + 1 } }], result: () => count };
      }),
    );
    expect(await Promise.all(increments)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    await store.close();
  });

  it('shows a decision what was decided before it in the same batch, in lists as well', async () => {
    const store = await openStore(folder);
    await put(store, podKey('b'), {});
    const names = (): Promise<string[]> =>
      store.commit((view) => {
        const found = view.list('pods', 'default').map(({ key }) => key.name);
        return { writes: [], result: () => found };
      });
    const [, , seen] = await Promise.all([put(store, podKey('a'), {}), put(store, podKey('b'), null), names()]);
    expect(seen).toEqual(['a']);
    await store.close();
  });

  it('changes nothing where a decision throws', async () => {
    const store = await openStore(folder);
    const refusal = store.commit(() => {
      throw new Error('no');
    });
    await expect(refusal).rejects.toThrow('no');
    expect(store.revision).toBe(1n);
    await store.close();
  });

  it('freezes what it holds', async () => {
    const store = await openStore(folder);
    await put(store, podKey('a'), { list: [{ x: 1 }] });
    const spec = store.get(podKey('a'))?.object['spec'];
    expect(() => Object.assign(spec as object, { y: 1 })).toThrow(TypeError);
    await store.close();
  });

  it('lists in the order of namespace and name, one namespace or all', async () => {
    const store = await openStore(folder);
    for (const [namespace, name] of [
      ['b', 'x'],
      ['a', 'z'],
      ['a', 'b'],
      ['a-b', 'c'],
    ]) {
      await put(store, podKey(name ?? '', namespace), {});
    }
    const paths = (namespace?: string): string[] =>
      store.list('pods', namespace).map(({ key }) => `${key.namespace}/${key.name}`);
    expect(paths()).toEqual(['a-b/c', 'a/b', 'a/z', 'b/x']);
    expect(paths('a')).toEqual(['a/b', 'a/z']);
    await store.close();
  });

  it('reads a list as it was at an older revision, as long as the history reaches', async () => {
    const store = await openStore(folder, { history: { changes: 3, bytes: 1e6 } });
    await put(store, podKey('a'), { n: 1 });
    const then = store.revision;
    await put(store, podKey('a'), { n: 2 });
    await put(store, podKey('b'), {});
    await put(store, podKey('a'), null);
    expect(store.listAt(then, 'pods')?.map(({ object }) => object['spec'])).toEqual([{ n: 1 }]);
    expect(store.listAt(store.revision + 1n, 'pods')).toBeUndefined();
    await put(store, podKey('c'), {});
    expect(store.listAt(then, 'pods')).toBeUndefined();
    await store.close();
  });

  it('knows no change from before it was opened', async () => {
    const first = await openStore(folder);
    await put(first, podKey('a'), {});
    const before = first.revision;
    await put(first, podKey('b'), {});
    await first.close();
    const second = await openStore(folder);
    expect(second.changesAfter(before)).toBeUndefined();
    expect(second.changesAfter(second.revision)).toEqual([]);
    await second.close();
  });

  it('keeps folder and file from other users', async () => {
    const inner = join(folder, 'deep', 'objects');
    const store = await openStore(inner);
    expect((await stat(inner)).mode & 0o777).toBe(0o700);
    expect((await stat(join(inner, LOG_NAME))).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('refuses a folder that another engine holds', async () => {
    const lock = (path: string): ReturnType<typeof acquireLock> =>
      acquireLock(path, { purpose: 'test', clock: systemClock });
    const first = await openStore(folder, { lock });
    await expect(openStore(folder, { lock })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await first.close();
    await expect(access(join(folder, STORE_LOCK_NAME))).rejects.toThrow('ENOENT');
    await (await openStore(folder, { lock })).close();
  });

  it('refuses writes once it is closed', async () => {
    const store = await openStore(folder);
    const last = put(store, podKey('a'), {});
    await store.close();
    await last;
    await expect(put(store, podKey('b'), {})).rejects.toMatchObject({ code: 'STANDALONE_STORE_CLOSED' });
  });

  it('begins its log anew when that has grown far beyond what stands', async () => {
    const store = await openStore(folder, { compactAboveBytes: 20_000 });
    const filler = 'x'.repeat(1000);
    for (let n = 0; n < 100; n++) await put(store, podKey('a'), { n, filler });
    expect(store.size.logBytes).toBeLessThan(30_000);
    await store.close();
    expect(await readdir(folder)).toEqual([LOG_NAME]);
    const again = await openStore(folder);
    expect(again.revision).toBe(101n);
    expect(contents(again)).toEqual({ 'default/a': { n: 99, filler } });
    await again.close();
  });

  it('holds what a plain map would, through restarts and compactions', async () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      value: fc.option(fc.string({ maxLength: 200 }), { nil: null }),
      reopen: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const place = await newFolder();
        const model = new Map<string, unknown>();
        let store = await openStore(place.folder, { compactAboveBytes: 1500 });
        for (const { name, value, reopen } of steps) {
          await put(store, podKey(name), value === null ? null : { value });
          if (value === null) model.delete(`default/${name}`);
          else model.set(`default/${name}`, { value });
          if (!reopen) continue;
          const { revision } = store;
          await store.close();
          store = await openStore(place.folder, { compactAboveBytes: 1500 });
          expect(store.revision).toBe(revision);
        }
        expect(contents(store)).toEqual(Object.fromEntries(model));
        await store.close();
        await place.remove();
      }),
      { numRuns: 30 },
    );
  });
});
