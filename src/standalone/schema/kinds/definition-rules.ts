import { validateStructure } from '../custom/structural.ts';
import { parseJsonPath } from '../custom/json-path.ts';
import { immutable, invalid, notSupported, required } from '../field-errors.ts';
import { listAt, objectAt, textAt, textsAt, valueAt, type Json, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { dns1035Label, dnsSubdomain } from '../names.ts';
import { nameOf } from './built-in.ts';

/**
 * What is wrong with a CustomResourceDefinition.
 * Source of the rules: k8s.io/apiextensions-apiserver, pkg/apis/apiextensions/validation.
 */
export function validateDefinition(definition: JsonObject, old?: JsonObject): readonly FieldError[] {
  const spec = objectAt(definition, 'spec');
  const [group, scope] = [textAt(spec, 'group'), textAt(spec, 'scope')];
  const name = nameOf(definition);
  return [
    ...(name === `${textAt(spec, 'names', 'plural')}.${group}`
      ? []
      : [invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')]),
    ...(group === '' ? [required('spec.group')] : dnsSubdomain(group).map((one) => invalid('spec.group', group, one))),
    ...validateScope(scope),
    ...validateNames(objectAt(spec, 'names')),
    ...validateVersions(listAt(spec, 'versions')),
    ...validateConversion(spec),
    ...(old === undefined ? [] : validateChange(spec, objectAt(old, 'spec'))),
  ];
}

function validateScope(scope: string): readonly FieldError[] {
  if (scope === '') return [required('spec.scope')];
  const known = ['Cluster', 'Namespaced'];
  return known.includes(scope) ? [] : [notSupported('spec.scope', scope, known)];
}

function validateNames(names: JsonObject): readonly FieldError[] {
  const plain = ['plural', 'singular'].flatMap((name) => validateName(textAt(names, name), `spec.names.${name}`));
  const mixed = ['kind', 'listKind'].flatMap((name) => {
    const text = textAt(names, name);
    return validateName(text.toLowerCase(), `spec.names.${name}`, text);
  });
  const short = textsAt(names, 'shortNames').flatMap((name, index) =>
    validateName(name, `spec.names.shortNames[${index}]`),
  );
  return [...plain, ...mixed, ...short];
}

function validateName(name: string, field: string, written = name): readonly FieldError[] {
  if (name === '') return [required(field)];
  const prefix = field.endsWith('ind') ? 'may have mixed case, but should otherwise match: ' : '';
  return dns1035Label(name).map((problem) => invalid(field, written, `${prefix}${problem}`));
}

function validateVersions(versions: readonly Json[]): readonly FieldError[] {
  const stored = versions.filter((version) => valueAt(version, 'storage') === true);
  const errors = versions.flatMap((version, index) => {
    const at = `spec.versions[${index}]`;
    const name = textAt(version, 'name');
    return [
      ...dns1035Label(name).map((problem) => invalid(`${at}.name`, name, problem)),
      // Where there is one version, kube-apiserver names the place that it had in v1beta1.
      ...validateVersionSchema(version, at, versions.length === 1 ? 'spec.validation' : `${at}.schema`),
      ...validateColumns(version, versions.length === 1 ? 'spec' : at),
    ];
  });
  if (stored.length === 1) return errors;
  return [
    ...errors,
    invalid('spec.versions', [...versions], 'must have exactly one version marked as storage version'),
  ];
}

function validateVersionSchema(version: Json, at: string, place: string): readonly FieldError[] {
  const schema = valueAt(version, 'schema', 'openAPIV3Schema');
  if (schema === undefined) return [required(`${at}.schema.openAPIV3Schema`)];
  return validateStructure(objectAt(schema), `${place}.openAPIV3Schema`);
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];

function validateColumns(version: Json, place: string): readonly FieldError[] {
  return listAt(version, 'additionalPrinterColumns').flatMap((column, index) => {
    const at = `${place}.additionalPrinterColumns[${index}]`;
    const [type, path] = [textAt(column, 'type'), textAt(column, 'jsonPath')];
    const errors: FieldError[] = [];
    if (textAt(column, 'name') === '') errors.push(required(`${at}.name`));
    if (type === '') errors.push(required(`${at}.type`, `must be one of ${COLUMN_TYPES.join(',')}`));
    else if (!COLUMN_TYPES.includes(type)) {
      errors.push(invalid(`${at}.type`, type, `must be one of ${COLUMN_TYPES.join(',')}`));
    }
    if (path === '') errors.push(required(`${at}.JSONPath`));
    else if (parseJsonPath(path) === undefined) {
      errors.push(invalid(`${at}.JSONPath`, path, 'must be a simple json path starting with .'));
    }
    return errors;
  });
}

function validateConversion(spec: JsonObject): readonly FieldError[] {
  return textAt(spec, 'conversion', 'strategy') === 'Webhook'
    ? [invalid('spec.conversion.strategy', 'Webhook', 'holdfast standalone calls no webhooks')]
    : [];
}

function validateChange(spec: JsonObject, old: JsonObject): readonly FieldError[] {
  return [
    ...['group', 'scope'].flatMap((name) => immutable(`spec.${name}`, spec[name], old[name])),
    ...['kind', 'plural'].flatMap((name) =>
      immutable(`spec.names.${name}`, objectAt(spec, 'names')[name], objectAt(old, 'names')[name]),
    ),
  ];
}
