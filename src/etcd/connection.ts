import { isIP } from 'node:net';
import {
  ChannelCredentials,
  Client,
  Metadata,
  type ChannelOptions,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { asBuffer, messageOf } from '../base/index.ts';
import type { TlsMaterial } from './credentials.ts';
import type { Deadline } from './deadline.ts';
import type { EtcdEndpoint } from './endpoints.ts';
import { EtcdError } from './errors.ts';
import type { UnaryMethod } from './rpc/method.ts';
import { checkIdentity, expectedName, NAME_FOR_ADDRESSES } from './server-identity.ts';

/** The token field of a request: etcd api/v3rpc/rpctypes/metadatafields.go. */
const TOKEN_FIELD = 'token';

/**
 * HTTP/2 flow control. The default of 64 KiB halves the speed of a snapshot; above 4 MiB it gains nothing more, and
 * memory is spent (docs/performance.md).
 */
const FLOW_CONTROL_WINDOW = 4 * 1024 * 1024;

export interface Request {
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly deadline: Deadline;
}

/** Thrown when no answer came within a deadline; it never leaves this folder. */
export class NoAnswer extends Error {}

/**
 * One channel to exactly one endpoint. Speaks gRPC, knows nothing of etcd's meaning; what it throws is mapped by
 * failures.ts.
 */
export class Connection {
  readonly endpoint: EtcdEndpoint;
  readonly tls: TlsMaterial | undefined;
  readonly #client: Client;

  constructor(endpoint: EtcdEndpoint, tls: TlsMaterial | undefined) {
    this.endpoint = endpoint;
    this.tls = tls;
    this.#client = new Client(grpcTarget(endpoint), channelCredentials(endpoint, tls), channelOptions(endpoint));
  }

  /** @throws a grpc-js ServiceError, {@link NoAnswer}, the signal's reason, or `ETCD_RESPONSE_MALFORMED` */
  async unary<Q, R>(method: UnaryMethod<Q, R>, message: Partial<Q>, request: Request): Promise<R> {
    const answer = await this.#exchange(method.path, asBuffer(method.request.encode(message)), request);
    try {
      return method.response.decode(answer);
    } catch (cause) {
      throw new EtcdError(
        'ETCD_RESPONSE_MALFORMED',
        `the answer of ${this.endpoint.url} to ${method.path} cannot be decoded: ${messageOf(cause)}`,
        {
          hint: 'Check that the endpoint is an etcd member and not another service.',
          subject: this.endpoint.url,
          cause,
        },
      );
    }
  }

  #exchange(path: string, message: Buffer, { token, signal, deadline }: Request): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onAnswer = (error: ServiceError | null, answer?: Buffer): void =>
        settle(() => (error !== null || answer === undefined ? reject(error ?? new NoAnswer()) : resolve(answer)));
      const call = this.#client.makeUnaryRequest(path, asIs, asIs, message, metadataWith(token), onAnswer);
      const abandon = (why: Error): void =>
        settle(() => {
          reject(why);
          call.cancel();
        });
      const onAbort = (): void => abandon(signal?.reason as Error);
      const timer = setTimeout(() => abandon(new NoAnswer()), deadline.remainingMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Opens a server stream; each item is one undecoded message. */
  serverStream(path: string, message: Uint8Array, token: string | undefined): ClientReadableStream<Buffer> {
    return this.#client.makeServerStreamRequest(path, asIs, asIs, asBuffer(message), metadataWith(token));
  }

  close(): void {
    this.#client.close();
  }
}

const asIs = (bytes: Buffer): Buffer => bytes;

function metadataWith(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set(TOKEN_FIELD, token);
  return metadata;
}

function grpcTarget({ address }: EtcdEndpoint): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { host, port } = address;
  if (isIP(host) === 6) return `ipv6:[${host}]:${port}`;
  return isIP(host) === 4 ? `ipv4:${host}:${port}` : `dns:${host}:${port}`;
}

function channelCredentials(endpoint: EtcdEndpoint, tls: TlsMaterial | undefined): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure();
  return ChannelCredentials.createFromSecureContext(tls.context, {
    // grpc-js passes the override below here; the certificate is held against what the user gave.
    checkServerIdentity: (_name, certificate) => checkIdentity(endpoint, certificate),
  });
}

function channelOptions(endpoint: EtcdEndpoint): ChannelOptions {
  const name = expectedName(endpoint);
  return {
    'grpc.enable_http_proxy': 0, // etcd is always reached directly
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1, // so that close() closes
    'grpc.service_config_disable_resolution': 1, // no TXT look-ups
    'grpc.enable_retries': 0, // callers decide
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW,
    ...(endpoint.tls && isIP(name) !== 0 && { 'grpc.ssl_target_name_override': NAME_FOR_ADDRESSES }),
  };
}
