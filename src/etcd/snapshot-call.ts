import type { ClientReadableStream } from '@grpc/grpc-js';
import { messageOf } from '../base/index.ts';
import type { Caller } from './caller.ts';
import type { CallOptions } from './config.ts';
import { NoAnswer } from './connection.ts';
import { EtcdError } from './errors.ts';
import { isServiceError } from './failures.ts';
import { hintFor } from './hints.ts';
import { SNAPSHOT_PATH } from './rpc/maintenance.ts';
import { decodeSnapshotMessage, type SnapshotMessage } from './snapshot-message.ts';

const EMPTY_REQUEST = new Uint8Array(0);

/** A snapshot's messages as they come in. Whoever asks for the next one sets the pace, and the member waits meanwhile. */
export interface SnapshotMessages {
  /**
   * @returns undefined when the member has ended the stream in good order
   * @throws EtcdError `ETCD_STREAM_BROKEN`, `ETCD_RESPONSE_MALFORMED`, or the reason given to `cancel`
   */
  next(): Promise<SnapshotMessage | undefined>;
  /** Ends the stream at once; a `next` under way rejects with `reason`. */
  cancel(reason: Error): void;
}

/** Opens the stream and waits for its first message, so that refusals are met here and tokens can be renewed. */
export function openSnapshot(caller: Caller, options: CallOptions): Promise<SnapshotMessages> {
  const { signal } = options;
  return caller.withToken('opening a snapshot', options, async (token, deadline) => {
    signal?.throwIfAborted();
    const messages = new GrpcMessages(
      caller.connection.serverStream(SNAPSHOT_PATH, EMPTY_REQUEST, token),
      caller.connection.endpoint.url,
    );
    const onAbort = (): void => messages.cancel(signal?.reason as Error);
    const timer = setTimeout(() => messages.cancel(new NoAnswer()), deadline.remainingMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await messages.open();
      return messages;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  });
}

class GrpcMessages implements SnapshotMessages {
  readonly #stream: ClientReadableStream<Buffer>;
  readonly #arriving: AsyncIterator<Buffer, undefined>;
  readonly #url: string;
  #first: IteratorResult<Buffer, undefined> | undefined;

  constructor(stream: ClientReadableStream<Buffer>, url: string) {
    this.#stream = stream;
    this.#url = url;
    this.#arriving = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    // grpc-js reports the end of a cancelled call as an error once more, when nobody listens any longer.
    stream.on('error', () => undefined);
  }

  /** Fails with what grpc-js throws, for `withToken` to judge. */
  async open(): Promise<void> {
    this.#first = await this.#arriving.next();
  }

  async next(): Promise<SnapshotMessage | undefined> {
    const item = this.#first ?? (await this.#arrive());
    this.#first = undefined;
    return item.done === true ? undefined : this.#decode(item.value);
  }

  async #arrive(): Promise<IteratorResult<Buffer, undefined>> {
    try {
      return await this.#arriving.next();
    } catch (cause) {
      throw this.#broken(cause);
    }
  }

  cancel(reason: Error): void {
    this.#stream.destroy(reason);
    this.#stream.cancel();
  }

  #decode(message: Buffer): SnapshotMessage {
    try {
      return decodeSnapshotMessage(message);
    } catch (cause) {
      throw new EtcdError(
        'ETCD_RESPONSE_MALFORMED',
        `a message in the snapshot of ${this.#url} cannot be decoded: ${messageOf(cause)}`,
        { hint: hintFor('ETCD_RESPONSE_MALFORMED'), subject: this.#url, cause },
      );
    }
  }

  #broken(cause: unknown): Error {
    if (!isServiceError(cause)) return cause as Error;
    return new EtcdError('ETCD_STREAM_BROKEN', `the snapshot of ${this.#url} broke off: ${cause.details}`, {
      hint: hintFor('ETCD_STREAM_BROKEN'),
      subject: this.#url,
      cause,
    });
  }
}
