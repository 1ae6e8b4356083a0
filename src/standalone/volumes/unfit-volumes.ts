import {
  fitsNode,
  selects,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../apiserver/index.ts';
import { classOf, misfit } from './match.ts';

/** More volumes than this are not explained one by one. */
const MOST = 5;

/**
 * Why each volume of a claim's class is not the claim's, for the event that says that none was found: Kubernetes leaves that
 * to guessing.
 */
export function unfitVolumes(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  node: Node | undefined,
): string {
  const candidates = volumes.filter((volume) => classOf(volume) === classOf(claim));
  if (candidates.length === 0) return `there is no PersistentVolume of class ${classOf(claim)}`;
  const reasons = candidates
    .slice(0, MOST)
    .map((volume) => `${volume.metadata.name}: ${reasonOf(claim, volume, node)}`);
  const more = candidates.length > MOST ? `; and ${candidates.length - MOST} more` : '';
  return reasons.join('; ') + more;
}

function reasonOf(claim: PersistentVolumeClaim, volume: PersistentVolume, node: Node | undefined): string {
  const { claimRef } = volume.spec;
  if (claimRef !== undefined)
    return `${volume.status?.phase ?? 'reserved'}, of claim ${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`;
  const reason = misfit(volume, claim);
  if (reason !== undefined) return reason;
  if (!selects(claim.spec.selector, volume.metadata.labels ?? {})) return 'its labels are not those selected';
  if (node !== undefined && !fitsNode(volume, node)) return `its node affinity excludes node ${node.metadata.name}`;
  return `not available (${volume.status?.phase ?? 'new'})`;
}
