import { duplicate, forbidden, invalid, notFound, required } from '../field-errors.ts';
import { listAt, objectAt, textAt, valueAt, type Json, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { validateLabels } from '../metadata.ts';
import { dnsLabel, dnsSubdomain, environmentName } from '../names.ts';

/**
 * What is wrong with a pod's spec, beyond its schema.
 * Source of the rules and their words: k8s.io/kubernetes, pkg/apis/core/validation, ValidatePodSpec.
 */
export function validatePodSpec(spec: JsonObject, field: string): readonly FieldError[] {
  const containers = listAt(spec, 'containers');
  const volumes = listAt(spec, 'volumes').map((volume) => textAt(volume, 'name'));
  return [
    ...validateVolumes(spec, `${field}.volumes`),
    ...(containers.length === 0 ? [required(`${field}.containers`)] : []),
    ...containers.flatMap((container, index) => validateContainer(container, volumes, `${field}.containers[${index}]`)),
    ...repeatedNames(containers, `${field}.containers`),
    ...unsupportedContainers(spec, field),
    ...validateLabels(`${field}.nodeSelector`, spec['nodeSelector']),
    ...validateDeadline(spec, field),
  ];
}

/** One machine's engine starts the containers of a pod together and knows no other kinds of them. */
function unsupportedContainers(spec: JsonObject, field: string): readonly FieldError[] {
  return ['initContainers', 'ephemeralContainers']
    .filter((name) => listAt(spec, name).length > 0)
    .map((name) => forbidden(`${field}.${name}`, 'holdfast standalone runs plain containers only'));
}

function validateDeadline(spec: JsonObject, field: string): readonly FieldError[] {
  const deadline = spec['activeDeadlineSeconds'];
  return typeof deadline === 'number' && deadline < 1
    ? [invalid(`${field}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive')]
    : [];
}

function repeatedNames(items: readonly Json[], field: string): readonly FieldError[] {
  const names = items.map((item) => textAt(item, 'name'));
  return names.flatMap((name, index) =>
    name !== '' && names.indexOf(name) < index ? [duplicate(`${field}[${index}].name`, name)] : [],
  );
}

function validateVolumes(spec: JsonObject, field: string): readonly FieldError[] {
  const volumes = listAt(spec, 'volumes');
  return [
    ...volumes.flatMap((volume, index) => validateVolume(objectAt(volume), `${field}[${index}]`)),
    ...repeatedNames(volumes, field),
  ];
}

function validateVolume(volume: JsonObject, field: string): readonly FieldError[] {
  const { name, ...sources } = volume;
  const [first, ...more] = Object.keys(sources);
  const errors: FieldError[] = [];
  if (typeof name !== 'string' || name === '') errors.push(required(`${field}.name`));
  else errors.push(...dnsLabel(name).map((problem) => invalid(`${field}.name`, name, problem)));
  if (first === undefined) errors.push(required(field, 'must specify a volume type'));
  errors.push(...more.map((source) => forbidden(`${field}.${source}`, 'may not specify more than 1 volume type')));
  if (first === 'persistentVolumeClaim' && textAt(sources, first, 'claimName') === '') {
    errors.push(required(`${field}.persistentVolumeClaim.claimName`));
  }
  if (first === 'hostPath') {
    const path = textAt(sources, first, 'path');
    if (path === '') errors.push(required(`${field}.hostPath.path`));
    else if (path.split('/').includes('..')) {
      errors.push(invalid(`${field}.hostPath.path`, path, "must not contain '..'"));
    }
  }
  return errors;
}

function validateContainer(container: Json, volumes: readonly string[], field: string): readonly FieldError[] {
  const name = textAt(container, 'name');
  return [
    ...(name === ''
      ? [required(`${field}.name`)]
      : dnsLabel(name).map((problem) => invalid(`${field}.name`, name, problem))),
    ...validateImage(textAt(container, 'image'), `${field}.image`),
    ...listAt(container, 'env').flatMap((variable, index) => validateVariable(variable, `${field}.env[${index}]`)),
    ...validateMounts(listAt(container, 'volumeMounts'), volumes, `${field}.volumeMounts`),
  ];
}

function validateImage(image: string, field: string): readonly FieldError[] {
  if (image === '') return [required(field)];
  return image === image.trim() ? [] : [invalid(field, image, 'must not have leading or trailing whitespace')];
}

const VALUE_SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

function validateVariable(variable: Json, field: string): readonly FieldError[] {
  const name = textAt(variable, 'name');
  const errors =
    name === ''
      ? [required(`${field}.name`)]
      : environmentName(name).map((problem) => invalid(`${field}.name`, name, problem));
  const from = valueAt(variable, 'valueFrom');
  if (from === undefined) return errors;
  const sources = VALUE_SOURCES.filter((source) => valueAt(from, source) !== undefined);
  if (textAt(variable, 'value') !== '' && sources.length > 0) {
    errors.push(invalid(`${field}.valueFrom`, '', 'may not be specified when `value` is not empty'));
  } else if (sources.length === 0) {
    const options = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
    errors.push(invalid(`${field}.valueFrom`, '', `must specify one of: ${options}`));
  } else if (sources.length > 1) {
    errors.push(invalid(`${field}.valueFrom`, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

function validateMounts(mounts: readonly Json[], volumes: readonly string[], field: string): readonly FieldError[] {
  const paths = mounts.map((mount) => textAt(mount, 'mountPath'));
  return mounts.flatMap((mount, index) => {
    const at = `${field}[${index}]`;
    const [name, path, subPath] = [textAt(mount, 'name'), textAt(mount, 'mountPath'), textAt(mount, 'subPath')];
    const errors: FieldError[] = name === '' ? [required(`${at}.name`)] : [];
    if (!volumes.includes(name)) errors.push(notFound(`${at}.name`, name));
    if (path === '') errors.push(required(`${at}.mountPath`));
    if (paths.indexOf(path) < index) errors.push(invalid(`${at}.mountPath`, path, 'must be unique'));
    if (subPath.startsWith('/')) errors.push(invalid(`${field}.subPath`, subPath, 'must be a relative path'));
    if (subPath.split('/').includes('..')) errors.push(invalid(`${field}.subPath`, subPath, "must not contain '..'"));
    return errors;
  });
}

/** What is wrong with the template of pods. */
export function validatePodTemplate(template: JsonObject, field: string): readonly FieldError[] {
  const spec = objectAt(template, 'spec');
  const node = textAt(spec, 'nodeName');
  return [
    ...validateLabels(`${field}.labels`, objectAt(template, 'metadata')['labels']),
    ...validatePodSpec(spec, `${field}.spec`),
    ...(node === '' ? [] : dnsSubdomain(node).map((problem) => invalid(`${field}.spec.nodeName`, node, problem))),
  ];
}
