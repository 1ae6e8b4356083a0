import {
  resources,
  type CallOptions,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../apiserver/index.ts';
import { podsWithClaim, type VolumeSurroundings } from './cluster-view.ts';
import { isEmpty } from './match.ts';
import { CLAIM_PROTECTION, VOLUME_PROTECTION } from './names.ts';

type Deps = Pick<VolumeSurroundings, 'client' | 'view'>;

/**
 * Keeps a claim that a pod on a node mounts from being deleted (pkg/controller/volume/pvcprotection). A pod counts as long as
 * its object stands, ended or not.
 *
 * @returns the claim as it is now; undefined once nothing keeps it
 */
export async function protectClaim(
  { client, view }: Deps,
  claim: PersistentVolumeClaim,
  options: CallOptions,
): Promise<PersistentVolumeClaim | undefined> {
  const finalizers = changed(claim, CLAIM_PROTECTION, () => isMounted(view, claim));
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
  const finalizers = changed(volume, VOLUME_PROTECTION, () => volume.status?.phase === 'Bound');
  if (finalizers === undefined) return volume;
  const metadata = { ...volume.metadata, finalizers: [...finalizers] };
  const kept = await client.update(resources.persistentVolumes, { ...volume, metadata }, options);
  return finalizers.length === 0 ? undefined : kept;
}

export function isMounted(
  view: Deps['view'],
  claim: { readonly metadata: PersistentVolumeClaim['metadata'] },
): boolean {
  return podsWithClaim(view, claim.metadata).some(({ spec }) => !isEmpty(spec.nodeName));
}

/** The finalizers as they should be; undefined where they are so. */
function changed(
  { metadata }: PersistentVolume | PersistentVolumeClaim,
  finalizer: string,
  isInUse: () => boolean,
): readonly string[] | undefined {
  const now = metadata.finalizers ?? [];
  const has = now.includes(finalizer);
  if (metadata.deletionTimestamp === undefined) return has ? undefined : [...now, finalizer];
  return has && !isInUse() ? now.filter((each) => each !== finalizer) : undefined;
}
