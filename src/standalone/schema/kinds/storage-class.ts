import { immutable, invalid, notSupported, required } from '../field-errors.ts';
import { objectAt, textAt, valueAt, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { objectSchema } from '../metadata-schema.ts';
import { qualifiedName } from '../names.ts';
import { ageColumn, ageOf, builtIn, column, nameColumn, nameOf } from './built-in.ts';
import { storageClassFields } from './volume-schema.ts';

const DEFAULT_MARKS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
] as const;

/** Whether claims without a class get this one. */
export function isDefaultClass(storageClass: JsonObject): boolean {
  const annotations = objectAt(storageClass, 'metadata', 'annotations');
  return DEFAULT_MARKS.some((mark) => annotations[mark] === 'true');
}

const FIXED = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;
const POLICIES = ['Delete', 'Retain'];

function validate(storageClass: JsonObject, old?: JsonObject): readonly FieldError[] {
  const provisioner = textAt(storageClass, 'provisioner');
  const policy = storageClass['reclaimPolicy'];
  return [
    ...(provisioner === ''
      ? [required('provisioner')]
      : qualifiedName(provisioner.toLowerCase()).map((problem) => invalid('provisioner', provisioner, problem))),
    ...(POLICIES.some((one) => one === policy) ? [] : [notSupported('reclaimPolicy', policy, POLICIES)]),
    ...(old === undefined ? [] : FIXED.flatMap((name) => immutable(name, storageClass[name], old[name]))),
  ];
}

export const storageClass = builtIn({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  hasStatus: false,
  schema: objectSchema(
    'storage.v1.StorageClass',
    'A kind of storage: who makes volumes, and when and for how long.',
    storageClassFields,
    ['provisioner'],
  ),
  columns: [
    nameColumn,
    column('Provisioner', 'Who makes volumes.'),
    column('ReclaimPolicy', 'What happens to a volume when its claim is deleted.'),
    column('VolumeBindingMode', 'When a claim is bound.'),
    column('AllowVolumeExpansion', 'Whether claims may grow.'),
    ageColumn,
  ],
  validate,
  row: (object, now) => [
    isDefaultClass(object) ? `${nameOf(object)} (default)` : nameOf(object),
    textAt(object, 'provisioner'),
    textAt(object, 'reclaimPolicy') || 'Delete',
    textAt(object, 'volumeBindingMode') || 'Immediate',
    valueAt(object, 'allowVolumeExpansion') === true,
    ageOf(object, now),
  ],
});
