import {
  fitsNode,
  quantityNano,
  selects,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../apiserver/index.ts';
import { BETA_STORAGE_CLASS } from './names.ts';

/** The class that a claim or a volume names; `''` where it names none. */
export function classOf(object: PersistentVolumeClaim | PersistentVolume): string {
  return object.metadata.annotations?.[BETA_STORAGE_CLASS] ?? object.spec.storageClassName ?? '';
}

/** Whether a volume is reserved for a claim, by name alone or by its uid too. */
export function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { claimRef } = volume.spec;
  return (
    claimRef !== undefined &&
    claimRef.name === claim.metadata.name &&
    claimRef.namespace === claim.metadata.namespace &&
    (isEmpty(claimRef.uid) || claimRef.uid === claim.metadata.uid)
  );
}

/** Whether the claim's uid stands in the volume: the volume's half of a binding. */
export function isBoundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return isReservedFor(volume, claim) && !isEmpty(volume.spec.claimRef?.uid);
}

/** The API writes a uid that was taken away as an empty text or leaves it out. */
export function isEmpty(uid: string | undefined): uid is '' | undefined {
  return uid === undefined || uid === '';
}

function capacityOf(volume: PersistentVolume): bigint {
  return quantityNano(String(volume.spec.capacity?.['storage'] ?? 0));
}

function requestOf(claim: PersistentVolumeClaim): bigint {
  return quantityNano(String(claim.spec.resources?.requests?.['storage'] ?? 0));
}

const modeOf = ({ spec }: PersistentVolume | PersistentVolumeClaim): string => spec.volumeMode ?? 'Filesystem';

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => (volume.spec.accessModes ?? []).includes(mode));
}

/** Why a volume that a claim asks for by name cannot be its volume, in Kubernetes' words; undefined where it can. */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (capacityOf(volume) < requestOf(claim)) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  if (!offersModes(volume, claim)) return 'incompatible accessMode';
  return undefined;
}

/**
 * The volume that a claim gets: the one reserved for it, or else the smallest that is free and fits (by name where several
 * are equally small).
 *
 * @param node - the node that the volume has to be reached from; undefined while none has been chosen
 * @param isDelayed - the claim's class waits for a pod, so without a node only a reserved volume will do
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { node, isDelayed }: { readonly node: Node | undefined; readonly isDelayed: boolean },
): PersistentVolume | undefined {
  const large = volumes.filter(
    (volume) =>
      volume.metadata.deletionTimestamp === undefined &&
      modeOf(volume) === modeOf(claim) &&
      capacityOf(volume) >= requestOf(claim),
  );
  const reserved = large.find((volume) => isReservedFor(volume, claim));
  if (reserved !== undefined) return node === undefined || fitsNode(reserved, node) ? reserved : undefined;
  if (isDelayed && node === undefined) return undefined;
  const fitting = large.filter(
    (volume) =>
      volume.spec.claimRef === undefined &&
      volume.status?.phase === 'Available' &&
      classOf(volume) === classOf(claim) &&
      offersModes(volume, claim) &&
      selects(claim.spec.selector, volume.metadata.labels ?? {}) &&
      (node === undefined || fitsNode(volume, node)),
  );
  return fitting.toSorted(bySize)[0];
}

function bySize(left: PersistentVolume, right: PersistentVolume): number {
  const [small, large] = [capacityOf(left), capacityOf(right)];
  if (small !== large) return small < large ? -1 : 1;
  return left.metadata.name < right.metadata.name ? -1 : 1;
}
