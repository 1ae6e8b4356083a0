import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { messageOf, systemCode, type Log } from '../base/index.ts';
import { OperatorError } from './errors.ts';

/** What the server tells of. */
export interface Watched {
  /** In Prometheus' text format, part by part. */
  metrics(): AsyncIterable<string>;
  isReady(): boolean;
}

export interface HealthServerOptions {
  /** Default: loopback, 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  readonly log: Log;
}

export interface HealthServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Ends open connections and frees the port. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const MOST_CONNECTIONS = 32;
const LONGEST_REQUEST_MS = 5_000;
const LARGEST_HEADER = 8 * 1024;

/**
 * Serves `/metrics`, `/healthz` (the process works) and `/readyz` (it has seen everything), without TLS and to anybody who
 * reaches the address: nothing that it tells is secret.
 *
 * @throws OperatorError OPERATOR_HEALTH_ADDRESS
 */
export async function startHealthServer(watched: Watched, options: HealthServerOptions): Promise<HealthServer> {
  const { host = LOOPBACK, port, log } = options;
  const server = createServer(
    { maxHeaderSize: LARGEST_HEADER, headersTimeout: LONGEST_REQUEST_MS, requestTimeout: LONGEST_REQUEST_MS },
    (request, response) => void answer(request, response, watched, log),
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.keepAliveTimeout = LONGEST_REQUEST_MS;
  await listen(server, host, port);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const hint = 'Name another address with --metrics, serve none with --no-metrics, or stop what listens there.';
      const message = `${host}:${port} cannot be listened on: ${messageOf(cause)}`;
      reject(new OperatorError('OPERATOR_HEALTH_ADDRESS', message, { hint, subject: `${host}:${port}`, cause }));
    });
    server.listen({ host, port }, resolve);
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const PLAIN_TEXT = 'text/plain; charset=utf-8';
const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

async function answer(request: IncomingMessage, response: ServerResponse, watched: Watched, log: Log): Promise<void> {
  // A body is of no use here; it is not read, and the connection does not wait for it.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
    response.shouldKeepAlive = false;
  response.setHeader('cache-control', 'no-store');
  if (request.method === 'GET' && pathOf(request) === '/metrics') {
    await tellMetrics(response, watched, log);
    return;
  }
  const { status, text } = answerTo(request, watched);
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': PLAIN_TEXT, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function pathOf({ url }: IncomingMessage): string | undefined {
  return url?.split('?', 1)[0];
}

function answerTo(request: IncomingMessage, watched: Watched): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'only GET\n' };
  switch (pathOf(request)) {
    case '/healthz':
      return { status: 200, text: 'ok\n' };
    case '/readyz':
      return watched.isReady() ? { status: 200, text: 'ok\n' } : { status: 503, text: 'not ready\n' };
    case '/metrics':
      return { status: 200, text: '' };
    default:
      return { status: 404, text: 'there is /metrics, /healthz and /readyz\n' };
  }
}

/** As they are put together: there may be megabytes of them. What fails before the first is answered so; later it cuts the answer. */
async function tellMetrics(response: ServerResponse, watched: Watched, log: Log): Promise<void> {
  const parts = watched.metrics()[Symbol.asyncIterator]();
  try {
    const first = await parts.next();
    response.setHeader('content-type', PROMETHEUS_TEXT);
    await pipeline(async function* () {
      for (let part = first; part.done !== true; part = await parts.next()) yield part.value;
    }, response);
  } catch (error) {
    // The reader may also have gone away.
    if (systemCode(error) === 'ERR_STREAM_PREMATURE_CLOSE') return;
    log.error('the metrics could not be put together', { error: messageOf(error) });
    if (!response.headersSent) response.writeHead(500).end('the metrics could not be put together\n');
  }
}
