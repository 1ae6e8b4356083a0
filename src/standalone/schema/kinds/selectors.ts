import { forbidden, invalid, required } from '../field-errors.ts';
import { listAt, objectAt, textAt, textsAt, type Json, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { validateLabels } from '../metadata.ts';
import { labelValue, qualifiedName } from '../names.ts';

/** How many values each operator wants. */
const OPERATORS: Readonly<Record<string, 'some' | 'none' | 'one'>> = {
  In: 'some',
  NotIn: 'some',
  Exists: 'none',
  DoesNotExist: 'none',
};
const NODE_OPERATORS: typeof OPERATORS = { ...OPERATORS, Gt: 'one', Lt: 'one' };

function validateRequirement(rule: Json, field: string, operators: typeof OPERATORS): readonly FieldError[] {
  const operator = textAt(rule, 'operator');
  const values = listAt(rule, 'values');
  const wanted = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  const errors: FieldError[] = [];
  if (wanted === undefined) {
    errors.push(invalid(`${field}.operator`, operator, 'not a valid selector operator'));
  } else if (wanted === 'some' && values.length === 0) {
    errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (wanted === 'none' && values.length > 0) {
    errors.push(forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (wanted === 'one' && values.length !== 1) {
    errors.push(required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  }
  const key = textAt(rule, 'key');
  return [
    ...errors,
    ...qualifiedName(key).map((problem) => invalid(`${field}.key`, key, problem)),
    ...values.flatMap((_, index) => {
      const value = textAt(rule, 'values', index);
      return labelValue(value).map((problem) => invalid(`${field}.values[${index}]`, value, problem));
    }),
  ];
}

/** What is wrong with a label selector. */
export function validateLabelSelector(selector: Json | undefined, field: string): readonly FieldError[] {
  return [
    ...validateLabels(`${field}.matchLabels`, objectAt(selector)['matchLabels']),
    ...listAt(selector, 'matchExpressions').flatMap((rule, index) =>
      validateRequirement(rule, `${field}.matchExpressions[${index}]`, OPERATORS),
    ),
  ];
}

/** What is wrong with a node selector. */
export function validateNodeSelector(selector: JsonObject, field: string): readonly FieldError[] {
  const terms = listAt(selector, 'nodeSelectorTerms');
  const at = `${field}.nodeSelectorTerms`;
  if (terms.length === 0) return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, index) =>
    listAt(term, 'matchExpressions').flatMap((rule, position) =>
      validateRequirement(rule, `${at}[${index}].matchExpressions[${position}]`, NODE_OPERATORS),
    ),
  );
}

/** A selector as tables show it: `app=x,tier in (a,b)`. Source: metav1.FormatLabelSelector. */
export function formatSelector(selector: Json | undefined): string {
  const labels = Object.entries(objectAt(selector, 'matchLabels')).map(([key, value]) => ({
    key,
    text: `${key}=${typeof value === 'string' ? value : ''}`,
  }));
  const rules = listAt(selector, 'matchExpressions').map((rule) => {
    const key = textAt(rule, 'key');
    return { key, text: formatRule(key, textAt(rule, 'operator'), textsAt(rule, 'values').join(',')) };
  });
  const all = [...labels, ...rules].sort((a, b) => (a.key < b.key ? -1 : 1));
  return all.length === 0 ? '<none>' : all.map(({ text }) => text).join(',');
}

function formatRule(key: string, operator: string, values: string): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values})`;
}
