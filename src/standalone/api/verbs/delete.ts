import type { ApiResponse } from '../../../apiserver/index.ts';
import type { Environment } from '../environment.ts';
import { deletedStatus, Renderer } from '../output/render.ts';
import { readDeleteOptions, type DeleteOptions } from '../protocol/delete-options.ts';
import type { Request } from '../protocol/request.ts';
import { notFound } from '../protocol/status.ts';
import { decideDelete, type Deletion } from '../rules/delete-rules.ts';
import { orphansByDefault, returnsDeletedObject } from '../rules/kind-rules.ts';
import { keyOf, type Scope } from '../scope.ts';

const JOBS_KEEP_PODS =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

export async function remove(environment: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const { kind } = scope;
  const renderer = new Renderer(request, kind);
  const options = await readDeleteOptions(request);
  warnOfOrphans(request, scope, options);
  const deletion = await removeOne(environment, scope, options);
  const status = !deletion.isRemoved && options.isOldCascade ? 202 : 200;
  return returnsDeletedObject(kind) || deletion.isMarked
    ? renderer.object(status, deletion.object, environment.time.now())
    : renderer.plain(status, deletedStatus(kind, deletion.object));
}

export function removeOne({ objects, time }: Environment, scope: Scope, options: DeleteOptions): Promise<Deletion> {
  return objects.commit((view) => {
    const standing = view.get(keyOf(scope, scope.name));
    if (standing === undefined) throw notFound(scope.kind, scope.name);
    return decideDelete(view, scope.kind, standing, options, time.now());
  });
}

export function warnOfOrphans({ warnings }: Request, { kind }: Scope, { propagation }: DeleteOptions): void {
  if (orphansByDefault(kind) && propagation === undefined) warnings.add(JOBS_KEEP_PODS);
}
