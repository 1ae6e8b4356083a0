import type { StorageClass } from '../../apiserver/index.ts';
import { isJsonObject, type JsonObject } from '../schema/index.ts';
import { BETA_STORAGE_CLASS, CLAIM_PROTECTION, VOLUME_PROTECTION } from './names.ts';
import { defaultClass } from './storage-classes.ts';

/**
 * What kube-apiserver's admission adds to a new PersistentVolumeClaim or PersistentVolume before it is stored: the default
 * class (DefaultStorageClass) and the finalizer that protects it (StorageObjectInUseProtection). The controllers add both
 * later to objects that came without; to have them from the start is what a user sees on a cluster.
 *
 * @returns a new object; other kinds come back as they are
 */
export function admitStorage(object: JsonObject, classes: readonly StorageClass[]): JsonObject {
  if (object['kind'] === 'PersistentVolume') return withFinalizer(object, VOLUME_PROTECTION);
  if (object['kind'] !== 'PersistentVolumeClaim') return object;
  return withFinalizer(withClass(object, defaultClass(classes)), CLAIM_PROTECTION);
}

function withClass(claim: JsonObject, chosen: StorageClass | undefined): JsonObject {
  const spec = isJsonObject(claim['spec']) ? claim['spec'] : {};
  const annotations = part(part(claim, 'metadata'), 'annotations');
  if (chosen === undefined || (spec['storageClassName'] ?? null) !== null || BETA_STORAGE_CLASS in annotations)
    return claim;
  return { ...claim, spec: { ...spec, storageClassName: chosen.metadata.name } };
}

function withFinalizer(object: JsonObject, finalizer: string): JsonObject {
  const metadata = part(object, 'metadata');
  const finalizers = Array.isArray(metadata['finalizers']) ? metadata['finalizers'] : [];
  if (finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...metadata, finalizers: [...finalizers, finalizer] } };
}

function part(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}
