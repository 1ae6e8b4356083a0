import {
  ApiServerError,
  resources,
  type CallOptions,
  type KubeClient,
  type KubeObject,
  type Node,
  type ObjectName,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type Resource,
  type StorageClass,
} from '../../apiserver/index.ts';
import type { Log, Time } from '../../base/index.ts';
import { createInformer, type EventRecorder, type Informer } from '../../controller/index.ts';
import type { VolumeFolders } from './folders.ts';

/** What the controllers of volumes see of the cluster. */
export interface ClusterView {
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly classes: Informer<StorageClass>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
}

/** What the controllers of volumes work with. */
export interface VolumeSurroundings {
  readonly client: KubeClient;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly folders: VolumeFolders;
  /** The name of this machine's Node. */
  readonly nodeName: string;
  readonly view: ClusterView;
}

export function createClusterView(
  client: KubeClient,
  options: { readonly time: Time; readonly log: Log; readonly random?: (() => number) | undefined },
): ClusterView {
  return {
    claims: createInformer(client, resources.persistentVolumeClaims, options),
    volumes: createInformer(client, resources.persistentVolumes, options),
    classes: createInformer(client, resources.storageClasses, options),
    pods: createInformer(client, resources.pods, options),
    nodes: createInformer(client, resources.nodes, options),
  };
}

/** An object as it stands now; undefined where there is none. */
export async function find<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  name: ObjectName,
  options: CallOptions,
): Promise<T | undefined> {
  try {
    return await client.get(resource, name, options);
  } catch (error) {
    if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The pods that name a claim among their volumes. */
export function podsWithClaim(view: ClusterView, claim: ObjectName): readonly Pod[] {
  return view.pods.list(claim.namespace).filter((pod) => mounts(pod, claim));
}

/** Whether a pod of the claim's namespace names it among its volumes. */
export function mounts(pod: Pod, claim: ObjectName): boolean {
  return (pod.spec.volumes ?? []).some((each) => each.persistentVolumeClaim?.claimName === claim.name);
}
