import type * as z from 'zod';
import * as objects from './objects.ts';
import type { KubeObject } from './objects.ts';

/** A kind of object as a client addresses it. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** What an answer of the server is parsed by. */
  readonly schema: z.ZodType<T>;
}

function resource<T extends KubeObject>(
  [group, version, plural, kind]: readonly [string, string, string, string],
  scope: 'Namespaced' | 'Cluster',
  schema: z.ZodType<T>,
): Resource<T> {
  return { group, version, plural, kind, namespaced: scope === 'Namespaced', schema };
}

/** The kinds of Kubernetes itself that are used here. */
export const namespaces = resource(['', 'v1', 'namespaces', 'Namespace'], 'Cluster', objects.namespace);
export const nodes = resource(['', 'v1', 'nodes', 'Node'], 'Cluster', objects.node);
export const pods = resource(['', 'v1', 'pods', 'Pod'], 'Namespaced', objects.pod);
export const events = resource(['', 'v1', 'events', 'Event'], 'Namespaced', objects.event);
export const persistentVolumes = resource(
  ['', 'v1', 'persistentvolumes', 'PersistentVolume'],
  'Cluster',
  objects.persistentVolume,
);
export const persistentVolumeClaims = resource(
  ['', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'],
  'Namespaced',
  objects.persistentVolumeClaim,
);
export const jobs = resource(['batch', 'v1', 'jobs', 'Job'], 'Namespaced', objects.job);
export const cronJobs = resource(['batch', 'v1', 'cronjobs', 'CronJob'], 'Namespaced', objects.cronJob);
export const storageClasses = resource(
  ['storage.k8s.io', 'v1', 'storageclasses', 'StorageClass'],
  'Cluster',
  objects.storageClass,
);
export const leases = resource(['coordination.k8s.io', 'v1', 'leases', 'Lease'], 'Namespaced', objects.lease);
export const customResourceDefinitions = resource(
  ['apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition'],
  'Cluster',
  objects.customResourceDefinition,
);

/** `batch/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Which object of a resource. */
export interface ObjectName {
  readonly name: string;
  /** For namespaced resources; undefined or `''` otherwise. */
  readonly namespace?: string | undefined;
}
