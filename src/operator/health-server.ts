import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf, type Log } from '../base/index.ts';
import { OperatorError } from './errors.ts';

/** What the server tells of. */
export interface Watched {
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
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
  readonly type?: string;
}

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

async function answer(request: IncomingMessage, response: ServerResponse, watched: Watched, log: Log): Promise<void> {
  // A body is of no use here; it is not read, and the connection does not wait for it.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
    response.shouldKeepAlive = false;
  const { status, text, type = 'text/plain; charset=utf-8' } = await answerTo(request, watched, log);
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(request: IncomingMessage, watched: Watched, log: Log): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, text: 'only GET\n' };
  switch (request.url?.split('?', 1)[0]) {
    case '/healthz':
      return { status: 200, text: 'ok\n' };
    case '/readyz':
      return watched.isReady() ? { status: 200, text: 'ok\n' } : { status: 503, text: 'not ready\n' };
    case '/metrics':
      try {
        return { status: 200, text: await watched.metrics(), type: PROMETHEUS_TEXT };
      } catch (error) {
        log.error('the metrics could not be put together', { error: messageOf(error) });
        return { status: 500, text: 'the metrics could not be put together\n' };
      }
    default:
      return { status: 404, text: 'there is /metrics, /healthz and /readyz\n' };
  }
}
