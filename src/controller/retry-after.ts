import { ApiServerError } from '../apiserver/index.ts';

/** How long to wait after a failure, in milliseconds: as long as the caller would, or longer where the server asks for it. */
export function waitAfter(failure: unknown, ownMs: number): number {
  const asked = failure instanceof ApiServerError ? failure.retryAfterMs : undefined;
  return Math.max(ownMs, asked ?? 0);
}
