import {
  fitsNode,
  resources,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from '../../apiserver/index.ts';
import { BACKUP_NAMESPACE } from '../../crd/index.ts';
import type { ClusterReader } from './cluster-reader.ts';
import type { StorageProblem } from './problem.ts';
import { lastWordOn } from './told-by-events.ts';

export interface UnboundRequest {
  readonly claim: PersistentVolumeClaim;
  /** The nodes that backups may run on; undefined where they may run anywhere. */
  readonly candidates: readonly Node[] | undefined;
  readonly reader: ClusterReader;
  readonly signal: AbortSignal;
}

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
const DEFAULT_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Why a claim has no volume; undefined where the pod of the backup is what brings it one. */
export async function whyUnbound(request: UnboundRequest): Promise<StorageProblem | undefined> {
  const { claim, reader, signal } = request;
  const { volumeName = '' } = claim.spec;
  if (volumeName !== '') return unbound(request, await whyNotNamed(request, volumeName));
  const seen = await reader.list(resources.storageClasses, { signal });
  // Whether the claim waits for a pod is not known: the Job's own pod will tell.
  if (seen === 'forbidden') return undefined;
  const className = claim.metadata.annotations?.[BETA_CLASS] ?? claim.spec.storageClassName;
  if (className === undefined) return withoutClass(request, seen.found);
  if (className === '') return unbound(request, 'asks for a volume without a class, and none that is free fits');
  const storageClass = seen.found.find(({ metadata }) => metadata.name === className);
  if (storageClass === undefined) return noClass(claim, `names the storage class ${className}, which is not there`);
  return ofClass(request, storageClass);
}

async function ofClass(
  request: UnboundRequest,
  { metadata: { name }, provisioner, volumeBindingMode }: StorageClass,
): Promise<StorageProblem | undefined> {
  const isStatic = provisioner === NO_PROVISIONER;
  if (volumeBindingMode !== 'WaitForFirstConsumer')
    return unbound(
      request,
      isStatic ? `has no volume: none of class ${name} that is free fits` : `waits for ${provisioner}`,
    );
  if (!isStatic) return undefined;
  const seen = await request.reader.list(resources.persistentVolumes, { signal: request.signal });
  if (seen === 'forbidden') return undefined;
  const free = seen.found.filter((volume) => volume.spec.storageClassName === name && isFreeFor(request.claim, volume));
  if (free.length === 0) return unbound(request, `has no volume: none of class ${name} is free`);
  const { candidates } = request;
  if (candidates === undefined || free.some((volume) => candidates.some((node) => fitsNode(volume, node))))
    return undefined;
  return unbound(request, `has no volume: no control-plane node reaches one of class ${name} that is free`);
}

function isFreeFor({ metadata }: PersistentVolumeClaim, { spec, status }: PersistentVolume): boolean {
  const { claimRef } = spec;
  // One that has just been made is Pending still.
  if (claimRef === undefined) return ['Available', 'Pending'].includes(status?.phase ?? 'Pending');
  return claimRef.name === metadata.name && claimRef.namespace === metadata.namespace;
}

function withoutClass(
  request: UnboundRequest,
  classes: readonly StorageClass[],
): Promise<StorageProblem> | StorageProblem {
  const isDefault = ({ metadata: { annotations } }: StorageClass): boolean =>
    DEFAULT_CLASS.some((name) => annotations?.[name] === 'true');
  if (classes.some(isDefault)) return unbound(request, 'waits for the default storage class');
  return noClass(request.claim, 'names no storage class, and the cluster has no default one');
}

async function whyNotNamed({ claim, reader, signal }: UnboundRequest, name: string): Promise<string> {
  const seen = await reader.get(resources.persistentVolumes, { name }, signal);
  const asks = `asks for volume ${name}`;
  if (seen === 'forbidden') return asks;
  if (seen.found === undefined) return `${asks}, which is not there`;
  const { claimRef } = seen.found.spec;
  const isOthers = claimRef !== undefined && !isFreeFor(claim, seen.found);
  return isOthers ? `${asks}, which is of claim ${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : asks;
}

/** With what the claim's events say of it. */
async function unbound(request: UnboundRequest, why: string): Promise<StorageProblem> {
  const { name } = request.claim.metadata;
  const word = await lastWordOn(request.claim, request);
  return {
    passes: 'in a moment',
    code: 'OPERATOR_CLAIM_UNBOUND',
    message: `PVC [${name}] ${why}${word === undefined ? '' : ` (${word})`}`,
    hint: `See kubectl describe pvc -n ${BACKUP_NAMESPACE} ${name}.`,
  };
}

function noClass({ metadata: { name } }: PersistentVolumeClaim, why: string): StorageProblem {
  return {
    passes: 'in a moment',
    code: 'OPERATOR_STORAGE_CLASS_NOT_FOUND',
    message: `PVC [${name}] ${why}`,
    hint: 'See kubectl get storageclass. A class cannot be changed in a claim: make the class, or the claim anew.',
  };
}
