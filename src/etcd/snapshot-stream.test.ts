import { describe, expect, it, vi } from 'vitest';
import { parseEndpoints } from './endpoints.ts';
import type { SnapshotMessages } from './snapshot-call.ts';
import type { SnapshotMessage } from './snapshot-message.ts';
import { streamSnapshot, type SnapshotProgress, type SnapshotSource } from './snapshot-stream.ts';

const CHECKSUM = Buffer.alloc(32, 0xcc);
const [endpoint] = parseEndpoints('http://10.0.0.5:2379', { tls: false });

/** What a member sends of a database of `blobs`, its checksum included. */
function sent(blobs: readonly string[], storageVersion = ''): SnapshotMessage[] {
  const total = blobs.join('').length;
  let done = 0;
  const messages = blobs.map((text): SnapshotMessage => {
    done += text.length;
    return { remainingBytes: total - done, blob: Buffer.from(text), storageVersion };
  });
  return [...messages, { remainingBytes: 0, blob: CHECKSUM, storageVersion }];
}

/** A member that sends `messages`, and then ends the stream or goes silent. */
function memberSending(messages: readonly SnapshotMessage[], then: 'end' | 'silence' = 'end') {
  const left = [...messages];
  const cancelled: Error[] = [];
  const waiting: ((reason: Error) => void)[] = [];
  const stream: SnapshotMessages = {
    next: () => {
      const [reason] = cancelled;
      if (reason !== undefined) return Promise.reject(reason);
      const message = left.shift();
      if (message !== undefined || then === 'end') return Promise.resolve(message);
      return new Promise((_resolve, reject) => waiting.push(reject));
    },
    cancel: (reason) => {
      cancelled.push(reason);
      for (const reject of waiting) reject(reason);
    },
  };
  if (endpoint === undefined) throw new Error('no endpoint');
  const member: SnapshotSource = { endpoint, snapshot: () => Promise.resolve(stream) };
  return { member, cancelled, left };
}

function receive(member: SnapshotSource, idleTimeoutMs = 1_000) {
  const chunks: Uint8Array[] = [];
  const progress: SnapshotProgress[] = [];
  const done = streamSnapshot(member, {
    idleTimeoutMs,
    onChunk: (chunk, now) => {
      chunks.push(chunk);
      progress.push(now);
    },
  });
  return { done, chunks, progress };
}

describe('a snapshot stream', () => {
  it('gives all bytes in order, the checksum last, and counts against the announced total', async () => {
    const { done, chunks, progress } = receive(memberSending(sent(['page one', 'page two'])).member);
    expect(await done).toEqual({ totalBytes: 48, storageVersion: undefined });
    expect(Buffer.concat(chunks)).toEqual(Buffer.concat([Buffer.from('page onepage two'), CHECKSUM]));
    expect(progress).toEqual([
      { receivedBytes: 8, totalBytes: 48 },
      { receivedBytes: 16, totalBytes: 48 },
      { receivedBytes: 48, totalBytes: 48 },
    ]);
  });

  it('tells the version of the schema where etcd does', async () => {
    const { done } = receive(memberSending(sent(['x'], '3.6.0')).member);
    expect(await done).toEqual({ totalBytes: 33, storageVersion: '3.6.0' });
  });

  it('ends its call when it is done', async () => {
    const { member, cancelled } = memberSending(sent(['x']));
    await receive(member).done;
    expect(cancelled).toHaveLength(1);
  });

  const whole = sent(['page one', 'page two']);
  const checksum = (bytes: number, remainingBytes = 0): SnapshotMessage => ({
    remainingBytes,
    blob: CHECKSUM.subarray(0, bytes),
    storageVersion: '',
  });
  it.each([
    { what: 'nothing at all', messages: [] },
    { what: 'the first page only', messages: whole.slice(0, 1) },
    { what: 'no checksum', messages: whole.slice(0, 2) },
    { what: 'half a checksum', messages: [...whole.slice(0, 2), checksum(16)] },
    { what: 'more than was announced', messages: [...whole, checksum(1)] },
    { what: 'a rest that never comes down to zero', messages: [...whole.slice(0, 2), checksum(32, 8)] },
  ])('with $what is cut short', async ({ messages }) => {
    await expect(receive(memberSending(messages).member).done).rejects.toMatchObject({
      code: 'ETCD_STREAM_CUT_SHORT',
      subject: 'http://10.0.0.5:2379',
    });
  });

  it('that goes silent fails as idle', async () => {
    const { member } = memberSending(whole.slice(0, 2), 'silence');
    await expect(receive(member, 20).done).rejects.toMatchObject({ code: 'ETCD_STREAM_IDLE', kind: 'transient' });
  });

  it('of empty messages without end is idle too', async () => {
    vi.useFakeTimers();
    try {
      const { member, cancelled } = memberSending([]);
      const endless: SnapshotMessages = {
        next: async () => {
          await vi.advanceTimersByTimeAsync(10);
          const [reason] = cancelled;
          if (reason !== undefined) throw reason;
          return { remainingBytes: 100, blob: new Uint8Array(0), storageVersion: '' };
        },
        cancel: (reason) => cancelled.push(reason),
      };
      const source: SnapshotSource = { ...member, snapshot: () => Promise.resolve(endless) };
      await expect(receive(source).done).rejects.toMatchObject({ code: 'ETCD_STREAM_IDLE' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not count the time that its taker needs as silence', async () => {
    vi.useFakeTimers();
    try {
      const { member } = memberSending(whole);
      const slow = streamSnapshot(member, {
        idleTimeoutMs: 50,
        onChunk: async () => {
          await vi.advanceTimersByTimeAsync(500);
        },
      });
      expect((await slow).totalBytes).toBe(48);
    } finally {
      vi.useRealTimers();
    }
  });

  it('asks for the next message only when its taker is ready', async () => {
    const { member, left } = memberSending(whole);
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const seen: number[] = [];
    const done = streamSnapshot(member, {
      onChunk: () => {
        seen.push(left.length);
        return seen.length === 1 ? held : undefined;
      },
    });
    await vi.waitFor(() => expect(seen).toEqual([2]));
    goOn();
    await done;
    expect(seen).toEqual([2, 1, 0]);
  });

  it('ends with what its taker throws, and cancels the call', async () => {
    const full = new Error('no space left on device');
    const { member, cancelled } = memberSending(whole, 'silence');
    const done = streamSnapshot(member, { onChunk: () => Promise.reject(full) });
    await expect(done).rejects.toBe(full);
    expect(cancelled).toHaveLength(1);
  });

  it('ends with the reason of its signal, in mid-stream or before', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { member } = memberSending(whole.slice(0, 1), 'silence');
    const done = streamSnapshot(member, { signal: controller.signal, onChunk: () => controller.abort(reason) });
    await expect(done).rejects.toBe(reason);
    const late = streamSnapshot(memberSending(whole).member, { signal: controller.signal, onChunk: () => undefined });
    await expect(late).rejects.toBe(reason);
  });
});
