import {
  ApiServerError,
  HOST_NAME_LABEL,
  resources,
  type CallOptions,
  type KubeClient,
  type NewObject,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from '../../apiserver/index.ts';
import type { VolumeFolders } from './folders.ts';
import { FOLDER_PROVISIONER, PROVISIONED_BY, VOLUME_PROTECTION } from './names.ts';

/** Why no folder can be what a claim asks for; undefined where one can. */
export function cannotProvision(claim: PersistentVolumeClaim): string | undefined {
  if (claim.spec.volumeMode === 'Block')
    return `${FOLDER_PROVISIONER} makes folders; it has nothing for volumeMode Block`;
  if (claim.spec.selector !== undefined)
    return 'claim.spec.selector is not supported for volumes that are provisioned: it chooses among existing ones';
  return undefined;
}

/** The name of the volume that is made for a claim: the same at each attempt. */
export function volumeNameFor(claim: PersistentVolumeClaim): string {
  return `pvc-${claim.metadata.uid}`;
}

/**
 * Makes the folder and then the volume for a claim, bound to it from the start. Both are kept where they stand already, so
 * that an attempt that was cut short goes on.
 */
export async function provision(
  client: KubeClient,
  folders: VolumeFolders,
  wanted: { readonly claim: PersistentVolumeClaim; readonly storageClass: StorageClass; readonly node: Node },
  options: CallOptions,
): Promise<PersistentVolume> {
  const name = volumeNameFor(wanted.claim);
  const path = await folders.create(name);
  try {
    return await client.create(resources.persistentVolumes, volumeFor(wanted, path), options);
  } catch (error) {
    if (!(error instanceof ApiServerError && error.code === 'APISERVER_ALREADY_EXISTS')) throw error;
    return client.get(resources.persistentVolumes, { name }, options);
  }
}

function volumeFor(
  { claim, storageClass, node }: Parameters<typeof provision>[2],
  path: string,
): NewObject<PersistentVolume> {
  const { namespace, name, uid } = claim.metadata;
  const host = node.metadata.labels?.[HOST_NAME_LABEL] ?? node.metadata.name;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeNameFor(claim),
      annotations: { [PROVISIONED_BY]: FOLDER_PROVISIONER },
      finalizers: [VOLUME_PROTECTION],
    },
    spec: {
      // What the claim asked for; a folder holds what its disk holds, so nothing enforces it.
      capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      accessModes: claim.spec.accessModes ?? [],
      volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      local: { path },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOST_NAME_LABEL, operator: 'In', values: [host] }] }],
        },
      },
    },
  };
}
