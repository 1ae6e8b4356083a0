import type { ApiResponse } from '../../../apiserver/index.ts';
import { pathOf, type ObjectStore, type StoredObject } from '../../objects/index.ts';
import type { Environment } from '../environment.ts';
import { Renderer } from '../output/render.ts';
import type { Request } from '../protocol/request.ts';
import { badRequest, expired, timeout } from '../protocol/status.ts';
import { readSelection, type Selection } from '../selection/selection.ts';
import type { Scope } from '../scope.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { readListOptions, type ListOptions } from './list-options.ts';

/** All objects of a resource, or a page of them; all pages of a list are of one instant. */
export function list({ objects, time }: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const renderer = new Renderer(request, scope.kind);
  const options = readListOptions(request.query, false);
  const selection = readSelection(request.query, scope.kind);
  const { items, revision } = read(objects, scope, options);
  const page = cut(items, selection, options.limit);
  const metadata = {
    resourceVersion: revision.toString(),
    ...(page.next !== undefined && { continue: encodeContinue({ revision, start: page.next }) }),
    ...(page.remaining !== undefined && { remainingItemCount: page.remaining }),
  };
  return renderer.list(page.items, metadata, time.now());
}

interface Reading {
  readonly items: readonly StoredObject[];
  readonly revision: bigint;
}

const LIST_TOO_OLD = 'The resourceVersion for the provided list is too old.';
const CONTINUE_TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

function read(objects: ObjectStore, scope: Scope, options: ListOptions): Reading {
  const namespace = scope.namespace === '' ? undefined : scope.namespace;
  const current = (): Reading => ({ items: objects.list(scope.resource, namespace), revision: objects.revision });
  if (options.continue !== '') return readOn(objects, scope, options);
  const { version = 0n, match, limit } = options;
  if (version === 0n) return current();
  if (version > objects.revision) throw tooLarge(version, objects.revision);
  // Without a rule, pages of a version were of exactly that one; clients that page still rely on it.
  if (match === 'NotOlderThan' || (match === '' && limit === 0)) return current();
  const items = objects.listAt(version, scope.resource, namespace);
  if (items === undefined) throw expired(LIST_TOO_OLD);
  return { items, revision: version };
}

function readOn(objects: ObjectStore, scope: Scope, options: ListOptions): Reading {
  const namespace = scope.namespace === '' ? undefined : scope.namespace;
  if (options.version !== undefined && options.version !== 0n) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const { revision: then, start } = decodeContinue(options.continue);
  const revision = then < 0n ? objects.revision : then;
  const items = objects.listAt(revision, scope.resource, namespace);
  if (items === undefined) throw expired(CONTINUE_TOO_OLD, encodeContinue({ revision: -1n, start }));
  return { items: items.filter(({ key }) => pathOf(key) >= start), revision };
}

export function tooLarge(version: bigint, current: bigint): Error {
  return timeout(`Too large resource version: ${version.toString()}, current: ${current.toString()}`, 1, [
    { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
  ]);
}

interface Page {
  readonly items: StoredObject['object'][];
  /** The first path of the next page; undefined where there is none. */
  readonly next: string | undefined;
  readonly remaining: number | undefined;
}

function cut(items: readonly StoredObject[], selection: Selection, limit: number): Page {
  const page: StoredObject['object'][] = [];
  let last = '';
  for (const [index, { key, object }] of items.entries()) {
    if (!selection.matches(object)) continue;
    if (limit > 0 && page.length === limit) {
      const remaining = selection.isEmpty ? items.length - index : undefined;
      return { items: page, next: `${last}\0`, remaining };
    }
    page.push(object);
    last = pathOf(key);
  }
  return { items: page, next: undefined, remaining: undefined };
}
