import type { ApiResponse } from '../../../apiserver/index.ts';
import type { Decision } from '../../objects/index.ts';
import type { FieldError, JsonObject } from '../../schema/index.ts';
import type { Environment } from '../environment.ts';
import { inVersion } from '../kinds/kind-registry.ts';
import { Renderer } from '../output/render.ts';
import { contentType } from '../protocol/body.ts';
import { readWriteOptions } from '../protocol/options.ts';
import type { Request } from '../protocol/request.ts';
import { badRequest, conflict, invalid, notFound } from '../protocol/status.ts';
import { decideCreate, withoutSystemFields } from '../rules/create-rules.ts';
import { textOf } from '../rules/metadata.ts';
import { decideUpdate } from '../rules/update-rules.ts';
import { keyOf, type Scope } from '../scope.ts';
import { APPLY_TYPE, assertPatchType, readPatch } from './patch-types.ts';

export async function patch(environment: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const { objects, time } = environment;
  const { kind, name, subresource } = scope;
  const type = contentType(request);
  assertPatchType(kind, type);
  const renderer = new Renderer(request, kind);
  const options = readWriteOptions(request, 'PatchOptions');
  assertPatchOptions(request, type === APPLY_TYPE);
  const transform = await readPatch(type, { scope, request, options, now: () => time.now() });
  const { isNew, object } = await objects.commit((view): Decision<{ isNew: boolean; object: JsonObject }> => {
    const standing = view.get(keyOf(scope, name));
    if (standing === undefined) {
      if (type !== APPLY_TYPE || subresource !== '') throw notFound(kind, name);
      const drafted = applied(transform(undefined), scope);
      const { writes, result } = decideCreate(environment, scope, drafted, options)(view);
      return { writes, result: (changes) => ({ isNew: true, object: result(changes) }) };
    }
    const wanted = transform(inVersion(kind, standing.object));
    const { writes, result } = decideUpdate(environment, view, scope, standing, wanted, options);
    return { writes, result: (changes) => ({ isNew: false, object: result(changes) }) };
  });
  return renderer.object(isNew ? 201 : 200, object, time.now());
}

/** An apply that makes an object: under the name in the path, and as no other object than a new one. */
function applied(object: JsonObject, { kind, name }: Scope): JsonObject {
  const uid = textOf(object, 'uid');
  if (uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(kind, name, why);
  }
  const said = textOf(object, 'name');
  if (said !== name) {
    throw badRequest(`the name of the object (${said}) does not match the name on the URL (${name})`);
  }
  return withoutSystemFields(object);
}

/** @throws Refusal 422 */
function assertPatchOptions({ query }: Request, isApply: boolean): void {
  const errors: FieldError[] = [];
  if (isApply && (query.get('fieldManager') ?? '') === '') {
    errors.push({
      field: 'fieldManager',
      reason: 'FieldValueRequired',
      message: 'Required value: is required for apply patch',
    });
  }
  if (!isApply && query.has('force')) {
    errors.push({
      field: 'force',
      reason: 'FieldValueForbidden',
      message: 'Forbidden: may not be specified for non-apply patch',
    });
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', errors);
}
