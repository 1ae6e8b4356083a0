import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { messageOf, type Log, type Secret } from '../../../base/index.ts';
import type { Credentials } from '../../access/index.ts';
import { StandaloneError } from '../../errors.ts';
import type { Api } from '../create-api.ts';
import { jsonReply } from '../protocol/reply.ts';
import { methodNotAllowed, Refusal } from '../protocol/status.ts';
import { isMethod, readBody } from './incoming-request.ts';
import { sendResponse } from './outgoing-response.ts';

export interface ListenOptions {
  readonly api: Pick<Api, 'serve'>;
  readonly log: Log;
  /** PEM. */
  readonly certificate: string;
  readonly key: Secret;
  /** Who signs the clients' certificates, PEM. */
  readonly authority: string;
  /** The address; 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0, the default, for any that is free. */
  readonly port?: number | undefined;
  /** The longest body of a request; 3 MiB, as kube-apiserver has it. */
  readonly maxBodyBytes?: number | undefined;
  /** How long a client may take nothing of an answer; 60 s. */
  readonly stallMs?: number | undefined;
}

export interface Listener {
  /** `https://127.0.0.1:6443`. */
  readonly url: URL;
  /** Takes no new connections, waits a moment for answers that are under way, and ends what is left. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 3 * 1024 * 1024;
const MAX_HEADER_BYTES = 32 * 1024;
const MAX_CONNECTIONS = 1000;
const STALL_MS = 60_000;
const GOODBYE_MS = 2000;

/**
 * Serves an API over HTTPS. Who asks is known by a token or by a client's certificate; without either only health and
 * version are told.
 *
 * @throws StandaloneError STANDALONE_LISTEN
 */
export async function listenHttps(options: ListenOptions): Promise<Listener> {
  const host = options.host ?? '127.0.0.1';
  const server = createServer(
    {
      cert: options.certificate,
      key: options.key.reveal(),
      ca: options.authority,
      requestCert: true,
      // Somebody without a certificate may have a token; whoever has neither is refused with an answer.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      maxHeaderSize: MAX_HEADER_BYTES,
      handshakeTimeout: 10_000,
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 90_000,
    },
    (request, response) => void answer(options, request, response).catch(() => response.destroy()),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('tlsClientError', (error) => options.log.debug('a TLS handshake has failed', { reason: messageOf(error) }));
  const port = await listen(server, host, options.port ?? 0);
  server.on('error', (error) => options.log.error('the API listens no more', { reason: messageOf(error) }));
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: new URL(`https://${name}:${port}`), close: () => close(server) };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new StandaloneError('STANDALONE_LISTEN', `cannot listen on ${host} port ${port}: ${messageOf(cause)}`, {
          subject: `${host}:${port}`,
          hint: 'Choose another address or port, or stop what listens there (ss -ltnp).',
          cause,
        }),
      ),
    );
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve(portOf(server.address()));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('an HTTPS server listens on a port');
  return address.port;
}

async function answer(options: ListenOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  // A client that breaks off is no failure of ours.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const stallMs = options.stallMs ?? STALL_MS;
  try {
    const { method = 'GET', url = '/' } = request;
    if (!isMethod(method)) throw methodNotAllowed();
    const body = await readBody(request, options.maxBodyBytes ?? MAX_BODY_BYTES);
    const headers = headersOf(request);
    const asked = { method, target: url, headers, ...(body !== undefined && { body }), signal: left.signal };
    await sendResponse(response, await options.api.serve(asked, credentialsOf(request)), stallMs);
  } catch (error) {
    if (error instanceof Refusal && !response.headersSent) {
      // The rest of the request is read and forgotten, as long as requestTimeout lets it last: a connection that ends under
      // a client which still sends would cost it the answer.
      request.resume();
      await sendResponse(response, jsonReply(error.code, error.status), stallMs);
      return;
    }
    if (!left.signal.aborted) options.log.warn('an answer was broken off', { reason: messageOf(error) });
    response.destroy();
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && name !== 'authorization') flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function credentialsOf({ headers, socket }: IncomingMessage): Credentials {
  const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  // A certificate counts only where the TLS layer has accepted it.
  const isTrusted = socket instanceof TLSSocket && socket.authorized;
  const certificate = isTrusted ? socket.getPeerX509Certificate()?.raw : undefined;
  return { ...(token !== undefined && { token }), ...(certificate !== undefined && { certificate }) };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GOODBYE_MS);
  await closed;
  clearTimeout(timer);
}
