import type { ServerResponse } from 'node:http';
import type { ApiResponse } from '../../../apiserver/index.ts';

/**
 * Sends an answer as fast as its client takes it.
 *
 * @param stallMs - how long the client may take nothing; its connection is ended then, so that nobody's answer waits for ever
 */
export async function sendResponse(
  response: ServerResponse,
  { status, headers, body }: ApiResponse,
  stallMs: number,
): Promise<void> {
  response.writeHead(status, { ...headers, 'cache-control': 'no-cache, private', 'x-content-type-options': 'nosniff' });
  // A watch may have nothing to say for long; its client waits for the head of the answer.
  response.flushHeaders();
  for await (const chunk of body) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response, stallMs);
  }
  response.end();
}

function drained(response: ServerResponse, stallMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), stallMs);
    const settle = (): void => {
      clearTimeout(timer);
      response.off('drain', settle);
      response.off('close', settle);
      resolve();
    };
    response.once('drain', settle);
    response.once('close', settle);
  });
}
