import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { OpenStream, ScriptedApi } from '../../test/kit/scripted-api.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { splitLines } from './body.ts';
import { createKubeClient } from './create-kube-client.ts';
import type { WatchEvent } from './kube-client.ts';
import type { Namespace } from './objects.ts';
import { namespaces } from './resource.ts';

const NEWLINE = '\n';

function namespace(name: string, resourceVersion: string): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, resourceVersion } };
}

function watching(signal?: AbortSignal) {
  const stream = new OpenStream();
  const time = new ManualTime(new Date('2026-11-23T00:00:00Z'));
  const api = new ScriptedApi(() => ({ stream }));
  const client = createKubeClient({ transport: api.transport, time, watchIdleMs: 60_000 });
  const events = client.watch(namespaces, { resourceVersion: '7', signal });
  return { stream, time, api, events };
}

async function collect(events: AsyncIterable<WatchEvent<Namespace>>): Promise<WatchEvent<Namespace>[]> {
  const all: WatchEvent<Namespace>[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('a watch', () => {
  it('asks for bookmarks, and to be ended before its silence could be mistaken', async () => {
    const { stream, api, events } = watching();
    stream.end();
    await collect(events);
    expect(api.asked[0]?.query).toEqual({
      watch: 'true',
      resourceVersion: '7',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '45',
    });
  });

  it('tells what changes, and ends when the server ends it', async () => {
    const { stream, events } = watching();
    stream.event('ADDED', namespace('a', '8'));
    stream.event('BOOKMARK', { kind: 'Namespace', metadata: { resourceVersion: '12', creationTimestamp: null } });
    stream.event('DELETED', namespace('a', '13'));
    stream.end();
    expect(await collect(events)).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '8' } } },
      { type: 'BOOKMARK', resourceVersion: '12' },
      { type: 'DELETED', object: { metadata: { resourceVersion: '13' } } },
    ]);
  });

  it('reports a version that is too old, in a line or at once', async () => {
    const { stream, events } = watching();
    stream.event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 7 (9)' });
    await expect(collect(events)).rejects.toMatchObject({ code: 'APISERVER_GONE' });
    const api = new ScriptedApi(() => ({ status: 410, json: { kind: 'Status', reason: 'Expired', message: 'old' } }));
    const atOnce = createKubeClient({ transport: api.transport }).watch(namespaces, { resourceVersion: '7' });
    await expect(collect(atOnce)).rejects.toMatchObject({ code: 'APISERVER_GONE' });
  });

  it('reports any other error that comes in a line', async () => {
    const { stream, events } = watching();
    stream.event('ERROR', { kind: 'Status', code: 500, message: 'etcd has gone away' });
    await expect(collect(events)).rejects.toThrow('etcd has gone away');
  });

  it.each([
    ['that is no JSON', '{"type":"ADDED",'],
    ['of an unknown type', '{"type":"RENAMED","object":{}}'],
    ['without a version', '{"type":"BOOKMARK","object":{}}'],
  ])('refuses a line %s', async (_, line) => {
    const { stream, events } = watching();
    stream.write(line + NEWLINE);
    stream.end();
    await expect(collect(events)).rejects.toMatchObject({ code: 'APISERVER_BAD_RESPONSE' });
  });

  it('refuses a line without end', async () => {
    const { stream, events } = watching();
    for (let mebibytes = 0; mebibytes < 9; mebibytes += 1) stream.write(Buffer.alloc(1024 * 1024, 'x'));
    await expect(collect(events)).rejects.toMatchObject({ code: 'APISERVER_RESPONSE_TOO_LARGE' });
    expect(stream.isLeft).toBe(true);
  });

  it('notices a connection on which nothing comes any more', async () => {
    const { stream, time, events, api } = watching();
    const all = collect(events);
    await waitFor(() => time.nextTimerAt, { everyMs: 1 });
    time.advance(59_000);
    stream.event('ADDED', namespace('a', '8'));
    await waitFor(() => time.nextTimerAt?.toISOString() === '2026-11-23T00:01:59.000Z', { everyMs: 1 });
    time.advance(60_000);
    await expect(all).rejects.toMatchObject({ code: 'APISERVER_TIMEOUT' });
    expect(api.asked[0]?.signal.aborted).toBe(true);
  });

  it('does not take the slowness of its own reader for silence', async () => {
    const { stream, time, events } = watching();
    stream.event('ADDED', namespace('a', '8'));
    stream.end();
    for await (const event of events) {
      expect(event.type).toBe('ADDED');
      time.advance(3_600_000);
    }
  });

  it('lets go of its connection when its reader leaves', async () => {
    const { stream, time, events } = watching();
    stream.event('ADDED', namespace('a', '8'));
    for await (const event of events) {
      expect(event.type).toBe('ADDED');
      break;
    }
    expect(stream.isLeft).toBe(true);
    expect(time.nextTimerAt).toBeUndefined();
  });

  it('ends with the reason of a signal that aborts', async () => {
    const stop = new AbortController();
    const { api, events } = watching(stop.signal);
    const all = collect(events);
    await waitFor(() => api.asked.length === 1, { everyMs: 1 });
    stop.abort(new Error('enough'));
    await expect(all).rejects.toThrow('enough');
  });
});

describe('the lines of a body', () => {
  async function* inChunks(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array, void> {
    let start = 0;
    for (const end of [...new Set([...cuts, bytes.length])].sort((a, b) => a - b)) {
      // The next tick: chunks do not come at once.
      yield await Promise.resolve(bytes.subarray(start, end));
      start = end;
    }
  }

  it('are the same wherever its chunks are cut, also inside a character', async () => {
    const text = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }).map((line) => line.replaceAll(NEWLINE, '')));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(200)), fc.boolean(), async (lines, cuts, isEnded) => {
        const bytes = Buffer.from(lines.join(NEWLINE) + (isEnded ? NEWLINE : ''));
        const body = inChunks(
          bytes,
          cuts.filter((cut) => cut < bytes.length),
        );
        const found: string[] = [];
        for await (const line of splitLines(body, '/x', 1000)) found.push(line);
        expect(found).toEqual(lines.filter((line) => line !== ''));
      }),
    );
  });
});
