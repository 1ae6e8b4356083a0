import * as z from 'zod';
import { ApiServerError, type ApiServerErrorCode } from './errors.ts';

/** What an API server answers where it does not do what was asked (metav1.Status). */
const statusSchema = z.looseObject({
  kind: z.literal('Status'),
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.number().optional(),
});

type Status = z.infer<typeof statusSchema>;

/** Longer words of a server are cut in messages. */
const LONGEST_MESSAGE = 1024;

/** @returns undefined where the text is no Status */
function parseStatus(text: string): Status | undefined {
  try {
    return statusSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What a status that is no success means. `path` names what was asked; `body` is the answer's, Status or not. */
export function statusError(method: string, path: string, status: number, body: string): ApiServerError {
  return refusal(`${method} ${path}`, path, status, parseStatus(body));
}

/** What the object of a watch's ERROR event means. */
export function watchError(path: string, object: unknown): ApiServerError {
  const status = statusSchema.safeParse(object).data;
  return refusal(`the watch on ${path}`, path, status?.code ?? 500, status);
}

function refusal(asked: string, path: string, code: number, status: Status | undefined): ApiServerError {
  const [errorCode, hint] = meaningOf(code, status?.reason);
  const said = status?.message === undefined ? '' : `: ${bounded(status.message)}`;
  return new ApiServerError(errorCode, `the API server answered ${asked} with status ${code}${said}`, {
    subject: path,
    hint,
  });
}

function bounded(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE)}…`;
}

/** Codes and reasons as in apimachinery's `pkg/apis/meta/v1/types.go`. */
function meaningOf(code: number, reason: string | undefined): readonly [ApiServerErrorCode, string] {
  switch (code) {
    case 400:
    case 413:
    case 422:
      return ['APISERVER_INVALID', 'Correct what the message names, and try again.'];
    case 401:
      return ['APISERVER_UNAUTHORIZED', 'The client certificate or token may have expired; use a current kubeconfig.'];
    case 403:
      return ['APISERVER_FORBIDDEN', 'Let the user or service account do this (a ClusterRole), or use another one.'];
    case 404:
      return [
        'APISERVER_NOT_FOUND',
        'Check the name and the namespace, and that the resource is served: kubectl api-resources',
      ];
    case 409:
      return reason === 'AlreadyExists'
        ? ['APISERVER_ALREADY_EXISTS', 'Choose another name, or look at the object that stands.']
        : ['APISERVER_CONFLICT', 'Read the object again and repeat the change.'];
    case 410:
      return ['APISERVER_GONE', 'List the objects again and go on from there.'];
    case 429:
      return ['APISERVER_TOO_MANY_REQUESTS', 'Wait a little and try again.'];
    default:
      return ['APISERVER_STATUS', 'Look at the API server (its log, /readyz) and try again.'];
  }
}
