import { connect as tcpConnect, isIP, type Socket } from 'node:net';
import { connect as tlsConnect, TLSSocket } from 'node:tls';
import { messageOf, systemCode } from '../base/index.ts';
import type { TlsMaterial } from './credentials.ts';
import type { EtcdEndpoint } from './endpoints.ts';
import { EtcdError, type EtcdErrorCode } from './errors.ts';
import { hintFor } from './hints.ts';
import { checkIdentity, expectedName, NAME_FOR_ADDRESSES } from './server-identity.ts';
import { codeOf } from './socket-errors.ts';

/** The client's first words in HTTP/2 (RFC 9113, section 3.4): the preface and an empty SETTINGS frame. */
const HTTP2_GREETING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const SETTINGS_FRAME = 4;

/** How a connection attempt went: the peer's first bytes, its silence, or what went wrong. */
type Attempt =
  | { readonly outcome: 'answered'; readonly bytes: Buffer }
  | { readonly outcome: 'closed' | 'silent' }
  | { readonly outcome: 'failed'; readonly error: unknown };

/**
 * Finds out why gRPC could not connect, by connecting once more and reading the codes of Node's own errors: grpc-js
 * keeps only their text. Sends nothing but the greeting of HTTP/2, and verifies the peer as every connection does.
 *
 * @returns undefined where the second attempt met no obstacle, or only silence
 */
export async function diagnose(
  endpoint: EtcdEndpoint,
  tls: TlsMaterial | undefined,
  limit: Limit,
): Promise<EtcdError | undefined> {
  const attempt = await attemptConnection(() => openAsAddressed(endpoint, tls), limit);
  const found = (code: EtcdErrorCode, cause?: unknown): EtcdError =>
    new EtcdError(code, `${endpoint.url}: ${why(code, endpoint, tls, cause)}`, {
      hint: hintFor(code),
      subject: endpoint.url,
      cause,
    });
  switch (attempt.outcome) {
    case 'silent':
      return undefined;
    case 'failed': {
      const code = codeOf(attempt.error, tls);
      const inTheClear = code === 'ETCD_UNREACHABLE' && tls !== undefined && (await speaksHttp2(endpoint, limit));
      return found(inTheClear ? 'ETCD_TLS_NOT_SPOKEN' : code, attempt.error);
    }
    case 'answered':
    case 'closed':
      if (attempt.outcome === 'answered' && isHttp2(attempt.bytes)) return undefined;
      if (tls === undefined && (await speaksTls(endpoint, limit))) return found('ETCD_TLS_EXPECTED');
      return found(attempt.outcome === 'answered' ? 'ETCD_NOT_ETCD' : 'ETCD_UNREACHABLE');
  }
}

interface Limit {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const place = ({ address }: EtcdEndpoint): { path: string } | { host: string; port: number } =>
  address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };

function openAsAddressed(endpoint: EtcdEndpoint, tls: TlsMaterial | undefined): Socket {
  if (tls === undefined) return tcpConnect(place(endpoint));
  const name = expectedName(endpoint);
  return tlsConnect({
    ...place(endpoint),
    secureContext: tls.context,
    servername: isIP(name) === 0 ? name : NAME_FOR_ADDRESSES,
    checkServerIdentity: (_name, certificate) => checkIdentity(endpoint, certificate),
    ALPNProtocols: ['h2'],
  });
}

function attemptConnection(connect: () => Socket, { timeoutMs, signal }: Limit): Promise<Attempt> {
  return new Promise((resolve) => {
    const socket = connect();
    const settle = (attempt: Attempt): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(attempt);
    };
    const giveUp = (): void => settle({ outcome: 'silent' });
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    socket.on('error', (error) => settle({ outcome: 'failed', error }));
    socket.once('data', (bytes) => settle({ outcome: 'answered', bytes }));
    socket.once('close', () => settle({ outcome: 'closed' }));
    // Written before the handshake is done, it would hide OpenSSL's reason behind a plain EPROTO.
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => socket.write(HTTP2_GREETING));
  });
}

/** An answer in HTTP/2 starts with a SETTINGS frame, whose type is its fourth byte. */
const isHttp2 = (answer: Buffer): boolean => answer[3] === SETTINGS_FRAME;

async function speaksHttp2(endpoint: EtcdEndpoint, limit: Limit): Promise<boolean> {
  const attempt = await attemptConnection(() => tcpConnect(place(endpoint)), limit);
  return attempt.outcome === 'answered' && isHttp2(attempt.bytes);
}

/** True where a TLS handshake gets as far as certificates, good or bad. */
async function speaksTls(endpoint: EtcdEndpoint, limit: Limit): Promise<boolean> {
  const attempt = await attemptConnection(() => tlsConnect(place(endpoint)), limit);
  if (attempt.outcome === 'failed') return codeOf(attempt.error, undefined) in TLS_SPOKEN;
  return attempt.outcome !== 'silent';
}

const TLS_SPOKEN: Readonly<Partial<Record<EtcdErrorCode, true>>> = {
  ETCD_TLS_UNTRUSTED: true,
  ETCD_TLS_NAME_MISMATCH: true,
  ETCD_TLS_EXPIRED: true,
  ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED: true,
};

function why(code: EtcdErrorCode, endpoint: EtcdEndpoint, tls: TlsMaterial | undefined, cause: unknown): string {
  const told = messageOf(cause) || systemCode(cause); // Node's AggregateError has a code only
  switch (code) {
    case 'ETCD_TLS_UNTRUSTED':
      return `the member's certificate is not signed by ${tls?.trusted ?? "Node's own certificate authorities"} (${told})`;
    case 'ETCD_TLS_NAME_MISMATCH':
      return `the member's certificate is not for ${expectedName(endpoint)} (${told})`;
    case 'ETCD_TLS_EXPIRED':
      return `the member's certificate is not valid now (${told})`;
    case 'ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED':
      return 'the member wants a client certificate, and none was given';
    case 'ETCD_TLS_CLIENT_CERTIFICATE_REJECTED':
      return `the member does not accept the client certificate in ${tls?.clientCertificate ?? 'use'} (${told})`;
    case 'ETCD_TLS_EXPECTED':
      return 'the member wants TLS, and the endpoint was addressed without it';
    case 'ETCD_TLS_NOT_SPOKEN':
      return 'the endpoint was addressed with TLS, and the member does not speak it';
    case 'ETCD_NOT_ETCD':
      return 'whatever listens there does not speak HTTP/2';
    default:
      return cause === undefined ? 'the peer closed the connection before it said anything' : (told ?? 'no connection');
  }
}
