import type { ApiResponse } from '../../../apiserver/index.ts';
import { listAt, objectAt, textAt, type JsonObject } from '../../schema/index.ts';
import type { Environment } from '../environment.ts';
import { readObject } from '../protocol/body.ts';
import { readWriteOptions } from '../protocol/options.ts';
import { jsonReply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import { badRequest, conflict, notFound, Refusal } from '../protocol/status.ts';
import { isBeingDeleted, mapOf, textOf, withMetadata, writeTime } from '../rules/metadata.ts';
import { keyOf, type Scope } from '../scope.ts';

/**
 * Puts a pod on a node, which is done once and in no other way
 * (kubernetes/pkg/registry/core/pod/storage/storage.go: BindingREST).
 */
export async function bindPod(environment: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const { objects, time } = environment;
  const { isDryRun } = readWriteOptions(request, 'CreateOptions');
  const binding = await readObject(request);
  const node = nodeOf(binding, scope.name);
  await objects.commit((view) => {
    const key = keyOf(scope, scope.name);
    const standing = view.get(key);
    if (standing === undefined) throw notFound(scope.kind, scope.name);
    assertUnbound(standing.object, binding, scope);
    const object = bound(standing.object, binding, node, time.now());
    return { writes: isDryRun ? [] : [{ key, object }], result: () => undefined };
  });
  return jsonReply(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

function nodeOf(binding: JsonObject, pod: string): string {
  if (textOf(binding, 'name') !== pod) throw badRequest('name in URL does not match name in Binding object');
  const kind = textAt(binding, 'target', 'kind');
  // These two are no proper refusals on a real server either.
  if (kind !== '' && kind !== 'Node') {
    const value = JSON.stringify(kind);
    throw new Refusal(500, '', `target.kind: Unsupported value: ${value}: supported values: "Node", "<empty>"`);
  }
  const name = textAt(binding, 'target', 'name');
  if (name === '') throw new Refusal(500, '', 'target.name: Required value');
  return name;
}

/** @throws Refusal 409 */
function assertUnbound(pod: JsonObject, binding: JsonObject, { kind, name }: Scope): void {
  const [wanted, uid] = [textOf(binding, 'uid'), textOf(pod, 'uid')];
  if (wanted !== '' && wanted !== uid)
    throw conflict(kind, name, `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`);
  const endpoint = { group: '', plural: 'pods/binding' };
  if (isBeingDeleted(pod)) throw conflict(endpoint, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  const node = textAt(pod, 'spec', 'nodeName');
  if (node !== '') throw conflict(endpoint, name, `pod ${name} is already assigned to node ${JSON.stringify(node)}`);
}

function bound(pod: JsonObject, binding: JsonObject, node: string, now: Date): JsonObject {
  const annotations = { ...mapOf(pod, 'annotations'), ...mapOf(binding, 'annotations') };
  const hasAnnotations = Object.keys(annotations).length > 0;
  const others = listAt(pod, 'status', 'conditions').filter((each) => textAt(each, 'type') !== 'PodScheduled');
  const scheduled = {
    type: 'PodScheduled',
    status: 'True',
    lastTransitionTime: writeTime(now),
  };
  return {
    ...withMetadata(pod, { annotations: hasAnnotations ? annotations : undefined }),
    spec: { ...objectAt(pod, 'spec'), nodeName: node },
    status: { ...objectAt(pod, 'status'), conditions: [...others, scheduled] },
  };
}
