import {
  ApiServerError,
  fitsNode,
  fitsNodeTerms,
  resources,
  type KubeClient,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
} from '../../../apiserver/index.ts';
import type { Informer } from '../../../controller/index.ts';
import { NO_PROVISIONER, SELECTED_NODE } from '../../volumes/index.ts';
import * as z from 'zod';

/** What a pod waits for; in kube-scheduler's words where it says any. */
export interface Obstacle {
  readonly message: string;
  /** Nothing is wrong: others are at work for the pod, and nobody needs to hear of it. */
  readonly isQuiet?: boolean;
}

const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable';

const affinitySchema = z
  .object({
    nodeAffinity: z
      .object({
        requiredDuringSchedulingIgnoredDuringExecution: z
          .object({ nodeSelectorTerms: z.array(z.looseObject({})) })
          .nullish(),
      })
      .nullish(),
  })
  .nullish();

const tolerationsSchema = z
  .array(z.looseObject({ key: z.string().nullish(), operator: z.string().nullish() }))
  .nullish();

/** Why a node is not for a pod; undefined where it is. */
export function nodeObstacle(pod: Pod, node: Node): Obstacle | undefined {
  if (node.spec?.unschedulable === true && !toleratesCordon(pod)) return unfit('1 node(s) were unschedulable');
  if (matchesSelector(pod, node) && matchesAffinity(pod, node)) return undefined;
  return unfit("1 node(s) didn't match Pod's node affinity/selector");
}

function toleratesCordon(pod: Pod): boolean {
  const tolerations = tolerationsSchema.catch([]).parse(pod.spec['tolerations']) ?? [];
  return tolerations.some(({ key, operator }) => {
    const isForAny = (key ?? '') === '' && operator === 'Exists';
    return isForAny || key === UNSCHEDULABLE_TAINT;
  });
}

function matchesSelector(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  return Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
}

function matchesAffinity(pod: Pod, node: Node): boolean {
  const parsed = affinitySchema.safeParse(pod.spec['affinity']);
  if (!parsed.success) return false;
  const required = parsed.data?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required === undefined || required === null) return true;
  return fitsNodeTerms(required.nodeSelectorTerms, node);
}

export interface ClaimView {
  readonly client: KubeClient;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly classes: Informer<StorageClass>;
}

/**
 * Whether a pod's claims can be used on a node. One that waits for its first consumer is told of the node, as the real
 * scheduler tells it, and is then bound by others.
 */
export async function claimObstacle(view: ClaimView, pod: Pod, node: Node): Promise<Obstacle | undefined> {
  for (const { persistentVolumeClaim } of pod.spec.volumes ?? []) {
    if (persistentVolumeClaim === undefined) continue;
    const name = persistentVolumeClaim.claimName;
    const claim = view.claims.get({ namespace: pod.metadata.namespace, name });
    const obstacle =
      claim === undefined ? unfit(`persistentvolumeclaim "${name}" not found`) : await obstacleOf(view, claim, node);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

async function obstacleOf(view: ClaimView, claim: PersistentVolumeClaim, node: Node): Promise<Obstacle | undefined> {
  const { name, deletionTimestamp } = claim.metadata;
  if (deletionTimestamp !== undefined) return unfit(`persistentvolumeclaim "${name}" is being deleted`);
  const { volumeName = '', storageClassName = '' } = claim.spec;
  if (claim.status?.phase === 'Lost')
    return unfit(`persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volumeName}"`);
  if (claim.status?.phase === 'Bound') {
    const volume = await findVolume(view.client, volumeName);
    return volume === undefined || fitsNode(volume, node)
      ? undefined
      : unfit('1 node(s) had volume node affinity conflict');
  }
  const storageClass = view.classes.get({ name: storageClassName });
  if (storageClass?.volumeBindingMode !== 'WaitForFirstConsumer')
    return unfit('pod has unbound immediate PersistentVolumeClaims');
  await selectNode(view.client, claim, node);
  return storageClass.provisioner === NO_PROVISIONER
    ? unfit("1 node(s) didn't find available persistent volumes to bind")
    : { message: `waiting for the claim ${name} to be bound`, isQuiet: true };
}

async function selectNode(client: KubeClient, claim: PersistentVolumeClaim, node: Node): Promise<void> {
  if (claim.metadata.annotations?.[SELECTED_NODE] === node.metadata.name) return;
  const { resourceVersion } = claim.metadata;
  const body = { metadata: { resourceVersion, annotations: { [SELECTED_NODE]: node.metadata.name } } };
  await client.patch(resources.persistentVolumeClaims, claim.metadata, { kind: 'merge', body });
}

async function findVolume(client: KubeClient, name: string): Promise<PersistentVolume | undefined> {
  // A binding that lacks its volume is told of where the folder is asked for.
  if (name === '') return undefined;
  try {
    return await client.get(resources.persistentVolumes, { name });
  } catch (error) {
    if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return undefined;
    throw error;
  }
}

export const TOO_MANY: Obstacle = {
  message:
    '0/1 nodes are available: 1 Too many pods. ' +
    'preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
};

function unfit(reason: string): Obstacle {
  return {
    message: `0/1 nodes are available: ${reason}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`,
  };
}
