import { forbidden, immutable, invalid, required, tooLong } from './field-errors.ts';
import { listAt, objectAt, sameJson, textAt, type JsonObject } from './json.ts';
import type { FieldError } from './kind.ts';
import { dnsLabel, labelValue, qualifiedName, type NameRule } from './names.ts';

/** The most bytes that an object's annotations may have together. */
const ANNOTATIONS_BYTES = 256 * 1024;

export interface MetadataRules {
  readonly namespaced: boolean;
  readonly name: NameRule;
}

/**
 * What is wrong with an object's metadata. The name must be there already: generated names are made before.
 * Source: k8s.io/apimachinery, pkg/api/validation/objectmeta.go.
 */
export function validateMetadata(
  object: JsonObject,
  old: JsonObject | undefined,
  rules: MetadataRules,
): readonly FieldError[] {
  const meta = objectAt(object, 'metadata');
  const errors = old === undefined ? validateName(meta, rules) : validateSameObject(meta, objectAt(old, 'metadata'));
  return [
    ...errors,
    ...validateLabels('metadata.labels', meta['labels']),
    ...validateAnnotations('metadata.annotations', objectAt(meta, 'annotations')),
    ...validateOwners(meta),
    ...listAt(meta, 'finalizers').flatMap((_, index) => {
      const finalizer = textAt(meta, 'finalizers', index);
      return qualifiedName(finalizer).map((problem) => invalid('metadata.finalizers', finalizer, problem));
    }),
  ];
}

function validateName(meta: JsonObject, { namespaced, name: rule }: MetadataRules): FieldError[] {
  const [name, namespace] = [textAt(meta, 'name'), textAt(meta, 'namespace')];
  const errors: FieldError[] = [];
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  else errors.push(...rule(name).map((problem) => invalid('metadata.name', name, problem)));
  if (!namespaced && namespace !== '') {
    errors.push(forbidden('metadata.namespace', 'not allowed on this type'));
  } else if (namespaced && namespace === '') {
    errors.push(required('metadata.namespace'));
  } else if (namespaced) {
    errors.push(...dnsLabel(namespace).map((problem) => invalid('metadata.namespace', namespace, problem)));
  }
  return errors;
}

const FIXED = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'] as const;

function validateSameObject(meta: JsonObject, old: JsonObject): FieldError[] {
  const errors = FIXED.flatMap((name) => immutable(`metadata.${name}`, meta[name], old[name]));
  if (old['deletionTimestamp'] === undefined) return errors;
  const before = listAt(old, 'finalizers');
  const added = listAt(meta, 'finalizers').filter((one) => !before.some((known) => sameJson(known, one)));
  if (added.length === 0) return errors;
  const names = added.map((one) => JSON.stringify(one)).join(', ');
  const problem = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`;
  return [...errors, forbidden('metadata.finalizers', problem)];
}

/** What is wrong with labels, or anything that has their form. */
export function validateLabels(field: string, labels: unknown): readonly FieldError[] {
  if (typeof labels !== 'object' || labels === null) return [];
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedName(key).map((problem) => invalid(field, key, problem)),
    ...labelValue(String(value)).map((problem) => invalid(field, String(value), problem)),
  ]);
}

function validateAnnotations(field: string, annotations: JsonObject): readonly FieldError[] {
  const entries = Object.entries(annotations);
  const bytes = entries.reduce(
    (sum, [key]) => sum + Buffer.byteLength(key) + Buffer.byteLength(textAt(annotations, key)),
    0,
  );
  return [
    ...entries.flatMap(([key]) => qualifiedName(key.toLowerCase()).map((problem) => invalid(field, key, problem))),
    ...(bytes > ANNOTATIONS_BYTES ? [tooLong(field, ANNOTATIONS_BYTES)] : []),
  ];
}

function validateOwners(meta: JsonObject): readonly FieldError[] {
  const owners = listAt(meta, 'ownerReferences');
  const errors = owners.flatMap((owner, index) =>
    ['apiVersion', 'kind', 'name', 'uid']
      .filter((name) => textAt(owner, name) === '')
      .map((name) =>
        invalid(
          `metadata.ownerReferences[${index}].${name}`,
          '',
          name === 'apiVersion' ? 'version must not be empty' : 'must not be empty',
        ),
      ),
  );
  const controllers = owners.filter((owner) => objectAt(owner)['controller'] === true);
  if (controllers.length < 2) return errors;
  const [first, second] = controllers.map((owner) => textAt(owner, 'name'));
  return [
    ...errors,
    invalid(
      'metadata.ownerReferences',
      [...owners],
      `Only one reference can have Controller set to true. Found "true" in references for ${first ?? ''} and ${second ?? ''}`,
    ),
  ];
}
