import type { ApiResponse } from '../../apiserver/index.ts';
import type { KindRegistry } from './kinds/kind-registry.ts';
import { pageNotFound } from './protocol/reply.ts';
import type { Request } from './protocol/request.ts';
import { resourceNotFound } from './protocol/status.ts';

/** Groups of Kubernetes itself; those of OpenShift are defined on a real server, and were not there before. */
const KUBERNETES_GROUP = /^(?:batch|[a-z.]+\.k8s\.io)$/;

/**
 * The answer at a path where nothing stands. kube-apiserver gives a Status within its own groups and a plain page everywhere
 * else, groups of definitions among it.
 *
 * @throws Refusal 404
 */
export function nothingAt({ builtIn }: KindRegistry, { segments }: Pick<Request, 'segments'>): ApiResponse {
  const [root, group = ''] = segments;
  const isCore = root === 'api' && group !== '';
  const isOwn = root === 'apis' && KUBERNETES_GROUP.test(group) && builtIn.some((kind) => kind.group === group);
  if (isCore || isOwn) throw resourceNotFound();
  return pageNotFound();
}
