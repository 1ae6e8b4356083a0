import type { IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { addressOf, connectionError, secureContextOf, timeoutError, type Target } from './connection.ts';
import { ApiServerError } from './errors.ts';
import type { Kubeconfig } from './kubeconfig.ts';

/** Reads from one Kubernetes API server. */
export interface ApiClient {
  /** The server's origin, for messages: `https://localhost:6443`. */
  readonly server: string;
  /**
   * One GET.
   *
   * @param path - absolute, as in `/apis/config.openshift.io/v1/proxies/cluster`
   * @returns the parsed JSON document; what it holds is for the caller to check
   * @throws ApiServerError of any code but APISERVER_KUBECONFIG_*; the signal's reason where it aborts
   */
  get(path: string, options?: GetOptions): Promise<unknown>;
}

export interface GetOptions {
  readonly signal?: AbortSignal | undefined;
  /** From the first step to the last byte, in milliseconds. Default: the client's. */
  readonly timeoutMs?: number | undefined;
}

export interface ApiClientOptions {
  readonly kubeconfig: Kubeconfig;
  /** For one request, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Larger answers are refused. Default: 8 MiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * A client that verifies the server's certificate and shows its own.
 *
 * Always direct: the API server is on this host or beside it, and a proxy that the environment names for the world outside
 * must never see its traffic. So the agent is our own; Node's global one may honour HTTPS_PROXY.
 *
 * @throws ApiServerError APISERVER_KUBECONFIG_INVALID where a certificate or key of the kubeconfig is not one
 */
export function createApiClient({
  kubeconfig,
  timeoutMs = 10_000,
  maxBytes = 8 * 1024 * 1024,
}: ApiClientOptions): ApiClient {
  const { server } = kubeconfig;
  const base: RequestOptions = {
    agent: new Agent({ keepAlive: false, secureContext: secureContextOf(kubeconfig), rejectUnauthorized: true }),
    ...addressOf(kubeconfig),
  };
  const prefix = server.pathname.replace(/\/+$/, '');
  return {
    server: server.origin,
    async get(path, options = {}) {
      const target = { origin: server.origin, path };
      const timeout = AbortSignal.timeout(options.timeoutMs ?? timeoutMs);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      try {
        options.signal?.throwIfAborted();
        const token = (await kubeconfig.currentToken?.()) ?? kubeconfig.token;
        const headers = {
          accept: 'application/json',
          'user-agent': 'holdfast',
          ...(token && { authorization: `Bearer ${token.reveal()}` }),
        };
        const answer = await send({ ...base, headers, path: prefix + path, signal });
        return parse(await bodyOf(answer, target, maxBytes), target);
      } catch (error) {
        if (error instanceof ApiServerError) throw error;
        options.signal?.throwIfAborted();
        throw timeout.aborted ? timeoutError(target, error) : connectionError(error, target);
      }
    },
  };
}

function send(options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(options, resolve).on('error', reject).end();
  });
}

async function bodyOf(answer: IncomingMessage, target: Target, maxBytes: number): Promise<Buffer> {
  const status = answer.statusCode ?? 0;
  if (status !== 200) {
    answer.destroy();
    throw statusError(status, target);
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxBytes) {
      answer.destroy();
      throw new ApiServerError(
        'APISERVER_RESPONSE_TOO_LARGE',
        `${target.origin} answered ${target.path} with more than ${maxBytes} bytes`,
        {
          subject: target.path,
          hint: 'Check that the server of the kubeconfig is a Kubernetes API server.',
        },
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parse(body: Buffer, { origin, path }: Target): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's message quotes the answer, which may hold a secret.
    throw new ApiServerError('APISERVER_BAD_RESPONSE', `${origin} answered ${path} with something that is not JSON`, {
      subject: path,
      hint: 'Check that the server of the kubeconfig is a Kubernetes API server.',
    });
  }
}

function statusError(status: number, { origin, path }: Target): ApiServerError {
  const message = `${origin} answered ${path} with status ${status}`;
  const make = (code: ConstructorParameters<typeof ApiServerError>[0], hint: string): ApiServerError =>
    new ApiServerError(code, message, { subject: path, hint });
  if (status === 401)
    return make(
      'APISERVER_UNAUTHORIZED',
      'The client certificate or token may have expired; use the kubeconfig of this host.',
    );
  if (status === 403)
    return make('APISERVER_FORBIDDEN', `Use the host's administrator kubeconfig, or let its user get ${path}.`);
  if (status === 404)
    return make('APISERVER_NOT_FOUND', 'Check that the cluster is of the kind that the layout says (--layout).');
  return make('APISERVER_STATUS', 'Look at the API server (its log, /readyz) and run again.');
}
