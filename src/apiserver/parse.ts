import * as z from 'zod';
import { ApiServerError } from './errors.ts';
import type { WatchEvent } from './kube-client.ts';
import type { KubeObject } from './objects.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { watchError } from './status.ts';

/** One page of a list. */
export interface Page<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Undefined on the last page. */
  readonly next: string | undefined;
}

const pageSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().default(''), continue: z.string().optional() }),
  // Go writes an empty list as null.
  items: z.array(z.unknown()).nullish(),
});

const eventSchema = z.looseObject({ type: z.string(), object: z.unknown() });
const bookmarkSchema = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) });

/** @throws ApiServerError APISERVER_BAD_RESPONSE, here and below */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the answer, which may hold a secret.
    throw badResponse(path, 'it is not JSON');
  }
}

export function parseObject<T extends KubeObject>(resource: Resource<T>, value: unknown, path: string): T {
  return checked(resource.schema, named(resource, value), path, resource.kind);
}

export function parsePage<T extends KubeObject>(resource: Resource<T>, value: unknown, path: string): Page<T> {
  const { metadata, items } = checked(pageSchema, value, path, `list of ${resource.plural}`);
  return {
    items: (items ?? []).map((item) => parseObject(resource, item, path)),
    resourceVersion: metadata.resourceVersion,
    next: metadata.continue === '' ? undefined : metadata.continue,
  };
}

/** @throws what {@link watchError} makes of an ERROR event, too */
export function parseEvent<T extends KubeObject>(resource: Resource<T>, line: string, path: string): WatchEvent<T> {
  const { type, object } = checked(eventSchema, parseJson(line, path), path, 'watch event');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: parseObject(resource, object, path) };
    case 'BOOKMARK': {
      const { metadata } = checked(bookmarkSchema, object, path, 'bookmark');
      return { type, resourceVersion: metadata.resourceVersion };
    }
    case 'ERROR':
      throw watchError(path, object);
    default:
      throw badResponse(path, `it has a watch event of the unknown type ${type.slice(0, 32)}`);
  }
}

/** The objects of a list do not say what they are: their list does. */
function named(resource: Resource, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...value };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, path: string, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw badResponse(path, `${objectNameOf(value)}it is no ${what}${place}: ${issue?.message ?? 'it has another form'}`);
}

/** The name of an object that is otherwise not understood, so that somebody can look at it. */
function objectNameOf(value: unknown): string {
  const name = z.looseObject({ metadata: z.looseObject({ name: z.string().max(253) }) }).safeParse(value);
  return name.success ? `of ${name.data.metadata.name}, ` : '';
}

function badResponse(path: string, reason: string): ApiServerError {
  return new ApiServerError('APISERVER_BAD_RESPONSE', `the answer to ${path} cannot be understood: ${reason}`, {
    subject: path,
    hint: 'Check that the server of the kubeconfig is a Kubernetes API server of a release that Holdfast knows.',
  });
}
