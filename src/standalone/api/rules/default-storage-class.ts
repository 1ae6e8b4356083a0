import type { View } from '../../objects/index.ts';
import { isDefaultClass, objectAt, type JsonObject, type Kind } from '../../schema/index.ts';
import { mapOf, textOf } from './metadata.ts';

const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class';

/**
 * A new claim that names no class gets the default one; of several the newest
 * (kubernetes/plugin/pkg/admission/storage/storageclass/setdefault).
 */
export function withDefaultStorageClass(view: View, kind: Kind, object: JsonObject): JsonObject {
  if (kind.group !== '' || kind.kind !== 'PersistentVolumeClaim') return object;
  const spec = objectAt(object, 'spec');
  if (spec['storageClassName'] !== undefined && spec['storageClassName'] !== null) return object;
  if (mapOf(object, 'annotations')[OLD_CLASS] !== undefined) return object;
  const [newest] = view
    .list('storageclasses.storage.k8s.io')
    .map((stored) => stored.object)
    .filter(isDefaultClass)
    .sort((a, b) => compare(madeAt(b), madeAt(a)) || compare(textOf(a, 'name'), textOf(b, 'name')));
  return newest === undefined ? object : { ...object, spec: { ...spec, storageClassName: textOf(newest, 'name') } };
}

const madeAt = (object: JsonObject): string => textOf(object, 'creationTimestamp');
const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
