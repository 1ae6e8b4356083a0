import type { ApiRequest } from '../../../apiserver/index.ts';
import type { User } from '../access/user.ts';
import { badRequest } from './status.ts';

/** A request as the API works on it. */
export interface Request {
  readonly method: ApiRequest['method'];
  /** Without the query: `/api/v1/pods`. */
  readonly path: string;
  /** The parts of the path, decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
  readonly user: User;
  /** What the answer's Warning headers say; each once. */
  readonly warnings: Set<string>;
}

/** @throws Refusal 400 where the target cannot be read */
export function readRequest(request: ApiRequest, user: User, warnings: Set<string>): Request {
  const { method, target, headers, body, signal } = request;
  const [path = '', ...rest] = target.split('?');
  return {
    method,
    path,
    segments: path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeSegment),
    query: new URLSearchParams(rest.join('?')),
    headers,
    body,
    signal,
    user,
    warnings,
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('the path of the request is not encoded as a URL is');
  }
}
