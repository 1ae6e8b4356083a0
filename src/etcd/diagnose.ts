import { connect as tcpConnect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as tlsConnect } from 'node:tls';
import { messageOf, systemCode } from '../base/index.ts';
import { expectedName, NAME_FOR_ADDRESSES } from './connection.ts';
import type { TlsMaterial } from './credentials.ts';
import type { EtcdEndpoint } from './endpoints.ts';
import { EtcdError, type EtcdErrorCode } from './errors.ts';
import { hintFor } from './hints.ts';

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
  limit: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<EtcdError | undefined> {
  const attempt = await attemptConnection(() => open(endpoint, tls), limit);
  const found = (code: EtcdErrorCode, why: string, cause?: unknown): EtcdError =>
    new EtcdError(code, `${endpoint.url}: ${why}`, { hint: hintFor(code), subject: endpoint.url, cause });

  switch (attempt.outcome) {
    case 'silent':
      return undefined;
    case 'failed': {
      const code = codeOfFailure(attempt.error, tls);
      return found(code, whyOfFailure(code, endpoint, tls, attempt.error), attempt.error);
    }
    case 'answered':
      if (attempt.bytes[3] === SETTINGS_FRAME) return undefined;
      if (tls === undefined && (await speaksTls(endpoint, limit))) break;
      return found('ETCD_NOT_ETCD', 'whatever listens there does not speak HTTP/2');
    case 'closed':
      if (tls === undefined && (await speaksTls(endpoint, limit))) break;
      return found('ETCD_UNREACHABLE', 'the peer closed the connection before it said anything');
  }
  return found('ETCD_TLS_EXPECTED', 'the member wants TLS, and the endpoint was addressed without it');
}

function open(endpoint: EtcdEndpoint, tls: TlsMaterial | undefined): Socket {
  const where = endpoint.address.kind === 'unix' ? { path: endpoint.address.path } : endpoint.address;
  if (tls === undefined) return tcpConnect(where);
  const name = expectedName(endpoint);
  return tlsConnect({
    ...where,
    secureContext: tls.context,
    servername: isIP(name) === 0 ? name : NAME_FOR_ADDRESSES,
    checkServerIdentity: (_name, certificate) => checkServerIdentity(name, certificate),
    ALPNProtocols: ['h2'],
  });
}

function attemptConnection(
  connect: () => Socket,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<Attempt> {
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
    socket.write(HTTP2_GREETING);
  });
}

/** True where a TLS handshake gets as far as certificates, good or bad. */
async function speaksTls(endpoint: EtcdEndpoint, limit: { readonly timeoutMs: number }): Promise<boolean> {
  const attempt = await attemptConnection(
    () => tlsConnect({ ...(endpoint.address.kind === 'unix' ? { path: endpoint.address.path } : endpoint.address) }),
    limit,
  );
  if (attempt.outcome === 'failed') return codeOfFailure(attempt.error, undefined) in TLS_SPOKEN;
  return attempt.outcome === 'answered' || attempt.outcome === 'closed';
}

const TLS_SPOKEN: Readonly<Partial<Record<EtcdErrorCode, true>>> = {
  ETCD_TLS_UNTRUSTED: true,
  ETCD_TLS_NAME_MISMATCH: true,
  ETCD_TLS_EXPIRED: true,
  ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED: true,
};

/** Node's and OpenSSL's codes: nodejs.org/api/tls.html "X509 certificate error codes", and TLS alerts (RFC 8446, 6.2). */
const BY_NODE_CODE: Readonly<Record<string, EtcdErrorCode>> = {
  ENOTFOUND: 'ETCD_HOST_UNKNOWN',
  EAI_AGAIN: 'ETCD_HOST_UNKNOWN',
  ECONNREFUSED: 'ETCD_CONNECTION_REFUSED',
  ENOENT: 'ETCD_CONNECTION_REFUSED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'ETCD_TLS_NAME_MISMATCH',
  CERT_HAS_EXPIRED: 'ETCD_TLS_EXPIRED',
  CERT_NOT_YET_VALID: 'ETCD_TLS_EXPIRED',
  UNABLE_TO_GET_ISSUER_CERT: 'ETCD_TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'ETCD_TLS_UNTRUSTED',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'ETCD_TLS_UNTRUSTED',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'ETCD_TLS_UNTRUSTED',
  SELF_SIGNED_CERT_IN_CHAIN: 'ETCD_TLS_UNTRUSTED',
  CERT_SIGNATURE_FAILURE: 'ETCD_TLS_UNTRUSTED',
  CERT_UNTRUSTED: 'ETCD_TLS_UNTRUSTED',
  CERT_REJECTED: 'ETCD_TLS_UNTRUSTED',
  INVALID_CA: 'ETCD_TLS_UNTRUSTED',
  INVALID_PURPOSE: 'ETCD_TLS_UNTRUSTED',
  ERR_SSL_WRONG_VERSION_NUMBER: 'ETCD_TLS_NOT_SPOKEN',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'ETCD_TLS_NOT_SPOKEN',
};

/** Alerts by which a server refuses the client's certificate; Go sends `bad certificate` for most reasons. */
const CLIENT_CERTIFICATE_ALERT =
  /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_REQUIRED|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/;

function codeOfFailure(error: unknown, tls: TlsMaterial | undefined): EtcdErrorCode {
  const code = systemCode(error) ?? '';
  const known = BY_NODE_CODE[code];
  if (known !== undefined) return known;
  if (CLIENT_CERTIFICATE_ALERT.test(code)) {
    return tls?.clientCertificate === undefined
      ? 'ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED'
      : 'ETCD_TLS_CLIENT_CERTIFICATE_REJECTED';
  }
  return code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') ? 'ETCD_TLS_FAILED' : 'ETCD_UNREACHABLE';
}

function whyOfFailure(
  code: EtcdErrorCode,
  endpoint: EtcdEndpoint,
  tls: TlsMaterial | undefined,
  error: unknown,
): string {
  const trust = tls?.trusted === undefined ? "Node's own certificate authorities" : tls.trusted;
  switch (code) {
    case 'ETCD_TLS_UNTRUSTED':
      return `the member's certificate is not signed by ${trust} (${messageOf(error)})`;
    case 'ETCD_TLS_NAME_MISMATCH':
      return `the member's certificate is not for ${expectedName(endpoint)} (${messageOf(error)})`;
    case 'ETCD_TLS_EXPIRED':
      return `the member's certificate is not valid now (${messageOf(error)})`;
    case 'ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED':
      return 'the member wants a client certificate, and none was given';
    case 'ETCD_TLS_CLIENT_CERTIFICATE_REJECTED':
      return `the member does not accept the client certificate in ${tls?.clientCertificate ?? 'use'} (${messageOf(error)})`;
    case 'ETCD_TLS_NOT_SPOKEN':
      return 'the endpoint was addressed with TLS, and the member does not speak it';
    default:
      return messageOf(error);
  }
}
