import { keysOf } from './list-types.ts';
import { isJsonObject, objectAt, sameJson, type Json, type JsonSchema, type ValidationRule } from './json.ts';
import type { FieldError, FieldErrorReason } from './kind.ts';

/** A rule of the Common Expression Language, said in TypeScript. All are about what a field may become. */
type Transition = (self: Json, oldSelf: Json) => boolean;

const unlessChangedFrom =
  (value: string): Transition =>
  (self, oldSelf) =>
    oldSelf !== value || self === value;

/**
 * The rules that definitions in use carry. The engine has no CEL of its own: a definition with any other rule is refused,
 * rather than served without it.
 */
const RULES = new Map<string, Transition>([
  ['self == oldSelf', sameJson],
  ["oldSelf == 'CustomNoUpgrade' ? self == 'CustomNoUpgrade' : true", unlessChangedFrom('CustomNoUpgrade')],
  [
    "oldSelf == 'TechPreviewNoUpgrade' ? self == 'TechPreviewNoUpgrade' : true",
    unlessChangedFrom('TechPreviewNoUpgrade'),
  ],
  ["oldSelf == 'DevPreviewNoUpgrade' ? self == 'DevPreviewNoUpgrade' : true", unlessChangedFrom('DevPreviewNoUpgrade')],
  ["oldSelf == 'OKD' ? self != '' : true", (self, oldSelf) => oldSelf !== 'OKD' || self !== ''],
  [
    'has(oldSelf.featureSet) ? has(self.featureSet) : true',
    (self, oldSelf) => objectAt(oldSelf)['featureSet'] === undefined || objectAt(self)['featureSet'] !== undefined,
  ],
]);

/** Whether the engine can keep a rule. */
export const knowsRule = ({ rule, messageExpression, optionalOldSelf }: ValidationRule): boolean =>
  RULES.has(rule.trim().replaceAll(/\s+/g, ' ')) && messageExpression === undefined && optionalOldSelf !== true;

/** Whether a schema has any rule, here or below. */
export function hasRules(schema: JsonSchema): boolean {
  const below = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return (
    schema['x-kubernetes-validations'] !== undefined || below.some((one) => typeof one === 'object' && hasRules(one))
  );
}

/**
 * What the rules of a schema refuse. They speak of changes, so a value that was not there before is never refused.
 *
 * @param field - the value's own path, `''` for a whole object
 */
export function transitionErrors(
  schema: JsonSchema,
  value: Json | undefined,
  old: Json | undefined,
  field: string,
): readonly FieldError[] {
  if (value === undefined || old === undefined) return [];
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => brokenRule(rule, value, old, field));
  return [...own, ...errorsBelow(schema, value, old, field)];
}

function errorsBelow(schema: JsonSchema, value: Json, old: Json, field: string): readonly FieldError[] {
  const { items, properties, additionalProperties } = schema;
  if (Array.isArray(value) && Array.isArray(old)) {
    // Only items that have an identity can be told to be the same item as before.
    if (items === undefined || schema['x-kubernetes-list-type'] !== 'map') return [];
    return value.flatMap((item, index) => {
      const keys = keysOf(schema, item);
      const before = old.find((one) => sameJson(keysOf(schema, one), keys));
      return transitionErrors(items, item, before, `${field}[${index}]`);
    });
  }
  if (!isJsonObject(value) || !isJsonObject(old)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const below = properties?.[name] ?? additionalProperties;
    if (typeof below !== 'object') return [];
    return transitionErrors(below, item, old[name], field === '' ? name : `${field}.${name}`);
  });
}

function brokenRule(rule: ValidationRule, value: Json, old: Json, field: string): readonly FieldError[] {
  const holds = RULES.get(rule.rule.trim().replaceAll(/\s+/g, ' '));
  if (holds === undefined || holds(value, old)) return [];
  const detail = rule.message ?? `failed rule: ${rule.rule}`;
  const at = rule.fieldPath === undefined ? field : `${field}${rule.fieldPath}`;
  const reason = (rule.reason ?? 'FieldValueInvalid') as FieldErrorReason;
  if (reason === 'FieldValueForbidden') return [{ field: at, reason, message: `Forbidden: ${detail}` }];
  if (reason === 'FieldValueRequired') return [{ field: at, reason, message: `Required value: ${detail}` }];
  const shown = typeof value === 'object' ? '' : ` ${JSON.stringify(value)}:`;
  return [{ field: at, reason, message: `Invalid value:${shown} ${detail}` }];
}
