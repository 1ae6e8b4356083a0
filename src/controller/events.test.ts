import { describe, expect, it } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { ScriptedApi, type AskedRequest, type ScriptedAnswer } from '../../test/kit/scripted-api.ts';
import { createKubeClient, type KubeObject } from '../apiserver/index.ts';
import { silentLog } from '../base/index.ts';
import { createEventRecorder, type EventRecorder } from './events.ts';

const job: KubeObject = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', namespace: 'n', uid: 'u', resourceVersion: '7', creationTimestamp: '' },
};
const note = { type: 'Normal', reason: 'Made', message: 'made a pod' } as const;

function recording(refuse: (request: AskedRequest) => ScriptedAnswer | undefined = () => undefined) {
  const time = new ManualTime(new Date('2026-11-23T12:00:00Z'));
  const api = new ScriptedApi((request) => {
    const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, involvedObject: {} };
    return refuse(request) ?? { json: event };
  });
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
  const client = createKubeClient({ transport: api.transport });
  const recorder: EventRecorder = createEventRecorder(client, { component: 'test', time, log });
  return { time, api, warnings, recorder };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('an event', () => {
  it('says what happened to which object, and who says so', async () => {
    const { api, recorder } = recording();
    await recorder.record(job, note);
    expect(api.calls).toEqual(['POST /api/v1/namespaces/n/events']);
    expect(api.asked[0]?.body).toMatchObject({
      metadata: { name: expect.stringMatching(/^j\.[0-9a-f]{16}$/) as string, namespace: 'n' },
      involvedObject: { apiVersion: 'batch/v1', kind: 'Job', name: 'j', namespace: 'n', uid: 'u' },
      ...note,
      count: 1,
      firstTimestamp: '2026-11-23T12:00:00Z',
      lastTimestamp: '2026-11-23T12:00:00Z',
      source: { component: 'test' },
    });
  });

  it('of an object of the cluster goes to the namespace default', async () => {
    const { api, recorder } = recording();
    const { namespace, ...metadata } = job.metadata;
    expect(namespace).toBe('n');
    await recorder.record({ ...job, metadata }, note);
    expect(api.calls).toEqual(['POST /api/v1/namespaces/default/events']);
  });

  it('that happens again raises the count of the first one', async () => {
    const { api, recorder, time } = recording();
    await recorder.record(job, note);
    time.advance(60_000);
    await Promise.all([recorder.record(job, note), recorder.record(job, note)]);
    const [created] = api.asked;
    const name = (created?.body as KubeObject).metadata.name;
    expect(api.calls.slice(1)).toEqual(Array.from({ length: 2 }, () => `PATCH /api/v1/namespaces/n/events/${name}`));
    expect(api.asked.slice(1).map(({ body }) => body)).toEqual(
      [2, 3].map((count) => ({ count, lastTimestamp: '2026-11-23T12:01:00Z' })),
    );
  });

  it('is another one where its words, its reason or its object are others', async () => {
    const { api, recorder } = recording();
    const again = { ...job, metadata: { ...job.metadata, uid: 'other' } };
    await recorder.record(job, note);
    await recorder.record(job, { ...note, message: 'made another' });
    await recorder.record(job, { ...note, type: 'Warning' });
    await recorder.record(again, note);
    expect(new Set(api.calls)).toEqual(new Set(['POST /api/v1/namespaces/n/events']));
    expect(new Set(api.asked.map(({ body }) => (body as KubeObject).metadata.name)).size).toBe(4);
  });

  it('is made anew where the server has forgotten it', async () => {
    const { api, recorder } = recording(({ method }) => (method === 'PATCH' ? { status: 404, json: {} } : undefined));
    await recorder.record(job, note);
    await recorder.record(job, note);
    expect(api.asked.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
  });

  it('that cannot be written is logged, and the next one is tried', async () => {
    const { api, recorder, warnings } = recording(() => ({ status: 403, json: { kind: 'Status', message: 'no' } }));
    await recorder.record(job, note);
    await recorder.record(job, note);
    expect(warnings).toEqual(Array.from({ length: 2 }, () => 'an event could not be written'));
    expect(api.calls).toHaveLength(2);
  });

  it('waits for a server that takes none, for as long as it asks to be left alone, and others wait behind it', async () => {
    let isBusy = true;
    const busy = { status: 429, json: { kind: 'Status', details: { retryAfterSeconds: 7 } } };
    const { api, recorder, time, warnings } = recording(() => (isBusy ? busy : undefined));
    await Promise.all([recorder.record(job, note), recorder.record(job, { ...note, message: 'made another' })]);
    expect(api.calls).toHaveLength(1);
    time.advance(6_999);
    isBusy = false;
    await settled();
    expect(api.calls).toHaveLength(1);
    time.advance(1);
    await settled();
    const bodies = api.asked.slice(1).map(({ body }) => body as KubeObject & { message: string });
    expect(bodies.map(({ message }) => message)).toEqual(['made a pod', 'made another']);
    expect(bodies[0]).toMatchObject({ firstTimestamp: '2026-11-23T12:00:00Z' });
    expect(warnings).toEqual([]);
  });

  it('is told once although the answer to the first attempt was lost', async () => {
    const answers = [500, 409];
    const { api, recorder, time, warnings } = recording(() => {
      const status = answers.shift();
      return status === undefined ? undefined : { status, json: { kind: 'Status', reason: 'AlreadyExists' } };
    });
    await recorder.record(job, note);
    time.advance(1_000);
    await settled();
    expect(new Set(api.asked.map(({ body }) => (body as KubeObject).metadata.name)).size).toBe(1);
    expect(warnings).toEqual([]);
    await recorder.record(job, note);
    expect(api.asked.map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH']);
  });

  it('is given up where it is no news any more, and of many the oldest', async () => {
    const { recorder, time, warnings } = recording(() => ({ status: 500, json: { kind: 'Status' } }));
    for (let each = 0; each < 202; each += 1) await recorder.record(job, { ...note, message: String(each) });
    expect(warnings).toHaveLength(2);
    for (let second = 0; second < 700; second += 1) {
      time.advance(1_000);
      await settled();
    }
    expect(warnings).toHaveLength(202);
  });

  it('has a message of at most 1,024 bytes and a name of at most 253', async () => {
    const { api, recorder } = recording();
    const long = { ...job, metadata: { ...job.metadata, name: 'n'.repeat(253) } };
    await recorder.record(long, { ...note, message: 'ü'.repeat(2000) });
    const { message, metadata } = api.asked[0]?.body as KubeObject & { readonly message: string };
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
    expect(message).toMatch(/^ü+…$/);
    expect(metadata.name).toHaveLength(253);
  });
});
