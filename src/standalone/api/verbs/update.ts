import type { ApiResponse } from '../../../apiserver/index.ts';
import { recordUpdate, resetFields } from '../../patch/index.ts';
import type { Environment } from '../environment.ts';
import { inVersion } from '../kinds/kind-registry.ts';
import { Renderer } from '../output/render.ts';
import { readObject } from '../protocol/body.ts';
import { readWriteOptions } from '../protocol/options.ts';
import type { Request } from '../protocol/request.ts';
import { notFound } from '../protocol/status.ts';
import { decideCreate, draft } from '../rules/create-rules.ts';
import { acceptObject } from '../rules/incoming.ts';
import { allowsCreateOnUpdate } from '../rules/kind-rules.ts';
import { decideUpdate } from '../rules/update-rules.ts';
import { keyOf, type Scope } from '../scope.ts';

/** PUT of an object, of its status, or of a namespace's finalizers. */
export async function update(environment: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const { objects, time } = environment;
  const { kind, subresource } = scope;
  const renderer = new Renderer(request, kind);
  const options = readWriteOptions(request, 'UpdateOptions');
  const accepted = acceptObject(await readObject(request), scope, options, request.warnings);
  const { manager } = options;
  const { isNew, object } = await objects.commit((view) => {
    const standing = view.get(keyOf(scope, scope.name));
    if (standing === undefined) {
      if (!allowsCreateOnUpdate(kind) || subresource !== '') throw notFound(kind, scope.name);
      const { writes, result } = decideCreate(
        environment,
        scope,
        draft(accepted, scope, options, time.now()),
        options,
      )(view);
      return { writes, result: (changes) => ({ isNew: true, object: result(changes) }) };
    }
    const wanted = recordUpdate({
      before: inVersion(kind, standing.object),
      after: accepted,
      schema: kind.schema,
      manager,
      now: time.now(),
      ...(subresource !== '' && { subresource }),
      resets: resetFields(kind, subresource),
    });
    const { writes, result } = decideUpdate(environment, view, scope, standing, wanted, options);
    return { writes, result: (changes) => ({ isNew: false, object: result(changes) }) };
  });
  return renderer.object(isNew ? 201 : 200, object, time.now());
}
