import { describe, expect, it } from 'vitest';
import { createKubeClient, resources } from '../../apiserver/index.ts';
import { at, DEFINITION_PATH, pod, POD_PATH, TestApi, widget, WIDGET_PATH, widgetDefinition } from './test-api.ts';

describe('watching objects', () => {
  it('begins with those that stand, and tells what happens to them', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a'));
    const watch = await test.watch(`${POD_PATH}?watch=true`);
    expect(await watch.names(1)).toEqual(['ADDED a']);
    await test.made(POD_PATH, pod('b'));
    await test.patch(`${POD_PATH}/b`, 'merge', { metadata: { labels: { x: 'y' } } });
    await test.send('DELETE', `${POD_PATH}/a`);
    expect(await watch.names(3)).toEqual(['ADDED b', 'MODIFIED b', 'DELETED a']);
    watch.stop();
    expect(await watch.next()).toBeUndefined();
  });

  it('goes on from a version, in one namespace', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a'));
    const version = test.objects.revision.toString();
    await test.made('/api/v1/namespaces/openshift-etcd/pods', pod('elsewhere'));
    await test.made(POD_PATH, pod('b'));
    const watch = await test.watch(`${POD_PATH}?watch=1&resourceVersion=${version}`);
    expect(await watch.names(1)).toEqual(['ADDED b']);
  });

  it('tells the version of the deletion, and the object as it was', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a', { labels: { x: 'y' } }));
    const watch = await test.watch(`${POD_PATH}?watch=1&resourceVersion=${test.objects.revision.toString()}`);
    await test.send('DELETE', `${POD_PATH}/a`);
    const event = await watch.next();
    expect([at(event?.object, 'metadata', 'labels', 'x'), at(event?.object, 'metadata', 'resourceVersion')]).toEqual([
      'y',
      test.objects.revision.toString(),
    ]);
  });

  it('takes an object that leaves what is selected for deleted, and one that enters it for added', async () => {
    const test = await TestApi.start();
    const watch = await test.watch(`${POD_PATH}?watch=1&labelSelector=x%3Dy`);
    await test.made(POD_PATH, pod('a'));
    const label = (x: string): Promise<unknown> =>
      test.patch(`${POD_PATH}/a`, 'merge', { metadata: { labels: { x } } });
    await label('y');
    await label('z');
    await label('w');
    await label('y');
    expect(await watch.names(3)).toEqual(['ADDED a', 'DELETED a', 'ADDED a']);
  });

  it('says 410 for versions that are forgotten, and for those of another store', async () => {
    const test = await TestApi.start({ history: { changes: 3, bytes: 1e6 } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await test.made(POD_PATH, pod(name));
    for (const version of ['1', '999']) {
      const watch = await test.watch(`${POD_PATH}?watch=1&resourceVersion=${version}`);
      expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
      expect(await watch.next()).toBeUndefined();
    }
  });

  it('ends for a watcher that is slower than the history is long', async () => {
    const test = await TestApi.start({ history: { changes: 3, bytes: 1e6 } });
    const watch = await test.watch(`${POD_PATH}?watch=1`);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await test.made(POD_PATH, pod(name));
    expect(await watch.next()).toBeUndefined();
  });

  it('sends bookmarks once a minute, and one before its time is over', async () => {
    const test = await TestApi.start();
    const watch = await test.watch(`${POD_PATH}?watch=1&allowWatchBookmarks=true&timeoutSeconds=100`);
    const first = watch.next();
    test.time.advance(60_000);
    const version = test.objects.revision.toString();
    expect(await first).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Pod', metadata: { resourceVersion: version } },
    });
    await test.made('/api/v1/namespaces/openshift-etcd/pods', pod('elsewhere'));
    const last = watch.next();
    test.time.advance(40_000);
    expect(at((await last)?.object, 'metadata', 'resourceVersion')).toBe(test.objects.revision.toString());
    expect(await watch.next()).toBeUndefined();
  });

  it('ends after half an hour or more where no time is given', async () => {
    const test = await TestApi.start();
    const watch = await test.watch(`${POD_PATH}?watch=1`);
    const next = watch.next();
    test.time.advance(1.5 * 1_800_000);
    expect(await next).toBeUndefined();
  });

  it('marks the end of what stood before, where the client asks for it', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a'));
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const watch = await test.watch(`${POD_PATH}?${query}`);
    expect(await watch.names(1)).toEqual(['ADDED a']);
    const mark = await watch.next();
    expect(mark).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    expect((await test.get(`${POD_PATH}?watch=1&sendInitialEvents=true`)).status).toBe(422);
  });

  it('comes as tables, the columns with the first one only', async () => {
    const test = await TestApi.start();
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const watch = await test.watch(`${POD_PATH}?watch=1`, { accept });
    await test.made(POD_PATH, pod('a'));
    await test.made(POD_PATH, pod('b'));
    const [first, second] = [await watch.next(), await watch.next()];
    expect([at(first?.object, 'kind'), at(first?.object, 'columnDefinitions', 0, 'name')]).toEqual(['Table', 'Name']);
    expect([at(second?.object, 'rows', 0, 'cells', 0), at(second?.object, 'columnDefinitions')]).toEqual(['b', 'null']);
  });

  it('ends with its kind, after its objects', async () => {
    const test = await TestApi.start();
    await test.made(DEFINITION_PATH, widgetDefinition());
    await test.made(WIDGET_PATH, widget('a'));
    const watch = await test.watch(`${WIDGET_PATH}?watch=1`);
    expect(await watch.names(1)).toEqual(['ADDED a']);
    await test.send('DELETE', `${DEFINITION_PATH}/widgets.example.com`);
    expect(await watch.names(1)).toEqual(['DELETED a']);
    expect(await watch.next()).toBeUndefined();
  });

  it('ends when the API closes', async () => {
    const test = await TestApi.start();
    const watch = await test.watch(`${POD_PATH}?watch=1`);
    const next = watch.next();
    test.api.close();
    expect(await next).toBeUndefined();
    expect((await test.get(POD_PATH)).status).toBe(503);
  });

  it('serves our own client', async () => {
    const test = await TestApi.start();
    const client = createKubeClient({ transport: test.api.transport });
    for (let n = 0; n < 3; n++) await test.made(POD_PATH, pod(`p${n}`));
    const { items, resourceVersion } = await client.list(resources.pods, { namespace: 'default' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['p0', 'p1', 'p2']);
    const stop = new AbortController();
    const events = client.watch(resources.pods, { namespace: 'default', resourceVersion, signal: stop.signal });
    await client.delete(resources.pods, { name: 'p1', namespace: 'default' });
    for await (const event of events) {
      expect(event).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'p1' } } });
      break;
    }
    await expect(client.get(resources.pods, { name: 'p1', namespace: 'default' })).rejects.toMatchObject({
      code: 'APISERVER_NOT_FOUND',
    });
  });
});
