import { isJsonObject, listAt, objectAt, textAt, type Json, type JsonObject } from '../json.ts';

/** Whether an image's newest version is meant, by its tag or for want of one. */
function isLatest(image: string): boolean {
  const name = image.split('/').at(-1) ?? '';
  if (image.includes('@')) return false;
  const [, tag] = name.split(':');
  return tag === undefined || tag === 'latest';
}

/**
 * The defaults of a pod's spec that depend on other fields, filled in in place: when an image is pulled, and what a
 * volume is that says nothing. Source: k8s.io/kubernetes, pkg/apis/core/v1/defaults.go.
 */
export function completePodSpec(spec: JsonObject): void {
  for (const container of [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')]) {
    if (!isJsonObject(container)) continue;
    container['imagePullPolicy'] ??= isLatest(textAt(container, 'image')) ? 'Always' : 'IfNotPresent';
  }
  for (const volume of listAt(spec, 'volumes')) {
    if (isJsonObject(volume) && Object.keys(volume).every((name) => name === 'name')) volume['emptyDir'] = {};
  }
  const account = spec['serviceAccountName'] ?? spec['serviceAccount'];
  if (account !== undefined) Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
}

/** A pod's own defaults: what is asked for of a resource where only its limit is said. */
export function completePod(pod: JsonObject): JsonObject {
  const spec = objectAt(pod, 'spec');
  completePodSpec(spec);
  spec['enableServiceLinks'] ??= true;
  for (const container of listAt(spec, 'containers')) {
    const limits = objectAt(container, 'resources', 'limits');
    if (Object.keys(limits).length === 0 || !isJsonObject(container)) continue;
    const requests = { ...limits, ...objectAt(container, 'resources', 'requests') };
    container['resources'] = { ...objectAt(container, 'resources'), requests };
  }
  return pod;
}

const COUNTED = ['cpu', 'memory'] as const;

/** How safe a pod is when resources run short. Source: k8s.io/kubernetes, pkg/apis/core/v1/helper/qos. */
export function qosClass(pod: JsonObject): Json {
  const containers = listAt(pod, 'spec', 'containers').map((container) => objectAt(container, 'resources'));
  const amounts = containers.flatMap((resources) =>
    COUNTED.flatMap((name) => [textAt(resources, 'requests', name), textAt(resources, 'limits', name)]),
  );
  if (amounts.every((amount) => amount === '' || amount === '0')) return 'BestEffort';
  const isGuaranteed = containers.every((resources) =>
    COUNTED.every((name) => {
      const limit = textAt(resources, 'limits', name);
      return limit !== '' && textAt(resources, 'requests', name) === limit;
    }),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}
