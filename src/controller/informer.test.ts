import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { OpenStream, ScriptedApi, type ScriptedAnswer } from '../../test/kit/scripted-api.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { createKubeClient, resources, type Namespace } from '../apiserver/index.ts';
import { silentLog, type Log } from '../base/index.ts';
import { createInformer, type Informer } from './informer.ts';

const until = (condition: () => boolean): Promise<unknown> => waitFor(condition, { everyMs: 1, timeoutMs: 2_000 });

const object = (name: string, version: number, uid = `uid-${name}`) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, uid, resourceVersion: String(version) },
});

/** An API whose list and watches are what the test says at that moment. */
class Script {
  objects: object[] = [];
  version = 1;
  /** What a list is answered instead, as long as it is set. */
  refusal: ScriptedAnswer | undefined;
  readonly watches: OpenStream[] = [];
  readonly api = new ScriptedApi(({ query }) => {
    if (query['watch'] === undefined) {
      return this.refusal ?? { json: { metadata: { resourceVersion: String(this.version) }, items: this.objects } };
    }
    const stream = new OpenStream();
    this.watches.push(stream);
    return { stream };
  });

  get watch(): OpenStream {
    const last = this.watches.at(-1);
    if (last === undefined) throw new Error('nobody watches');
    return last;
  }
}

interface Running {
  readonly script: Script;
  readonly time: ManualTime;
  readonly informer: Informer<Namespace>;
  /** `+a`, `~a`, `-a` */
  readonly changes: string[];
  readonly logged: string[];
  readonly stop: AbortController;
  readonly run: Promise<void>;
}

function start(prepare: (script: Script) => void = () => undefined): Running {
  const script = new Script();
  prepare(script);
  const time = new ManualTime(new Date('2026-11-23T00:00:00Z'));
  const logged: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void logged.push(message), error: (m) => void logged.push(m) };
  const client = createKubeClient({ transport: script.api.transport });
  const informer = createInformer(client, resources.namespaces, { time, log });
  const changes: string[] = [];
  informer.onChange(({ metadata }, previous, isDeleted) => {
    changes.push(`${isDeleted ? '-' : previous ? '~' : '+'}${metadata.name}@${metadata.resourceVersion}`);
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  return { script, time, informer, changes, logged, stop, run: informer.run(stop.signal) };
}

const firstList = (script: Script): void => {
  script.objects = [object('a', 1), object('b', 1)];
};

async function watching(prepare = firstList): Promise<Running> {
  const running = start(prepare);
  await until(() => running.script.watches.length === 1);
  return running;
}

describe('an informer', () => {
  it('keeps objects without the record of who wrote which field', async () => {
    const managedFields = [{ manager: 'somebody', fieldsV1: {} }];
    const written = (version: number) => {
      const { metadata, ...rest } = object('a', version);
      return { ...rest, metadata: { ...metadata, managedFields } };
    };
    const { informer, script } = await watching((made) => (made.objects = [written(1)]));
    expect(informer.get({ name: 'a' })?.metadata['managedFields']).toBeUndefined();
    script.watch.event('MODIFIED', written(2));
    await until(() => informer.get({ name: 'a' })?.metadata.resourceVersion === '2');
    expect(JSON.stringify(informer.list())).not.toContain('managedFields');
  });

  it('asks for those alone that it is to select', async () => {
    const script = new Script();
    const client = createKubeClient({ transport: script.api.transport });
    const selectors = { labelSelector: 'app=x', fieldSelector: 'status.phase!=Failed' };
    const time = new ManualTime(new Date('2026-11-23T00:00:00Z'));
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    void createInformer(client, resources.pods, { time, log: silentLog, ...selectors }).run(stop.signal);
    await until(() => script.watches.length === 1);
    expect(script.api.asked.map(({ query }) => query)).toEqual([
      expect.objectContaining({ ...selectors, limit: '500' }),
      expect.objectContaining({ ...selectors, watch: 'true' }),
    ]);
  });

  it('knows everything once it has synced', async () => {
    const { informer, script, stop, changes } = start(firstList);
    expect(informer.hasSynced).toBe(false);
    await informer.synced(stop.signal);
    expect(informer.hasSynced).toBe(true);
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    expect(changes).toEqual(['+a@1', '+b@1']);
    await until(() => script.watches.length === 1);
    expect(script.api.asked.at(-1)?.query).toMatchObject({ resourceVersion: '1' });
  });

  it('follows what is added, changed and deleted', async () => {
    const { informer, script, changes } = await watching();
    script.watch.event('MODIFIED', object('a', 2));
    script.watch.event('DELETED', object('b', 3));
    script.watch.event('ADDED', object('c', 4));
    await until(() => changes.length === 5);
    expect(changes.slice(2)).toEqual(['~a@2', '-b@3', '+c@4']);
    expect(informer.get({ name: 'b' })).toBeUndefined();
    expect(informer.get({ name: 'a' })?.metadata.resourceVersion).toBe('2');
  });

  it('tells a listener that comes late what is known already', async () => {
    const { informer } = await watching();
    const names: string[] = [];
    informer.onChange(({ metadata }) => names.push(metadata.name));
    expect(names).toEqual(['a', 'b']);
  });

  it('outlives a listener that throws, and tells the others', async () => {
    const { informer, script, changes, logged } = await watching();
    let calls = 0;
    informer.onChange(() => {
      calls += 1;
      throw new Error('no');
    });
    script.watch.event('MODIFIED', object('a', 2));
    script.watch.event('MODIFIED', object('a', 3));
    await until(() => calls === 4);
    expect(changes.slice(2)).toEqual(['~a@2', '~a@3']);
    expect(logged).toEqual(Array.from({ length: 4 }, () => 'a listener failed'));
  });

  it('hands out objects that nobody can change for the others', async () => {
    const { informer } = await watching();
    const held = informer.get({ name: 'a' });
    expect(() => Object.assign(held?.metadata ?? {}, { name: 'x' })).toThrow(TypeError);
  });

  it('goes on from the last version, bookmarks included, when the server ends a watch', async () => {
    const { script, time } = await watching();
    script.watch.event('MODIFIED', object('a', 2));
    script.watch.event('BOOKMARK', { metadata: { resourceVersion: '9' } });
    time.advance(180_000);
    script.watch.end();
    await until(() => script.watches.length === 2);
    expect(script.api.calls).toEqual(['GET', 'WATCH', 'WATCH'].map((verb) => `${verb} /api/v1/namespaces`));
    expect(script.api.asked.at(-1)?.query).toMatchObject({ resourceVersion: '9' });
  });

  it('does not ask in a tight circle where watches end at once', async () => {
    const { script, time } = await watching();
    script.watch.end();
    await until(() => time.nextTimerAt !== undefined);
    expect(script.watches).toHaveLength(1);
    time.advance(200);
    await until(() => script.watches.length === 2);
  });

  it('lists anew where its version is too old, and tells what it has missed', async () => {
    const { script, time, changes } = await watching();
    script.objects = [object('a', 5), object('c', 6)];
    script.version = 6;
    script.watch.event('ERROR', { kind: 'Status', code: 410, message: 'too old' });
    await until(() => time.nextTimerAt !== undefined);
    time.advance(200);
    await until(() => script.watches.length === 2);
    expect(changes.slice(2)).toEqual(['-b@1', '~a@5', '+c@6']);
  });

  it('lists anew after a broken connection: the server may have come back with an older state', async () => {
    const { script, time, changes } = await watching();
    script.version = 1;
    script.objects = [object('a', 1)];
    script.watch.end(new Error('reset'));
    await until(() => time.nextTimerAt !== undefined);
    time.advance(200);
    await until(() => script.watches.length === 2);
    expect(changes.slice(2)).toEqual(['-b@1']);
  });

  it('takes an object of the same name and another uid for another one', async () => {
    const { script, changes } = await watching();
    script.watch.event('MODIFIED', object('a', 7, 'uid-other'));
    await until(() => changes.length === 4);
    expect(changes.slice(2)).toEqual(['-a@1', '+a@7']);
  });

  it('keeps what it knows while nothing can be listed, waits longer and longer, and logs it once', async () => {
    const { script, time, informer, logged } = await watching();
    script.refusal = { status: 503, json: { kind: 'Status', message: 'etcd is not there' } };
    script.watch.end(new Error('reset'));
    const waits: number[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await until(() => time.nextTimerAt !== undefined);
      const wait = (time.nextTimerAt?.getTime() ?? 0) - time.now().getTime();
      waits.push(wait);
      time.advance(wait);
    }
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(informer.list()).toHaveLength(2);
    expect(logged).toEqual(['cannot list and watch', 'cannot list and watch']);
    // The last advance has begun an attempt that asks only after this line.
    script.refusal = undefined;
    await until(() => script.watches.length === 2);
  });

  it('leaves a server alone for as long as it asks', async () => {
    const { time } = start((script) => (script.refusal = { status: 429, headers: { 'retry-after': '7' }, json: {} }));
    await until(() => time.nextTimerAt !== undefined);
    expect((time.nextTimerAt?.getTime() ?? 0) - time.now().getTime()).toBe(7_000);
  });

  it('ends in peace when its signal aborts: in a watch, in a wait, before it has synced', async () => {
    const inWatch = await watching();
    inWatch.stop.abort();
    await inWatch.run;
    const inWait = start((script) => (script.refusal = { status: 404, json: {} }));
    const synced = inWait.informer.synced(inWait.stop.signal);
    await until(() => inWait.time.nextTimerAt !== undefined);
    inWait.stop.abort(new Error('enough'));
    await inWait.run;
    await expect(synced).rejects.toThrow('enough');
    expect(inWait.time.nextTimerAt).toBeUndefined();
    await expect(inWait.informer.run(inWait.stop.signal)).rejects.toThrow(TypeError);
  });
});
