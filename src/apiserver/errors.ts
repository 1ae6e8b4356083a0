import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const apiServerErrors = {
  APISERVER_KUBECONFIG_MISSING: {
    kind: 'needs-user',
    meaning: 'A kubeconfig, or a file that it names, cannot be read.',
  },
  APISERVER_KUBECONFIG_INVALID: { kind: 'needs-user', meaning: 'A kubeconfig cannot be understood.' },
  APISERVER_KUBECONFIG_UNSUPPORTED: {
    kind: 'needs-user',
    meaning:
      'A kubeconfig asks for something that Holdfast does not do: a plugin, a proxy, or TLS without verification.',
  },
  APISERVER_UNREACHABLE: { kind: 'transient', meaning: 'No connection to the API server could be made, or it broke.' },
  APISERVER_TLS: {
    kind: 'needs-user',
    meaning: "The API server and Holdfast do not accept each other's certificates.",
  },
  APISERVER_TIMEOUT: { kind: 'transient', meaning: 'The API server did not answer in time.' },
  APISERVER_UNAUTHORIZED: {
    kind: 'needs-user',
    meaning: 'The API server does not know the credentials of the kubeconfig.',
  },
  APISERVER_FORBIDDEN: { kind: 'needs-user', meaning: 'The user of the kubeconfig may not do this with the resource.' },
  APISERVER_NOT_FOUND: { kind: 'permanent', meaning: 'The API server has no such resource.' },
  APISERVER_ALREADY_EXISTS: { kind: 'permanent', meaning: 'An object of this name stands already.' },
  APISERVER_CONFLICT: {
    kind: 'transient',
    meaning: 'The object has been changed or replaced by somebody else since it was read.',
  },
  APISERVER_GONE: {
    kind: 'transient',
    meaning: 'The API server no longer knows what changed since the version that was asked for.',
  },
  APISERVER_NAMESPACE_TERMINATING: {
    kind: 'transient',
    meaning: 'Nothing can be made in a namespace that is being deleted.',
  },
  APISERVER_INVALID: { kind: 'permanent', meaning: 'The API server refuses the object or the request as wrong.' },
  APISERVER_TOO_MANY_REQUESTS: { kind: 'transient', meaning: 'The API server asks to be called less often.' },
  APISERVER_STATUS: { kind: 'transient', meaning: 'The API server answered with a status that is no success.' },
  APISERVER_BAD_RESPONSE: {
    kind: 'permanent',
    meaning: 'The answer of the API server is not the JSON document that was asked for.',
  },
  APISERVER_RESPONSE_TOO_LARGE: { kind: 'permanent', meaning: 'The answer of the API server is larger than allowed.' },
} as const satisfies ErrorTable;

/** What {@link ApiServerError.code} can be. */
export type ApiServerErrorCode = keyof typeof apiServerErrors;

export interface ApiServerErrorDetails extends ErrorDetails {
  /** How long the server asks to be left alone, in milliseconds; at most a minute. Undefined where it does not say. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * A failure to read from or write to the Kubernetes API. No message holds a credential or the body of an answer, but for the
 * `message` of a Status, which Kubernetes itself words for people.
 */
export class ApiServerError extends HoldfastError<ApiServerErrorCode> {
  /** As {@link ApiServerErrorDetails} has it. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ApiServerErrorCode, message: string, details: ApiServerErrorDetails) {
    super(apiServerErrors[code], code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}
