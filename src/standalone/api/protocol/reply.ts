import type { ApiResponse } from '../../../apiserver/index.ts';

const JSON_TYPE = 'application/json';

/** An answer whose body stands already. */
export function textReply(
  status: number,
  text: string,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  return bytesReply(status, Buffer.from(text), type, headers);
}

export function bytesReply(
  status: number,
  bytes: Uint8Array,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  return {
    status,
    headers: { 'content-type': type, 'content-length': String(bytes.length), ...headers },
    body: once(bytes),
  };
}

export function jsonReply(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return textReply(status, `${JSON.stringify(value)}\n`, JSON_TYPE, headers);
}

/** An answer whose body comes over time. */
export function streamReply(body: AsyncIterable<Uint8Array>, type: string): ApiResponse {
  return { status: 200, headers: { 'content-type': type }, body };
}

/** What stands at no path of the API; kube-apiserver's own words, which clients turn into theirs. */
export function pageNotFound(): ApiResponse {
  return textReply(404, '404 page not found\n', 'text/plain; charset=utf-8');
}

/** The answer with the warnings that came up on the way, as RFC 7234 writes them. */
export function withWarnings(reply: ApiResponse, warnings: ReadonlySet<string>): ApiResponse {
  if (warnings.size === 0) return reply;
  const texts = [...warnings].map((warning) => `299 - "${warning.replace(/[\\"]/g, '\\$&').replace(/[^ -~]/g, '?')}"`);
  return { ...reply, headers: { ...reply.headers, warning: texts.join(', ') } };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  await Promise.resolve();
  if (bytes.length > 0) yield bytes;
}
