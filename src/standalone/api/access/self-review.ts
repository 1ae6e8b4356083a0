import type { ApiResponse } from '../../../apiserver/index.ts';
import { objectAt, textAt, valueAt, type JsonObject } from '../../schema/index.ts';
import { readObject } from '../protocol/body.ts';
import { jsonReply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import { invalid, methodNotAllowed, resourceNotFound } from '../protocol/status.ts';
import type { Attributes, Authorize } from './authorize.ts';
import type { User } from './user.ts';

const GROUP = 'authorization.k8s.io';

/** Whether a path is that of SelfSubjectAccessReviews, which are answered and not kept. */
export function isSelfReview(address: {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string;
}): boolean {
  const { group, version, plural, namespace } = address;
  return group === GROUP && version === 'v1' && plural === 'selfsubjectaccessreviews' && namespace === '';
}

/**
 * Says whether whoever asks may do something, as `kubectl auth can-i` wants to know. Everybody may ask that of themselves.
 *
 * @throws Refusal 404, 405, 422
 */
export async function answerSelfReview(request: Request, name: string, authorize: Authorize): Promise<ApiResponse> {
  if (name !== '') throw resourceNotFound();
  if (request.method !== 'POST') throw methodNotAllowed();
  const spec = objectAt(await readObject(request), 'spec');
  const allowed = authorize(attributesOf(request.user, spec));
  const apiVersion = `${GROUP}/v1`;
  return jsonReply(201, { kind: 'SelfSubjectAccessReview', apiVersion, metadata: {}, spec, status: { allowed } });
}

function attributesOf(user: User, spec: JsonObject): Attributes {
  const [resource, path] = [valueAt(spec, 'resourceAttributes'), valueAt(spec, 'nonResourceAttributes')];
  if ((resource === undefined) === (path === undefined)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    const message = `Invalid value: ${JSON.stringify(resource ?? null)}: ${why}`;
    const error = { field: 'spec.resourceAttributes', reason: 'FieldValueInvalid', message } as const;
    throw invalid({ group: GROUP, kind: '' }, '', [error]);
  }
  if (resource === undefined) return { user, verb: textAt(path, 'verb'), path: textAt(path, 'path') };
  const [group, plural, subresource] = [
    textAt(resource, 'group'),
    textAt(resource, 'resource'),
    textAt(resource, 'subresource'),
  ];
  const [namespace, name] = [textAt(resource, 'namespace'), textAt(resource, 'name')];
  return { user, verb: textAt(resource, 'verb'), path: '', resource: { group, plural, subresource, namespace, name } };
}
