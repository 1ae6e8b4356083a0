import type { ApiResponse } from '../../../apiserver/index.ts';
import type { Environment } from '../environment.ts';
import { Renderer } from '../output/render.ts';
import type { Request } from '../protocol/request.ts';
import { notFound } from '../protocol/status.ts';
import { keyOf, type Scope } from '../scope.ts';

export function get({ objects, time }: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const renderer = new Renderer(request, scope.kind);
  const found = objects.get(keyOf(scope, scope.name));
  if (found === undefined) throw notFound(scope.kind, scope.name);
  return renderer.object(200, found.object, time.now());
}
