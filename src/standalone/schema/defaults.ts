import { isJsonObject, type Json, type JsonSchema } from './json.ts';

/**
 * Fills in the defaults that a schema declares, in place: an absent field gets its default, in every object that stands,
 * and so does one that is null and must not be. Source: k8s.io/apiextensions-apiserver, pkg/apiserver/schema/defaulting.
 */
export function fillDefaults(schema: JsonSchema, value: Json): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) fillDefaults(schema.items, item);
    return;
  }
  if (!isJsonObject(value)) return;
  const { properties = {}, additionalProperties } = schema;
  for (const [name, property] of Object.entries(properties)) {
    const current = Object.hasOwn(value, name) ? value[name] : undefined;
    const isMissing = current === undefined || (current === null && property.nullable !== true);
    if (isMissing && property.default !== undefined) value[name] = structuredClone(property.default);
    const filled = Object.hasOwn(value, name) ? value[name] : undefined;
    if (filled !== undefined) fillDefaults(property, filled);
  }
  if (typeof additionalProperties !== 'object') return;
  for (const [name, item] of Object.entries(value)) {
    if (!Object.hasOwn(properties, name)) fillDefaults(additionalProperties, item);
  }
}
