import { EtcdError } from './errors.ts';
import { hintFor } from './hints.ts';
import type { CallOptions } from './config.ts';
import type { EtcdEndpoint } from './endpoints.ts';
import type { SnapshotMessages } from './snapshot-call.ts';
import type { SnapshotMessage } from './snapshot-message.ts';

/** etcd ends its stream with the SHA-256 of all that came before; `remaining_bytes` does not count it. */
const CHECKSUM_BYTES = 32;

const DEFAULT_IDLE_TIMEOUT_MS = 30_000;

/** What a snapshot is streamed from: a `Member`, or whatever sends the same messages. */
export interface SnapshotSource {
  readonly endpoint: EtcdEndpoint;
  snapshot(options: CallOptions): Promise<SnapshotMessages>;
}

export interface SnapshotProgress {
  /** Bytes so far, this chunk included. */
  readonly receivedBytes: number;
  /** Bytes of the whole stream, the 32 of the checksum included. */
  readonly totalBytes: number;
}

export interface SnapshotStreamOptions {
  /** Ends the stream at once; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long the member may stay silent, in milliseconds: before the first byte and between two. Default 30,000. */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * Takes the stream's bytes in order. A promise holds the member up until it resolves; a throw or a rejection ends
   * the stream with it. The chunk's memory is not used again, so it may be kept.
   */
  readonly onChunk: (chunk: Uint8Array, progress: SnapshotProgress) => void | Promise<void>;
}

export interface SnapshotSummary {
  /** Bytes of the whole stream, the 32 of the checksum included: the size of the file that holds it. */
  readonly totalBytes: number;
  /** The version of the database's schema, such as `3.6.0`; undefined before 3.6. */
  readonly storageVersion: string | undefined;
}

/**
 * Streams a member's snapshot: its database, then its SHA-256 of 32 bytes, exactly as `etcdctl snapshot save` stores
 * them. Checks that all announced bytes have come; comparing the SHA-256 is left to the caller. Needs no quorum.
 *
 * @throws EtcdError `ETCD_STREAM_IDLE`, `ETCD_STREAM_BROKEN`, `ETCD_STREAM_CUT_SHORT`, `ETCD_RESPONSE_MALFORMED`, or why
 *   the stream could not be opened; and whatever `onChunk` throws
 */
export async function streamSnapshot(member: SnapshotSource, options: SnapshotStreamOptions): Promise<SnapshotSummary> {
  const { signal, idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS, onChunk } = options;
  const { url } = member.endpoint;
  const messages = await member.snapshot({ signal, timeoutMs: idleTimeoutMs });
  const watch = new IdleWatch(idleTimeoutMs, () => messages.cancel(wentSilent(url, idleTimeoutMs)));
  const onAbort = (): void => messages.cancel(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    return await receive(messages, url, watch, onChunk);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    watch.end();
    messages.cancel(new Error('the snapshot is no longer wanted'));
  }
}

async function receive(
  messages: SnapshotMessages,
  url: string,
  watch: IdleWatch,
  onChunk: SnapshotStreamOptions['onChunk'],
): Promise<SnapshotSummary> {
  let receivedBytes = 0;
  let totalBytes: number | undefined;
  let last: SnapshotMessage | undefined;
  for (let message = await messages.next(); message !== undefined; message = await messages.next()) {
    last = message;
    totalBytes ??= message.remainingBytes + message.blob.length + CHECKSUM_BYTES;
    receivedBytes += message.blob.length;
    if (receivedBytes > totalBytes) break;
    if (message.blob.length === 0) continue; // no sign of life: a member whose disk fails repeats these without end
    const taken = onChunk(message.blob, { receivedBytes, totalBytes });
    if (taken !== undefined) await watch.pauseFor(taken);
    watch.alive();
  }
  if (last === undefined || totalBytes === undefined || receivedBytes !== totalBytes || last.remainingBytes !== 0)
    throw cutShort(url, receivedBytes, totalBytes);
  return { totalBytes, storageVersion: last.storageVersion === '' ? undefined : last.storageVersion };
}

/** Calls out when nothing has come for a while. Time that the taker of the chunks spends does not count. */
class IdleWatch {
  readonly #timer: NodeJS.Timeout;
  #paused = false;

  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timer = setTimeout(() => {
      if (this.#paused) this.#timer.refresh();
      else onIdle();
    }, timeoutMs);
  }

  alive(): void {
    this.#timer.refresh();
  }

  async pauseFor(work: Promise<void>): Promise<void> {
    this.#paused = true;
    await work;
    this.#paused = false;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function wentSilent(url: string, idleTimeoutMs: number): EtcdError {
  return new EtcdError('ETCD_STREAM_IDLE', `${url} sent nothing of its snapshot for ${idleTimeoutMs / 1000} s`, {
    hint: hintFor('ETCD_STREAM_IDLE'),
    subject: url,
  });
}

function cutShort(url: string, received: number, total: number | undefined): EtcdError {
  const announced = total === undefined ? 'and had announced nothing' : `of ${total} announced`;
  return new EtcdError('ETCD_STREAM_CUT_SHORT', `the snapshot of ${url} ended after ${received} bytes ${announced}`, {
    hint: hintFor('ETCD_STREAM_CUT_SHORT'),
    subject: url,
  });
}
