import { describe, expect, it } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { ScriptedApi, type ScriptedAnswer } from '../../test/kit/scripted-api.ts';
import { createKubeClient } from '../apiserver/index.ts';
import { silentLog } from '../base/index.ts';
import { readOwnImage } from './own-image.ts';

const pod = (image: string): ScriptedAnswer => ({
  json: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'holdfast-1', namespace: 'holdfast' },
    spec: { containers: [{ name: 'operator', image }] },
  },
});

async function read(...answers: readonly ScriptedAnswer[]): Promise<string> {
  const time = new ManualTime(new Date('2026-11-23T12:00:00Z'));
  const left = [...answers];
  const api = new ScriptedApi(() => left.shift() ?? pod('late'));
  const asked = readOwnImage({
    client: createKubeClient({ transport: api.transport, time }),
    pod: { namespace: 'holdfast', name: 'holdfast-1' },
    ...{ time, log: silentLog, signal: new AbortController().signal },
  });
  const ended = asked.then(
    () => true,
    () => true,
  );
  for (;;) {
    const isOver = await Promise.race([ended, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
    if (isOver) return asked;
    time.advance(500);
  }
}

describe('The image of the operator itself', () => {
  it('is that of its pod', async () => {
    expect(await read(pod('holdfast@sha256:0123'))).toBe('holdfast@sha256:0123');
  });

  it('is waited for while the API server is down', async () => {
    const down = { status: 503, json: { kind: 'Status', reason: 'ServiceUnavailable' } };
    expect(await read(down, down, down, down, down, pod('holdfast:1'))).toBe('holdfast:1');
  });

  it.each([
    ['may not be read', { status: 403, json: { kind: 'Status', reason: 'Forbidden' } }],
    ['is not there', { status: 404, json: { kind: 'Status', reason: 'NotFound' } }],
    ['names none', pod('')],
  ])('is asked of the user where the pod %s', async (_how, answer) => {
    await expect(read(answer)).rejects.toMatchObject({ code: 'OPERATOR_IMAGE_UNKNOWN' });
  });
});
