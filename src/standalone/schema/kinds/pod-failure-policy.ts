import { duplicate, invalid, invalidOmitted, notSupported, required, tooMany } from '../field-errors.ts';
import { isJsonObject, listAt, textAt, type Json, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { qualifiedName } from '../names.ts';

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const MOST_RULES = 20;
const MOST_PATTERNS = 20;
const MOST_VALUES = 255;

/**
 * What is wrong with a job's `podFailurePolicy`, and with what has to agree with it.
 * Source of the rules and their words: k8s.io/kubernetes, pkg/apis/batch/validation, validatePodFailurePolicy.
 */
export function validatePodFailurePolicy(spec: JsonObject, field: string): readonly FieldError[] {
  const { podFailurePolicy: policy } = spec;
  if (!isJsonObject(policy)) return validateReplacement(spec, field, ['Failed', 'TerminatingOrFailed']);
  const rules = listAt(policy, 'rules');
  const at = `${field}.podFailurePolicy.rules`;
  return [
    ...(rules.length > MOST_RULES ? [tooMany(at, rules.length, MOST_RULES)] : []),
    ...rules.flatMap((rule, index) => validateRule(spec, rule, `${at}[${index}]`)),
    ...validateReplacement(spec, field, ['Failed']),
    ...validateRestarts(spec, field),
  ];
}

function validateReplacement(spec: JsonObject, field: string, supported: readonly string[]): readonly FieldError[] {
  const policy = textAt(spec, 'podReplacementPolicy');
  if (policy === '' || supported.includes(policy)) return [];
  return [notSupported(`${field}.podReplacementPolicy`, policy, supported)];
}

function validateRestarts(spec: JsonObject, field: string): readonly FieldError[] {
  const policy = textAt(spec, 'template', 'spec', 'restartPolicy');
  if (policy !== 'OnFailure') return [];
  const detail = 'only "Never" is supported when podFailurePolicy is specified';
  return [invalid(`${field}.template.spec.restartPolicy`, policy, detail)];
}

function validateRule(spec: JsonObject, rule: Json, at: string): readonly FieldError[] {
  const hasCodes = isJsonObject(rule) && isJsonObject(rule['onExitCodes']);
  const patterns = listAt(rule, 'onPodConditions');
  const errors = [...validateAction(spec, textAt(rule, 'action'), `${at}.action`)];
  if (hasCodes) errors.push(...validateExitCodes(spec, rule['onExitCodes'] ?? null, `${at}.onExitCodes`));
  errors.push(...validatePatterns(patterns, `${at}.onPodConditions`));
  if (hasCodes && patterns.length > 0)
    errors.push(invalidOmitted(at, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!hasCodes && patterns.length === 0)
    errors.push(invalidOmitted(at, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

function validateAction(spec: JsonObject, action: string, at: string): readonly FieldError[] {
  if (action === 'FailIndex')
    return spec['backoffLimitPerIndex'] === undefined
      ? [invalid(at, action, 'requires the backoffLimitPerIndex to be set')]
      : [];
  return oneOf(at, action, ACTIONS);
}

function oneOf(at: string, text: string, supported: readonly string[]): readonly FieldError[] {
  if (text === '') return [required(at, `valid values: [${supported.map((one) => `"${one}"`).join(' ')}]`)];
  return supported.includes(text) ? [] : [notSupported(at, text, supported)];
}

function validatePatterns(patterns: readonly Json[], at: string): readonly FieldError[] {
  return [
    ...(patterns.length > MOST_PATTERNS ? [tooMany(at, patterns.length, MOST_PATTERNS)] : []),
    ...patterns.flatMap((pattern, index) => {
      const type = textAt(pattern, 'type');
      return [
        ...qualifiedName(type).map((problem) => invalid(`${at}[${index}].type`, type, problem)),
        ...oneOf(`${at}[${index}].status`, textAt(pattern, 'status'), STATUSES),
      ];
    }),
  ];
}

function validateExitCodes(spec: JsonObject, codes: Json, at: string): readonly FieldError[] {
  const name = textAt(codes, 'containerName');
  const names = listAt(spec, 'template', 'spec', 'containers').map((one) => textAt(one, 'name'));
  const errors = [...oneOf(`${at}.operator`, textAt(codes, 'operator'), OPERATORS)];
  if (name !== '' && !names.includes(name)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalid(`${at}.containerName`, name, detail));
  }
  return [...errors, ...validateValues(textAt(codes, 'operator'), listAt(codes, 'values'), `${at}.values`)];
}

function validateValues(operator: string, raw: readonly Json[], at: string): readonly FieldError[] {
  const values = raw.filter((value) => typeof value === 'number');
  if (values.length === 0) return [invalid(at, [], 'at least one value is required')];
  const errors: FieldError[] = [];
  if (values.length > MOST_VALUES) errors.push(tooMany(at, values.length, MOST_VALUES));
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0)
      errors.push(invalid(`${at}[${index}]`, value, 'must not be 0 for the In operator'));
    if (values.indexOf(value) < index) errors.push(duplicate(`${at}[${index}]`, value));
  }
  if (values.some((value, index) => value < (values[index - 1] ?? value)))
    errors.push(invalid(at, values, 'must be ordered'));
  return errors;
}
