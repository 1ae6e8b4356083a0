import type { ApiResponse } from '../../../apiserver/index.ts';
import type { Environment } from '../environment.ts';
import { Renderer } from '../output/render.ts';
import { readObject } from '../protocol/body.ts';
import { readWriteOptions } from '../protocol/options.ts';
import type { Request } from '../protocol/request.ts';
import { decideCreate, draft } from '../rules/create-rules.ts';
import { acceptObject } from '../rules/incoming.ts';
import type { Scope } from '../scope.ts';

export async function create(environment: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const { objects, time } = environment;
  const renderer = new Renderer(request, scope.kind);
  const options = readWriteOptions(request, 'CreateOptions');
  const accepted = acceptObject(await readObject(request), scope, options, request.warnings);
  const drafted = draft(accepted, scope, options, time.now());
  const made = await objects.commit(decideCreate(environment, scope, drafted, options));
  return renderer.object(201, made, time.now());
}
