import type { ApiResponse } from '../../../apiserver/index.ts';
import type { JsonObject } from '../../schema/index.ts';
import type { Environment } from '../environment.ts';
import { Renderer } from '../output/render.ts';
import { readDeleteOptions } from '../protocol/delete-options.ts';
import type { Request } from '../protocol/request.ts';
import { Refusal } from '../protocol/status.ts';
import { readSelection } from '../selection/selection.ts';
import type { Scope } from '../scope.ts';
import { removeOne, warnOfOrphans } from './delete.ts';

/** Deletes what is selected, one object after the other: each deletion is whole, all together are not. */
export async function removeAll(environment: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const { objects, time } = environment;
  const renderer = new Renderer(request, scope.kind);
  const options = await readDeleteOptions(request);
  const selection = readSelection(request.query, scope.kind);
  warnOfOrphans(request, scope, options);
  const chosen = objects
    .list(scope.resource, scope.namespace === '' ? undefined : scope.namespace)
    .filter(({ object }) => selection.matches(object));
  const removals = chosen.map(({ key }) =>
    removeOne(environment, { ...scope, namespace: key.namespace, name: key.name }, options).catch(unlessGone),
  );
  const deletions = await Promise.all(removals);
  const removed: JsonObject[] = deletions.flatMap((deletion) => (deletion === undefined ? [] : [deletion.object]));
  return renderer.list(removed, { resourceVersion: objects.revision.toString() }, time.now());
}

function unlessGone(error: unknown): undefined {
  if (error instanceof Refusal && error.code === 404) return undefined;
  throw error;
}
