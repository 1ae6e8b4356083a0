import {
  applyJsonPatch,
  applyMergePatch,
  applyServerSide,
  applyStrategicMergePatch,
  PatchError,
  recordUpdate,
  resetFields,
} from '../../patch/index.ts';
import type { JsonObject, Kind } from '../../schema/index.ts';
import { parseJson, readYamlObject } from '../protocol/body.ts';
import type { WriteOptions } from '../protocol/options.ts';
import type { Request } from '../protocol/request.ts';
import { applyConflict, invalid, Refusal, unsupportedMediaType } from '../protocol/status.ts';
import { acceptObject } from '../rules/incoming.ts';
import type { Scope } from '../scope.ts';

export const APPLY_TYPE = 'application/apply-patch+yaml';
const STRATEGIC_TYPE = 'application/strategic-merge-patch+json';
const JSON_TYPES = ['application/json-patch+json', 'application/merge-patch+json'];

/** Makes of the object that stands, undefined for none, the one that shall stand. */
export type Transform = (live: JsonObject | undefined) => JsonObject;

interface PatchParts {
  readonly scope: Scope;
  readonly request: Request;
  readonly options: WriteOptions;
  readonly now: () => Date;
}

/** @throws Refusal 415 for a type that the kind cannot be patched by */
export function assertPatchType(kind: Kind, type: string): void {
  const accepted = [...JSON_TYPES, ...(kind.custom ? [] : [STRATEGIC_TYPE]), APPLY_TYPE];
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
}

/** Reads the patch, and gives what it does. */
export async function readPatch(type: string, parts: PatchParts): Promise<Transform> {
  const { request } = parts;
  if (type === APPLY_TYPE) return serverSideApply(parts, await readYamlObject(request.body));
  const patch = parseJson(request.body);
  return changeByPatch(parts, (live) => {
    if (type === STRATEGIC_TYPE) return applyStrategicMergePatch(live, patch, parts.scope.kind.schema);
    return type === JSON_TYPES[0] ? applyJsonPatch(live, patch) : applyMergePatch(live, patch);
  });
}

function changeByPatch(
  { scope, request, options, now }: PatchParts,
  apply: (live: JsonObject) => JsonObject,
): Transform {
  const { kind, subresource } = scope;
  return (live) => {
    if (live === undefined) throw new TypeError('only an apply makes objects');
    const raw = refusing(() => apply(live));
    const after = acceptObject(raw, scope, options, request.warnings, (why) => unfit(raw, why));
    return recordUpdate({
      before: live,
      after,
      schema: kind.schema,
      manager: options.manager,
      now: now(),
      ...(subresource !== '' && { subresource }),
      resets: resetFields(kind, subresource),
    });
  };
}

function serverSideApply({ scope, request, options, now }: PatchParts, applied: JsonObject): Transform {
  const { kind, subresource } = scope;
  const force = ['true', '1'].includes(request.query.get('force') ?? '');
  return (live) => {
    const outcome = refusing(() =>
      applyServerSide({
        live,
        applied,
        schema: kind.schema,
        manager: options.manager,
        force,
        now: now(),
        ...(subresource !== '' && { subresource }),
        resets: resetFields(kind, subresource),
      }),
    );
    if ('object' in outcome) return acceptObject(outcome.object, scope, options, request.warnings);
    const causes = outcome.conflicts.map(({ message, field }) => ({ reason: 'FieldManagerConflict', message, field }));
    throw applyConflict(outcome.message, causes);
  };
}

function unfit(patched: JsonObject, why: string): Refusal {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${why}`;
  return invalid({ group: '', kind: '' }, '', [{ field: 'patch', reason: 'FieldValueInvalid', message }]);
}

function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PatchError) throw new Refusal(error.status, error.reason, error.message);
    throw error;
  }
}
