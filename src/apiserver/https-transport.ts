import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { systemCode } from '../base/index.ts';
import { addressOf, connectionError, secureContextOf, type Target } from './connection.ts';
import { ApiServerError } from './errors.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

/** A transport that holds connections. */
export interface HttpsTransport extends Transport {
  /** Ends all connections, with what is on them. */
  close(): void;
}

/** How long a connection is silent before the kernel asks the peer whether it lives; it gives up ten seconds after. */
const KEEP_ALIVE_MS = 30_000;
const LONGEST_FREE_LIST = 4;

/**
 * The way to the API server of a kubeconfig. Its certificate is always verified, and the way is always direct, whatever proxy
 * the environment names (the agent is our own; Node's global one may honour HTTPS_PROXY). Connections are kept for the next
 * request, and as many are opened as there are requests at a time, so that watches never stand in the way.
 *
 * @throws ApiServerError APISERVER_KUBECONFIG_INVALID where a certificate or key of the kubeconfig is not one
 */
export function createHttpsTransport(kubeconfig: Kubeconfig): HttpsTransport {
  const { server } = kubeconfig;
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: KEEP_ALIVE_MS,
    maxFreeSockets: LONGEST_FREE_LIST,
    secureContext: secureContextOf(kubeconfig),
    rejectUnauthorized: true,
  });
  const base: RequestOptions = { agent, ...addressOf(kubeconfig) };
  const prefix = server.pathname.replace(/\/+$/, '');

  const transport = async (asked: ApiRequest): Promise<ApiResponse> => {
    const { method, signal, body = new Uint8Array() } = asked;
    const target = { origin: server.origin, path: asked.target };
    const token = (await kubeconfig.currentToken?.()) ?? kubeconfig.token;
    signal.throwIfAborted();
    const headers = {
      ...asked.headers,
      ...(asked.body !== undefined && { 'content-length': String(body.length) }),
      ...(token && { authorization: `Bearer ${token.reveal()}` }),
    };
    try {
      const answer = await send({ ...base, method, path: prefix + asked.target, headers, signal }, body);
      return { status: answer.statusCode ?? 0, headers: single(answer.headers), body: read(answer, target, signal) };
    } catch (error) {
      throw failure(error, target, signal);
    }
  };
  return Object.assign(transport, { close: () => agent.destroy() });
}

/**
 * A connection that was kept may have been closed by the server in this very instant. Nothing was answered then, so what only
 * reads is asked again; a write may have been done, and is left to the caller.
 */
function send(options: RequestOptions, body: Uint8Array): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const outgoing = request(options, (answer) => {
      isAnswered = true;
      resolve(answer);
    });
    outgoing.on('error', (error) => {
      const isStale = !isAnswered && outgoing.reusedSocket && systemCode(error) === 'ECONNRESET';
      if (isStale && options.method === 'GET') resolve(send(options, body));
      else reject(error);
    });
    outgoing.end(body);
  });
}

/** Ending the iteration ends the connection, unless the body has been read to its end. */
async function* read(answer: IncomingMessage, target: Target, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw failure(error, target, signal);
  }
}

function failure(error: unknown, target: Target, signal: AbortSignal): Error {
  if (signal.aborted) return signal.reason as Error;
  return error instanceof ApiServerError ? error : connectionError(error, target);
}

function single(headers: IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return result;
}
