import type { Kind } from '../../schema/index.ts';

/**
 * How kinds differ in what the server does with their objects. In Kubernetes each has a strategy for it
 * (kubernetes/pkg/registry/<group>/<kind>/strategy.go); custom resources share one.
 */

const nameOf = ({ group, kind }: Pick<Kind, 'group' | 'kind'>): string => `${group}/${kind}`;

const NEED_VERSION: ReadonlySet<string> = new Set([
  'coordination.k8s.io/Lease',
  'apiextensions.k8s.io/CustomResourceDefinition',
]);
const MADE_BY_UPDATE: ReadonlySet<string> = new Set(['/Event', 'coordination.k8s.io/Lease']);
const GIVEN_BACK_WHEN_DELETED: ReadonlySet<string> = new Set([
  '/Pod',
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  'storage.k8s.io/StorageClass',
]);

/** Whether an update without a resource version replaces whatever stands. */
export function allowsUnconditionalUpdate(kind: Kind): boolean {
  return !kind.custom && !NEED_VERSION.has(nameOf(kind));
}

/** Whether an update of an object that does not stand makes it. */
export function allowsCreateOnUpdate(kind: Kind): boolean {
  return MADE_BY_UPDATE.has(nameOf(kind));
}

/** Whether the answer to a deletion is the object, and not a Status. */
export function returnsDeletedObject(kind: Kind): boolean {
  return GIVEN_BACK_WHEN_DELETED.has(nameOf(kind));
}

/** Whether `metadata.generation` counts the changes of what is wanted. */
export function countsGenerations(kind: Kind): boolean {
  return kind.custom || kind.group === 'batch' || kind.group === 'apiextensions.k8s.io';
}

/** Jobs alone leave their pods behind unless told otherwise, for the sake of old clients. */
export function orphansByDefault(kind: Kind): boolean {
  return nameOf(kind) === 'batch/Job';
}

export function isPod(kind: Kind): boolean {
  return nameOf(kind) === '/Pod';
}

export function isNamespace(kind: Kind): boolean {
  return nameOf(kind) === '/Namespace';
}

export function isDefinition(kind: Kind): boolean {
  return nameOf(kind) === 'apiextensions.k8s.io/CustomResourceDefinition';
}
