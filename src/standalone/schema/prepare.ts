import { decode, fieldSchema } from './decode.ts';
import { fillDefaults } from './defaults.ts';
import { SchemaError } from './errors.ts';
import { isJsonObject, type JsonObject, type JsonSchema } from './json.ts';
import type { Kind } from './kind.ts';
import { objectMeta } from './metadata-schema.ts';

export interface PreparedObject {
  /** A copy without unknown fields and with the kind's defaults. */
  readonly object: JsonObject;
  /** What was left out: `spec.containers[0].baz`. */
  readonly unknownFields: readonly string[];
}

const ROOT: JsonSchema = { type: 'object', properties: { apiVersion: { type: 'string' }, kind: { type: 'string' } } };

/**
 * Makes of a client's object what the server works on. Whether unknown fields are an error, a warning or nothing, the
 * caller decides by the request's `fieldValidation`.
 *
 * @throws SchemaError SCHEMA_UNDECODABLE where a value is of another type than the kind declares. For custom kinds that
 * concerns the metadata alone; the rest is left to validateObject. Its message is what kube-apiserver puts after
 * `Job in version "v1" cannot be handled as a Job: `.
 */
export function prepareObject(kind: Kind, raw: unknown): PreparedObject {
  if (!isJsonObject(raw)) {
    throw new SchemaError('SCHEMA_UNDECODABLE', `an object of kind ${kind.kind} must be a JSON object`, {
      hint: 'Send one object as a JSON object.',
    });
  }
  const unknownFields: string[] = [];
  const object: JsonObject = {};
  for (const [name, value] of Object.entries(raw)) {
    const isMetadata = name === 'metadata';
    const schema = isMetadata ? objectMeta : (ROOT.properties?.[name] ?? fieldSchema(kind.schema, name));
    if (schema === undefined) {
      unknownFields.push(name);
      continue;
    }
    const strict = !kind.custom || isMetadata;
    const owner = kind.schema['x-holdfast-definition'] ?? kind.kind;
    const kept = decode(schema, value, {
      strict,
      owner,
      path: name,
      fields: isMetadata && kind.custom ? '' : name,
      unknownFields,
    });
    if (kept !== undefined) object[name] = kept;
  }
  fillDefaults(kind.schema, object);
  // Go's decoder names fields as they come, the pruning of custom resources in alphabetical order.
  if (kind.custom) unknownFields.sort();
  return { object: kind.complete?.(object) ?? object, unknownFields };
}
