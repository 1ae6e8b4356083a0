import { about, byDefault, each, listBy, named, object, quantities, text, texts, time } from '../declare.ts';
import { forbidden, immutable, invalid, required } from '../field-errors.ts';
import { objectAt, sameJson, textAt, textsAt, valueAt, type JsonObject } from '../json.ts';
import type { Cell, FieldError } from '../kind.ts';
import { objectSchema } from '../metadata-schema.ts';
import { compareQuantities } from '../../../apiserver/index.ts';
import { shortAccessModes, validateVolumeTerms } from './access-modes.ts';
import { ageColumn, ageOf, builtIn, column, isBeingDeleted, nameColumn, nameOf, wide, withFields } from './built-in.ts';
import { validateLabelSelector } from './selectors.ts';
import { claimSpec, resourceStates } from './volume-schema.ts';

const condition = named(
  'core.v1.PersistentVolumeClaimCondition',
  { ...each(text, 'type', 'status', 'reason', 'message'), ...each(time, 'lastProbeTime', 'lastTransitionTime') },
  { required: ['type', 'status'] },
);

const status = named('core.v1.PersistentVolumeClaimStatus', {
  phase: about('Pending, Bound or Lost.', byDefault('Pending', text)),
  accessModes: texts,
  capacity: about('How much the bound volume holds.', quantities),
  conditions: listBy(['type'], condition),
  allocatedResources: quantities,
  allocatedResourceStatuses: resourceStates,
  currentVolumeAttributesClassName: text,
  modifyVolumeStatus: object(each(text, 'status', 'targetVolumeAttributesClassName')),
});

const storageOf = (spec: JsonObject): string => textAt(spec, 'resources', 'requests', 'storage');

function validateStorage(spec: JsonObject): readonly FieldError[] {
  const storage = storageOf(spec);
  if (storage === '') return [required('spec.resources[storage]')];
  return compareQuantities(storage, '0') > 0
    ? []
    : [invalid('spec.resources[storage]', storage, 'must be greater than zero')];
}

const IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** A bound claim may grow, a claim may be bound once and be given the class it lacks; nothing else changes. */
function validateChange(claim: JsonObject, old: JsonObject): readonly FieldError[] {
  const [spec, before] = [objectAt(claim, 'spec'), objectAt(old, 'spec')];
  const allowed: JsonObject = { ...spec };
  if (textAt(before, 'volumeName') === '') restore(allowed, before, 'volumeName');
  if (before['storageClassName'] === undefined) restore(allowed, before, 'storageClassName');
  if (textAt(claim, 'status', 'phase') === 'Bound') {
    restore(allowed, before, 'volumeAttributesClassName');
    const requests = { ...objectAt(spec, 'resources', 'requests'), storage: storageOf(before) };
    allowed['resources'] = { ...objectAt(spec, 'resources'), requests };
  }
  const errors: FieldError[] = sameJson(allowed, before) ? [] : [forbidden('spec', IMMUTABLE)];
  const [size, sizeBefore] = [storageOf(spec), storageOf(before)];
  const capacity = textAt(claim, 'status', 'capacity', 'storage') || '0';
  if (size !== '' && compareQuantities(size, sizeBefore) < 0 && compareQuantities(size, capacity) <= 0) {
    errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  return [...errors, ...immutable('volumeMode', spec['volumeMode'], before['volumeMode'])];
}

function restore(spec: JsonObject, before: JsonObject, name: string): void {
  const value = before[name];
  if (value === undefined) Reflect.deleteProperty(spec, name);
  else spec[name] = value;
}

/** Source of the rules: k8s.io/kubernetes, pkg/apis/core/validation, ValidatePersistentVolumeClaimSpec. */
function validate(claim: JsonObject, old?: JsonObject): readonly FieldError[] {
  const spec = objectAt(claim, 'spec');
  return [
    ...(textsAt(spec, 'accessModes').length === 0
      ? [required('spec.accessModes', 'at least 1 access mode is required')]
      : []),
    ...validateLabelSelector(spec['selector'], 'spec.selector'),
    ...validateStorage(spec),
    ...validateVolumeTerms(spec),
    ...(old === undefined ? [] : validateChange(claim, old)),
  ];
}

function row(claim: JsonObject, now: Date): readonly Cell[] {
  const spec = objectAt(claim, 'spec');
  const volume = textAt(spec, 'volumeName');
  const isBound = volume !== '';
  return [
    nameOf(claim),
    isBeingDeleted(claim) ? 'Terminating' : textAt(claim, 'status', 'phase'),
    volume,
    isBound ? textAt(claim, 'status', 'capacity', 'storage') || '0' : '',
    isBound ? shortAccessModes(textsAt(claim, 'status', 'accessModes')) : '',
    textAt(spec, 'storageClassName'),
    valueAt(spec, 'volumeAttributesClassName') === undefined ? '<unset>' : textAt(spec, 'volumeAttributesClassName'),
    ageOf(claim, now),
    textAt(spec, 'volumeMode') || '<unset>',
  ];
}

export const persistentVolumeClaim = builtIn({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  namespaced: true,
  schema: objectSchema('core.v1.PersistentVolumeClaim', 'A request for storage, to be mounted by pods.', {
    spec: about('What kind of volume is asked for.', byDefault({}, claimSpec)),
    status: about('What was found.', byDefault({}, status)),
  }),
  columns: [
    nameColumn,
    column('Status', 'Whether it is bound.'),
    column('Volume', 'The volume that it is bound to.'),
    column('Capacity', 'How much that volume holds.'),
    column('Access Modes', 'How that volume may be mounted.'),
    column('StorageClass', 'The class asked for.'),
    column('VolumeAttributesClass', 'The class of attributes asked for.'),
    ageColumn,
    wide('VolumeMode', 'Whether a file system or a block device is asked for.'),
  ],
  prepareForCreate: (claim) => withFields(claim, { status: { phase: 'Pending' } }),
  validate,
  row,
});
