import type { IncomingMessage } from 'node:http';
import type { ApiRequest } from '../../../apiserver/index.ts';
import { bodyTooLarge } from '../protocol/status.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

export function isMethod(text: string): text is ApiRequest['method'] {
  return METHODS.has(text);
}

/**
 * The body of a request; undefined where there is none.
 *
 * @throws Refusal 413 once it is longer than allowed, without reading on
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw bodyTooLarge(limit);
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
      } else {
        chunks.length = 0;
        reject(bodyTooLarge(limit));
      }
    });
    request.once('end', () => resolve(length === 0 ? undefined : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client has gone before its request was whole')));
  });
}
