import type { ApiResponse } from '../../apiserver/index.ts';
import { assertAuthorized, verbOf, type Authorize } from './access/authorize.ts';
import { answerSelfReview, isSelfReview } from './access/self-review.ts';
import type { Documents } from './discovery/documents.ts';
import { subresourcesOf } from './discovery/groups.ts';
import type { Environment } from './environment.ts';
import { nothingAt } from './nothing-at.ts';
import { readFlag } from './protocol/options.ts';
import type { Request } from './protocol/request.ts';
import { methodNotAllowed } from './protocol/status.ts';
import { scopeOf, type Scope } from './scope.ts';
import { bindPod } from './verbs/bind-pod.ts';
import { create } from './verbs/create.ts';
import { removeAll } from './verbs/delete-collection.ts';
import { remove } from './verbs/delete.ts';
import { get } from './verbs/get.ts';
import { list } from './verbs/list.ts';
import { patch } from './verbs/patch.ts';
import { podLog } from './verbs/pod-log.ts';
import { update } from './verbs/update.ts';
import { watch } from './verbs/watch.ts';

type Verb = (environment: Environment, request: Request, scope: Scope) => Promise<ApiResponse>;

export interface RouterParts {
  readonly environment: Environment;
  readonly documents: Documents;
  readonly authorize: Authorize;
  /** Paths beside the API: health, version. */
  readonly paths: Readonly<Record<string, (request: Request) => ApiResponse>>;
}

/** Finds who answers a request, and whether its user may ask. */
export async function route(parts: RouterParts, request: Request): Promise<ApiResponse> {
  const { environment, documents, authorize, paths } = parts;
  const { user, segments, path } = request;
  const address = parseAddress(segments);
  if (address === undefined) {
    assertAuthorized(authorize, { user, verb: request.method.toLowerCase(), path });
    const own = paths[segments[0] ?? ''];
    if (own !== undefined && request.method !== 'GET') throw methodNotAllowed();
    return own?.(request) ?? documents.answer(request) ?? nothingAt(environment.kinds, request);
  }
  if (isSelfReview(address)) return answerSelfReview(request, address.name, authorize);
  const { name } = address;
  const isWatch = name === '' && request.method === 'GET' && readFlag(request.query, 'watch');
  const verb = verbOf(request, name !== '', isWatch);
  assertAuthorized(authorize, { user, verb, path, resource: address });
  const scope = findScope(environment, address);
  if (scope === undefined) return nothingAt(environment.kinds, request);
  return verbFor(scope, verb)(environment, request, scope);
}

interface Address {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly plural: string;
  readonly name: string;
  readonly subresource: string;
}

/** Undefined where the path is none of a resource: `/api/v1/namespaces/a/pods/b/log`, `/apis/batch/v1/jobs`. */
function parseAddress(segments: readonly string[]): Address | undefined {
  const [root, ...below] = segments;
  if (root !== 'api' && root !== 'apis') return undefined;
  const [group = '', version = '', ...rest] = root === 'api' ? ['', ...below] : below;
  const [first, second, third] = rest;
  if (first === undefined) return undefined;
  // `/namespaces/a/status` is about the namespace, `/namespaces/a/pods` about what is in it.
  const isOfNamespace = group === '' && (third === 'status' || third === 'finalize') && rest.length === 3;
  const isWithin = first === 'namespaces' && third !== undefined && !isOfNamespace;
  const [plural = '', name = '', subresource = '', ...tooMany] = isWithin ? rest.slice(2) : rest;
  if (tooMany.length > 0) return undefined;
  return { group, version, namespace: isWithin ? (second ?? '') : '', plural, name, subresource };
}

function findScope({ kinds }: Environment, address: Address): Scope | undefined {
  const { group, version, plural, namespace, name, subresource } = address;
  const kind = kinds.find(group, version, plural);
  if (kind === undefined) return undefined;
  if (subresource !== '' && !subresourcesOf(kind).some((each) => each.name === subresource)) return undefined;
  if (!kind.namespaced && namespace !== '') return undefined;
  if (kind.namespaced && namespace === '' && name !== '') return undefined;
  return scopeOf(kind, { namespace, name, subresource });
}

const VERBS: Readonly<Record<string, Verb>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeAll,
};

/** Subresources that are not written and read as the object is. */
const SUBRESOURCE_VERBS: Readonly<Record<string, Verb>> = { binding: bindPod, log: podLog };

function verbFor(scope: Scope, verb: string): Verb {
  const { kind, name, namespace, subresource } = scope;
  if (subresource !== '') {
    const own = subresourcesOf(kind).find((each) => each.name === subresource);
    if (own?.verbs.includes(verb) !== true) throw methodNotAllowed();
    return SUBRESOURCE_VERBS[subresource] ?? verbNamed(verb);
  }
  const isForOne = ['update', 'patch'].includes(verb);
  if (isForOne && name === '') throw methodNotAllowed();
  if (verb === 'create' && name !== '') throw methodNotAllowed();
  const needsNamespace = verb === 'create' || verb === 'deletecollection';
  if (needsNamespace && kind.namespaced && namespace === '') throw methodNotAllowed();
  return verbNamed(verb);
}

function verbNamed(verb: string): Verb {
  const found = VERBS[verb];
  if (found === undefined) throw methodNotAllowed();
  return found;
}
