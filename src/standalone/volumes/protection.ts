import {
  resources,
  type CallOptions,
  type KubeClient,
  type ObjectName,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../apiserver/index.ts';
import { mounts, type VolumeSurroundings } from './cluster-view.ts';
import { isEmpty } from './match.ts';
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from './names.ts';

type Deps = Pick<VolumeSurroundings, 'client'>;

/**
 * Keeps a claim that a pod on a node mounts from being deleted (pkg/controller/volume/pvcprotection). A pod counts as long as
 * its object stands, ended or not.
 *
 * @returns the claim as it is now; undefined once nothing keeps it
 */
export async function protectClaim(
  { client }: Deps,
  claim: PersistentVolumeClaim,
  options: CallOptions,
): Promise<PersistentVolumeClaim | undefined> {
  const finalizers = await changed(claim, CLAIM_PROTECTION, () => isMounted(client, claim.metadata, options));
  if (finalizers === undefined) return claim;
  const metadata = { ...claim.metadata, finalizers: [...finalizers] };
  const kept = await client.update(resources.persistentVolumeClaims, { ...claim, metadata }, options);
  return finalizers.length === 0 ? undefined : kept;
}

/**
 * Keeps a volume that is bound from being deleted (pkg/controller/volume/pvprotection).
 *
 * @returns the volume as it is now; undefined once nothing keeps it
 */
export async function protectVolume(
  { client }: Deps,
  volume: PersistentVolume,
  options: CallOptions,
): Promise<PersistentVolume | undefined> {
  const finalizers = await changed(volume, VOLUME_PROTECTION, () => Promise.resolve(volume.status?.phase === 'Bound'));
  if (finalizers === undefined) return volume;
  const metadata = { ...volume.metadata, finalizers: [...finalizers] };
  const kept = await client.update(resources.persistentVolumes, { ...volume, metadata }, options);
  return finalizers.length === 0 ? undefined : kept;
}

/**
 * Whether a pod that has a node names a claim. The API itself is asked: an informer may not have seen a pod yet that has just
 * begun to write.
 */
export async function isMounted(client: KubeClient, claim: ObjectName, options: CallOptions): Promise<boolean> {
  const { items } = await client.list(resources.pods, { ...options, namespace: claim.namespace });
  return items.some((pod) => !isEmpty(pod.spec.nodeName) && mounts(pod, claim));
}

/** The finalizers as they should be; undefined where they are so. */
async function changed(
  { metadata }: PersistentVolume | PersistentVolumeClaim,
  finalizer: string,
  isInUse: () => Promise<boolean>,
): Promise<readonly string[] | undefined> {
  const now = metadata.finalizers ?? [];
  const has = now.includes(finalizer);
  if (metadata.deletionTimestamp === undefined) return has ? undefined : [...now, finalizer];
  return has && !(await isInUse()) ? now.filter((each) => each !== finalizer) : undefined;
}
