import type { ApiRequest, Transport } from '../../src/apiserver/index.ts';

/** A request as a test looks at it. */
export interface AskedRequest {
  readonly method: ApiRequest['method'];
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed; undefined where there is none. */
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** What a test answers: a document (status 200 unless it says otherwise), or a body that it goes on feeding. */
export type ScriptedAnswer = { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } & (
  { readonly json: unknown } | { readonly stream: AsyncIterable<Uint8Array> }
);

/** An API server in memory, whose every answer the test makes up. */
export class ScriptedApi {
  /** All requests so far. */
  readonly asked: AskedRequest[] = [];
  readonly transport: Transport;

  constructor(answer: (request: AskedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>) {
    this.transport = async (request) => {
      const url = new URL(request.target, 'https://scripted');
      const asked: AskedRequest = {
        method: request.method,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: request.body === undefined ? undefined : JSON.parse(Buffer.from(request.body).toString('utf8')),
        signal: request.signal,
      };
      this.asked.push(asked);
      const given = await untilAborted(Promise.resolve(answer(asked)), request.signal);
      const chunks = 'stream' in given ? given.stream : [Buffer.from(JSON.stringify(given.json))];
      return { status: given.status ?? 200, headers: given.headers ?? {}, body: bodyOf(chunks, request.signal) };
    };
  }

  /** `GET /api/v1/pods` and so on, one for each request. */
  get calls(): readonly string[] {
    return this.asked.map(({ method, path, query }) => `${query['watch'] ? 'WATCH' : method} ${path}`);
  }
}

/** A body that stays open while a test writes into it: a watch's. */
export class OpenStream implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #end: { readonly error: Error | undefined } | undefined;
  #wake: () => void = () => undefined;
  /** Whether its reader has left it before its end. */
  isLeft = false;

  write(chunk: string | Uint8Array): void {
    this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    this.#wake();
  }

  event(type: string, object: unknown): void {
    this.write(`${JSON.stringify({ type, object })}\n`);
  }

  /** @param error - what its reader meets after the last chunk; by default an ordinary end */
  end(error?: Error): void {
    this.#end = { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    let isRead = false;
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) yield chunk;
        else if (this.#end === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else break;
      }
      isRead = true;
      if (this.#end.error !== undefined) throw this.#end.error;
    } finally {
      this.isLeft = !isRead;
    }
  }
}

async function* bodyOf(
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const source = (async function* () {
    yield* chunks;
  })();
  for (;;) {
    const next = await untilAborted(source.next(), signal);
    if (next.done === true) return;
    let isTaken = false;
    try {
      yield next.value;
      isTaken = true;
    } finally {
      if (!isTaken) await source.return();
    }
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
