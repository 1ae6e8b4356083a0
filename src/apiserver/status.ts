import * as z from 'zod';
import { ApiServerError, type ApiServerErrorCode } from './errors.ts';
import type { ApiResponse } from './transport.ts';

/** What an API server answers where it does not do what was asked (metav1.Status). */
const statusSchema = z.looseObject({
  kind: z.literal('Status'),
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.number().optional(),
  details: z
    .looseObject({
      retryAfterSeconds: z.number().optional(),
      causes: z.array(z.looseObject({ reason: z.string().optional() })).optional(),
    })
    .optional()
    .catch(undefined),
});

type Status = z.infer<typeof statusSchema>;

/** Longer words of a server are cut in messages. */
const LONGEST_MESSAGE = 1024;
/** A server that asks for more is asked again all the same: nobody waits for hours on the word of a broken one. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** @returns undefined where the text is no Status */
function parseStatus(text: string): Status | undefined {
  try {
    return statusSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * What an answer that is no success means.
 *
 * @param asked - the method and the path
 * @param body - the answer's, Status or not
 */
export function statusError(
  { method, path }: { readonly method: string; readonly path: string },
  { status, headers }: Pick<ApiResponse, 'status' | 'headers'>,
  body: string,
): ApiServerError {
  return refusal(`${method} ${path}`, path, status, parseStatus(body), headers['retry-after']);
}

/** What the object of a watch's ERROR event means. */
export function watchError(path: string, object: unknown): ApiServerError {
  const status = statusSchema.safeParse(object).data;
  return refusal(`the watch on ${path}`, path, status?.code ?? 500, status);
}

function refusal(
  asked: string,
  path: string,
  code: number,
  status: Status | undefined,
  retryAfter?: string,
): ApiServerError {
  const [errorCode, hint] = meaningOf(code, status);
  const said = status?.message === undefined ? '' : `: ${bounded(status.message)}`;
  return new ApiServerError(errorCode, `the API server answered ${asked} with status ${code}${said}`, {
    subject: path,
    hint,
    retryAfterMs: retryAfterMs(retryAfter) ?? retryAfterMs(status?.details?.retryAfterSeconds),
  });
}

/** In seconds, as an API server says it; the other form of the header, a date, is a proxy's. */
function retryAfterMs(seconds: string | number | undefined): number | undefined {
  const ms = seconds === undefined || seconds === '' ? NaN : Number(seconds) * 1000;
  return ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : undefined;
}

function bounded(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE)}…`;
}

/** Codes and reasons as in apimachinery's `pkg/apis/meta/v1/types.go`. */
function meaningOf(code: number, status: Status | undefined): readonly [ApiServerErrorCode, string] {
  switch (code) {
    case 400:
    case 413:
    case 422:
      return ['APISERVER_INVALID', 'Correct what the message names, and try again.'];
    case 401:
      return ['APISERVER_UNAUTHORIZED', 'The client certificate or token may have expired; use a current kubeconfig.'];
    case 403:
      return meaningOfForbidden(status);
    case 404:
      return [
        'APISERVER_NOT_FOUND',
        'Check the name and the namespace, and that the resource is served: kubectl api-resources',
      ];
    case 409:
      return status?.reason === 'AlreadyExists'
        ? ['APISERVER_ALREADY_EXISTS', 'Choose another name, or look at the object that stands.']
        : ['APISERVER_CONFLICT', 'Read the object again and repeat the change.'];
    case 410:
      return ['APISERVER_GONE', 'List the objects again and go on from there.'];
    case 429:
      return ['APISERVER_TOO_MANY_REQUESTS', 'Wait a little and try again.'];
    default:
      return ['APISERVER_STATUS', hintForFailure(status?.message)];
  }
}

/** Forbidden says who refuses only in words: RBAC, an admission webhook or policy, a quota (apiserver `pkg/admission`). */
function meaningOfForbidden(status: Status | undefined): readonly [ApiServerErrorCode, string] {
  if (status?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true)
    return ['APISERVER_NAMESPACE_TERMINATING', 'Wait until the namespace is gone, and make it again.'];
  const { message = '' } = status ?? {};
  if (/ cannot \S+ /.test(message) || !/admission webhook|denied|exceeded quota|violates/i.test(message))
    return ['APISERVER_FORBIDDEN', 'Let the user or service account do this (a ClusterRole), or use another one.'];
  return [
    'APISERVER_FORBIDDEN',
    'A rule of the cluster (an admission webhook, a policy, a quota) refuses it: change what its message names.',
  ];
}

function hintForFailure(message = ''): string {
  return message.includes('failed calling webhook')
    ? 'An admission webhook does not answer: look at its service and pods, or see its failurePolicy with kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations.'
    : 'Look at the API server (its log, /readyz) and try again.';
}
