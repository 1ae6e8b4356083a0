import {
  ApiServerError,
  resources,
  type KubeClient,
  type PersistentVolumeClaim,
  type StorageClass,
} from '../../apiserver/index.ts';
import { BETA_DEFAULT_CLASS, BETA_STORAGE_CLASS, DEFAULT_CLASS, FOLDER_CLASS, FOLDER_PROVISIONER } from './names.ts';

/** Whether volumes of a class are bound only once a pod wants one. */
export function isDelayed(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/**
 * The class of claims that name none. Of several the newest is taken, and of equally old ones the first by name, as
 * Kubernetes does.
 */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  return classes
    .filter(
      ({ metadata: { annotations, deletionTimestamp } }) =>
        deletionTimestamp === undefined &&
        [DEFAULT_CLASS, BETA_DEFAULT_CLASS].some((name) => annotations?.[name] === 'true'),
    )
    .toSorted(
      ({ metadata: left }, { metadata: right }) =>
        Date.parse(right.creationTimestamp) - Date.parse(left.creationTimestamp) || (left.name < right.name ? -1 : 1),
    )[0];
}

/** Whether a claim leaves the choice of its class to the cluster; one that says `''` wants none. */
export function leavesClassOpen(claim: PersistentVolumeClaim): boolean {
  return claim.spec.storageClassName === undefined && claim.metadata.annotations?.[BETA_STORAGE_CLASS] === undefined;
}

/** Where it is remembered that the default class has been made once. */
const MADE_ONCE = { namespace: 'kube-system', annotation: 'holdfast.io/default-storage-class-created' } as const;

/**
 * Makes the default class `holdfast-folders`, once in the life of the engine's data: a user who changes or deletes it finds
 * it so after the next start. The namespace `kube-system` has to exist.
 */
export async function ensureDefaultClass(
  client: KubeClient,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const system = await client.get(resources.namespaces, { name: MADE_ONCE.namespace }, options);
  if (system.metadata.annotations?.[MADE_ONCE.annotation] !== undefined) return;
  try {
    await client.create(
      resources.storageClasses,
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: FOLDER_CLASS, annotations: { [DEFAULT_CLASS]: 'true' } },
        provisioner: FOLDER_PROVISIONER,
        reclaimPolicy: 'Delete',
        volumeBindingMode: 'WaitForFirstConsumer',
      },
      options,
    );
  } catch (error) {
    if (!(error instanceof ApiServerError && error.code === 'APISERVER_ALREADY_EXISTS')) throw error;
  }
  const body = { metadata: { annotations: { [MADE_ONCE.annotation]: 'true' } } };
  await client.patch(resources.namespaces, { name: MADE_ONCE.namespace }, { kind: 'merge', body }, options);
}
