import { about, byDefault, each, named, text, time } from '../declare.ts';
import { forbidden, immutable, invalid, notSupported, required } from '../field-errors.ts';
import { objectAt, sameJson, textAt, textsAt, valueAt, type Json, type JsonObject } from '../json.ts';
import type { Cell, FieldError } from '../kind.ts';
import { objectSchema } from '../metadata-schema.ts';
import { quantityNano } from '../../../apiserver/index.ts';
import { shortAccessModes, validateVolumeTerms } from './access-modes.ts';
import { ageColumn, ageOf, builtIn, column, isBeingDeleted, nameColumn, nameOf, wide, withFields } from './built-in.ts';
import { validateNodeSelector } from './selectors.ts';
import { PERSISTENT_SOURCES, persistentVolumeSpec } from './volume-schema.ts';

const status = named('core.v1.PersistentVolumeStatus', {
  phase: about('Pending, Available, Bound, Released or Failed.', byDefault('Pending', text)),
  ...each(text, 'message', 'reason'),
  lastPhaseTransitionTime: time,
});

function validateCapacity(spec: JsonObject): readonly FieldError[] {
  const capacity = objectAt(spec, 'capacity');
  const names = Object.keys(capacity);
  const errors: FieldError[] = names.length === 0 ? [required('spec.capacity')] : [];
  if (names.length !== 1 || names[0] !== 'storage') {
    errors.push(notSupported('spec.capacity', names.length === 0 ? null : capacity, ['storage']));
  }
  for (const name of names) {
    const amount = textAt(capacity, name);
    const nano = quantityNano(amount);
    const field = `spec.capacity[${name}]`;
    if (nano < 0n) errors.push(invalid(field, Number(nano / 10n ** 9n), 'must be a valid resource quantity'));
    if (nano <= 0n) errors.push(invalid(field, amount, 'must be greater than zero'));
  }
  return errors;
}

const hasBackstep = (path: string): boolean => path.split('/').includes('..');

function validateSource(spec: JsonObject): readonly FieldError[] {
  const [first, ...more] = PERSISTENT_SOURCES.filter((name) => valueAt(spec, name) !== undefined);
  if (first === undefined) return [required('spec', 'must specify a volume type')];
  const errors = more.map((name) => forbidden(`spec.${name}`, 'may not specify more than 1 volume type'));
  if (first !== 'local' && first !== 'hostPath') return errors;
  const path = textAt(spec, first, 'path');
  if (path === '') errors.push(required(`spec.${first}.path`));
  else if (hasBackstep(path)) errors.push(invalid(`spec.${first}.path`, path, "must not contain '..'"));
  if (first === 'local' && valueAt(spec, 'nodeAffinity') === undefined) {
    errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  }
  return errors;
}

function validateAffinity(spec: JsonObject): readonly FieldError[] {
  const affinity = valueAt(spec, 'nodeAffinity');
  if (affinity === undefined) return [];
  if (valueAt(affinity, 'required') === undefined) {
    return [required('spec.nodeAffinity.required', 'must specify required node constraints')];
  }
  return validateNodeSelector(objectAt(affinity, 'required'), 'spec.nodeAffinity.required');
}

function validateChange(spec: JsonObject, old: JsonObject): readonly FieldError[] {
  const isMoved = PERSISTENT_SOURCES.some((name) => !sameJson(valueAt(spec, name), valueAt(old, name)));
  const affinity = valueAt(old, 'nodeAffinity');
  const hasNewAffinity = affinity !== undefined && !sameJson(valueAt(spec, 'nodeAffinity'), affinity);
  return [
    ...(isMoved
      ? [forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')]
      : []),
    ...immutable('volumeMode', spec['volumeMode'], old['volumeMode']),
    ...(hasNewAffinity
      ? [invalid('nodeAffinity', spec['nodeAffinity'], 'field is immutable, except for updating from beta label to GA')]
      : []),
  ];
}

const POLICIES = ['Delete', 'Recycle', 'Retain'];

/** Source of the rules: k8s.io/kubernetes, pkg/apis/core/validation, ValidatePersistentVolumeSpec. */
function validate(volume: JsonObject, old?: JsonObject): readonly FieldError[] {
  const spec = objectAt(volume, 'spec');
  const policy: Json | undefined = spec['persistentVolumeReclaimPolicy'];
  return [
    ...(textsAt(spec, 'accessModes').length === 0 ? [required('spec.accessModes')] : []),
    ...validateCapacity(spec),
    ...(POLICIES.some((one) => one === policy)
      ? []
      : [notSupported('spec.persistentVolumeReclaimPolicy', policy, POLICIES)]),
    ...validateAffinity(spec),
    ...validateSource(spec),
    ...validateVolumeTerms(spec),
    ...(old === undefined ? [] : validateChange(spec, objectAt(old, 'spec'))),
  ];
}

function row(volume: JsonObject, now: Date): readonly Cell[] {
  const spec = objectAt(volume, 'spec');
  const claim = objectAt(spec, 'claimRef');
  const hasClaim = spec['claimRef'] !== undefined;
  return [
    nameOf(volume),
    textAt(spec, 'capacity', 'storage') || '0',
    shortAccessModes(textsAt(spec, 'accessModes')),
    textAt(spec, 'persistentVolumeReclaimPolicy'),
    isBeingDeleted(volume) ? 'Terminating' : textAt(volume, 'status', 'phase'),
    hasClaim ? `${textAt(claim, 'namespace')}/${textAt(claim, 'name')}` : '',
    textAt(spec, 'storageClassName'),
    textAt(spec, 'volumeAttributesClassName') || '<unset>',
    textAt(volume, 'status', 'reason'),
    ageOf(volume, now),
    textAt(spec, 'volumeMode') || '<unset>',
  ];
}

export const persistentVolume = builtIn({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  schema: objectSchema('core.v1.PersistentVolume', 'Storage that a claim can be bound to.', {
    spec: about('What the volume offers and where its data lies.', byDefault({}, persistentVolumeSpec)),
    status: about('Whether it is free, bound or released.', byDefault({}, status)),
  }),
  columns: [
    nameColumn,
    column('Capacity', 'How much it holds.'),
    column('Access Modes', 'How it may be mounted.'),
    column('Reclaim Policy', 'What happens when its claim is deleted.'),
    column('Status', 'Whether it is free, bound or released.'),
    column('Claim', 'The claim that it is bound to.'),
    column('StorageClass', 'Its class.'),
    column('VolumeAttributesClass', 'Its class of attributes.'),
    column('Reason', 'Why it failed.'),
    ageColumn,
    wide('VolumeMode', 'Whether it is a file system or a block device.'),
  ],
  prepareForCreate: (object) => {
    const made = textAt(object, 'metadata', 'creationTimestamp');
    return withFields(object, { status: { phase: 'Pending', lastPhaseTransitionTime: made } });
  },
  validate,
  row,
});
