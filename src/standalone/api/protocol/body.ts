import { messageOf } from '../../../base/index.ts';
import { isJsonObject, type JsonObject } from '../../schema/index.ts';
import type { Request } from './request.ts';
import { badRequest, unsupportedMediaType } from './status.ts';

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

/** Aliases let a short YAML text stand for an endless object; no object that is meant has so many values. */
const MOST_YAML_VALUES = 200_000;

/** The media type of the body without its parameters. */
export function contentType({ headers }: Request): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * The object in the body, in JSON, YAML or, for a few kinds, protobuf.
 *
 * @throws Refusal 415 for other types, 400 for a body that is no object
 */
export async function readObject(request: Request): Promise<JsonObject> {
  const type = contentType(request);
  if (type === YAML_TYPE) return readYamlObject(request.body);
  if (type === PROTOBUF_TYPE)
    return (await import('../protobuf/read-object.ts')).readProtobufObject(request.body ?? new Uint8Array());
  if (type !== '' && type !== JSON_TYPE && type !== '*/*') throw unsupportedMediaType([JSON_TYPE, YAML_TYPE]);
  return asObject(parseJson(request.body));
}

/** @throws Refusal 400 */
export function parseJson(body: Uint8Array | undefined): unknown {
  const text = textOf(body);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`error decoding JSON: ${messageOf(error)}`);
  }
}

/** JSON is YAML too, and much faster to read as what it is. */
export async function readYamlObject(body: Uint8Array | undefined): Promise<JsonObject> {
  const text = textOf(body);
  if (text.trimStart().startsWith('{')) {
    try {
      return asObject(JSON.parse(text));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const { CORE_SCHEMA, load } = await import('js-yaml');
  let value: unknown;
  try {
    value = load(text, { schema: CORE_SCHEMA });
  } catch (error) {
    throw badRequest(`error decoding YAML: ${messageOf(error)}`);
  }
  const budget = { left: MOST_YAML_VALUES };
  spend(value, budget);
  return isJsonObject(value) ? asObject(JSON.parse(JSON.stringify(value))) : asObject(value);
}

function spend(value: unknown, budget: { left: number }): void {
  budget.left -= 1;
  if (budget.left < 0) throw badRequest('error decoding YAML: document contains excessive aliasing');
  if (typeof value !== 'object' || value === null) return;
  for (const field of Object.values(value)) spend(field, budget);
}

function textOf(body: Uint8Array | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body ?? new Uint8Array());
  } catch {
    throw badRequest('the body of the request is not UTF-8');
  }
}

function asObject(value: unknown): JsonObject {
  if (isJsonObject(value)) return value;
  throw badRequest('the body of the request is not an object');
}
