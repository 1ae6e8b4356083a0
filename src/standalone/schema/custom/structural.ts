import { messageOf } from '../../../base/index.ts';
import { compileProblem, complaints } from '../compile.ts';
import { forbidden, invalid, notSupported, required } from '../field-errors.ts';
import { isJsonObject, listAt, objectAt, textAt, textsAt, type Json, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { fieldErrors } from '../schema-errors.ts';
import { knowsRule } from '../transition-rules.ts';
import { jsonSchemaShape } from './definition-shape.ts';

/**
 * What keeps a definition's schema from being structural, as kube-apiserver demands: every value has one type, and pruning
 * and defaulting can follow it. Source: k8s.io/apiextensions-apiserver, pkg/apiserver/schema/validation.go.
 */
export function validateStructure(schema: JsonObject, field: string): readonly FieldError[] {
  const errors = [...rootErrors(schema, field), ...nodeErrors(schema, field)];
  if (errors.length > 0) return errors;
  // What is left is told by its readers: values of other types, and patterns that are none.
  const parsed = jsonSchemaShape.safeParse(schema);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => invalid(`${field}.${path.join('.')}`, null, message));
  }
  const problem = compileProblem(parsed.data);
  return problem === undefined ? [] : [invalid(field, null, problem)];
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

function rootErrors(schema: JsonObject, field: string): readonly FieldError[] {
  const type = textAt(schema, 'type');
  if (type === '') return [required(`${field}.type`, 'must not be empty at the root')];
  return type === 'object' ? [] : [invalid(`${field}.type`, type, 'must be object at the root')];
}

function nodeErrors(schema: JsonObject, field: string): readonly FieldError[] {
  return [
    ...ownErrors(schema, field),
    ...listErrors(schema, field),
    ...defaultErrors(schema, field),
    ...ruleErrors(schema, field),
    ...childErrors(schema, field),
  ];
}

function ownErrors(schema: JsonObject, field: string): readonly FieldError[] {
  const { type, additionalProperties } = schema;
  const errors: FieldError[] = [];
  if (type !== undefined && !TYPES.some((one) => one === type)) {
    errors.push(notSupported(`${field}.type`, type, TYPES));
  }
  if (schema['uniqueItems'] === true) {
    const reason = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    errors.push(forbidden(`${field}.uniqueItems`, reason));
  }
  if (schema['$ref'] !== undefined) errors.push(forbidden(`${field}.$ref`, '$ref is not supported'));
  const problem = patternProblem(textAt(schema, 'pattern'));
  if (problem !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${problem}`;
    errors.push(invalid(`${field}.pattern`, textAt(schema, 'pattern'), detail));
  }
  if (additionalProperties !== undefined && schema['properties'] !== undefined) {
    errors.push(forbidden(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  }
  return errors;
}

function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function listErrors(schema: JsonObject, field: string): readonly FieldError[] {
  if (schema['x-kubernetes-list-type'] !== 'map') return [];
  const keys = textsAt(schema, 'x-kubernetes-list-map-keys');
  const at = `${field}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) return [required(at, 'must not be empty if x-kubernetes-list-type is map')];
  const properties = objectAt(schema, 'items', 'properties');
  return keys.flatMap((key, index) =>
    Object.hasOwn(properties, key)
      ? []
      : [invalid(`${at}[${index}]`, key, 'entries must all be names of item properties')],
  );
}

function defaultErrors(schema: JsonObject, field: string): readonly FieldError[] {
  const value = schema['default'];
  const parsed = value === undefined ? undefined : jsonSchemaShape.safeParse(schema);
  if (value === undefined || parsed?.success !== true || compileProblem(parsed.data) !== undefined) return [];
  return fieldErrors(value, complaints(parsed.data, value)).map((error) => {
    const inner = error.field === '' ? '' : `.${error.field}`;
    return { ...error, field: `${field}.default${inner}` };
  });
}

/** A rule that nobody keeps is worse than a definition that is refused. */
function ruleErrors(schema: JsonObject, field: string): readonly FieldError[] {
  return listAt(schema, 'x-kubernetes-validations').flatMap((rule, index) => {
    const given = objectAt(rule);
    const parts = { rule: textAt(given, 'rule'), messageExpression: textAt(given, 'messageExpression') };
    const isKnown = knowsRule({
      rule: parts.rule,
      ...(parts.messageExpression === '' ? {} : { messageExpression: parts.messageExpression }),
      optionalOldSelf: given['optionalOldSelf'] === true,
    });
    if (isKnown) return [];
    const at = `${field}.x-kubernetes-validations[${index}].rule`;
    return [
      invalid(at, parts.rule, 'holdfast standalone keeps the rules of its own definitions only; remove this rule'),
    ];
  });
}

function childErrors(schema: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const visit = (child: Json | undefined, at: string, where: string): void => {
    if (!isJsonObject(child)) return;
    if (needsType(child)) errors.push(required(`${at}.type`, `must not be empty for specified ${where}`));
    errors.push(...nodeErrors(child, at));
  };
  for (const [name, property] of Object.entries(objectAt(schema, 'properties'))) {
    visit(property, `${field}.properties[${name}]`, 'object fields');
  }
  visit(schema['additionalProperties'], `${field}.additionalProperties`, 'object fields');
  visit(schema['items'], `${field}.items`, 'array items');
  return errors;
}

function needsType(schema: JsonObject): boolean {
  return (
    textAt(schema, 'type') === '' &&
    schema['x-kubernetes-int-or-string'] !== true &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true
  );
}
