/** One request to a Kubernetes API, over whatever way. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query as in the request line: `/api/v1/pods?watch=true`. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** Ends the request, and a body that is still coming. */
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be read to its end, or left by ending the iteration. A watch's comes line by line and does not end by itself. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * The way to an API server: HTTPS, or a call inside the process. It resolves for every status; it rejects only where no
 * answer came (ApiServerError APISERVER_UNREACHABLE, _TLS, _TIMEOUT, or the signal's reason).
 */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>;
