import { protobuf } from '../../../base/index.ts';
import { isJsonObject, listAt, objectAt, textAt, textsAt, type Json, type JsonObject } from '../json.ts';
import type { Kind } from '../kind.ts';
import { openApiV2 } from './documents.ts';

/**
 * The media type by which clients ask for {@link openApiV2Protobuf}, and the one to answer with: Go's parser of media
 * types refuses the sign @, so kube-apiserver answers with another name.
 */
export const OPENAPI_V2_PROTOBUF = {
  accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
} as const;

/**
 * The v2 document as kubectl up to 1.26 asks for it.
 * Only what kubectl reads is written: definitions, and the parameters of operations.
 * Source of the field numbers: github.com/google/gnostic-models, openapiv2/OpenAPIv2.proto.
 */
export function openApiV2Protobuf(kinds: readonly Kind[]): Uint8Array {
  const document = openApiV2(kinds);
  return documentMessage.encode({
    swagger: textAt(document, 'swagger'),
    info: { title: textAt(document, 'info', 'title'), version: textAt(document, 'info', 'version') },
    paths: { path: named(objectAt(document, 'paths'), pathItem) },
    definitions: { schemas: named(objectAt(document, 'definitions'), schemaOf) },
  });
}

const { bool, message, nested, repeated, repeatedString, string } = protobuf;

/** Any value, as YAML; JSON is YAML too. */
const anyMessage = message({ yaml: string(2) });
const namedAny = message({ name: string(1), value: nested(2, anyMessage) });
type NamedAny = protobuf.MessageOf<typeof namedAny>;

interface SchemaMessage {
  readonly ref: string;
  readonly format: string;
  readonly description: string;
  readonly default: { readonly yaml: string } | undefined;
  readonly required: readonly string[];
  readonly additionalProperties: { readonly schema: SchemaMessage | undefined; readonly boolean: boolean } | undefined;
  readonly type: { readonly value: readonly string[] } | undefined;
  readonly items: { readonly schemas: readonly SchemaMessage[] } | undefined;
  readonly properties: { readonly schemas: readonly NamedSchema[] } | undefined;
  readonly extensions: readonly NamedAny[];
}

interface NamedSchema {
  readonly name: string;
  readonly value: SchemaMessage | undefined;
}

/** A schema has schemas in it, so this stands for the message below until it is there. */
const inner: protobuf.Schema<SchemaMessage> = {
  encode: (value) => schemaMessage.encode(value),
  decode: (bytes) => schemaMessage.decode(bytes),
};
const namedSchema: protobuf.Schema<NamedSchema> = message({ name: string(1), value: nested(2, inner) });
const schemaMessage: protobuf.Schema<SchemaMessage> = message({
  ref: string(1),
  format: string(2),
  description: string(4),
  default: nested(5, anyMessage),
  required: repeatedString(19),
  additionalProperties: nested(21, message({ schema: nested(1, inner), boolean: bool(2) })),
  type: nested(22, message({ value: repeatedString(1) })),
  items: nested(23, message({ schemas: repeated(1, inner) })),
  properties: nested(25, message({ schemas: repeated(1, namedSchema) })),
  extensions: repeated(31, namedAny),
});

const queryParameter = message({ in: string(2), description: string(3), name: string(4), type: string(6) });
const nonBody = message({ query: nested(3, queryParameter) });
const parametersItem = message({ parameter: nested(1, message({ nonBody: nested(2, nonBody) })) });
const operation = message({
  description: string(3),
  operationId: string(5),
  produces: repeatedString(6),
  consumes: repeatedString(7),
  parameters: repeated(8, parametersItem),
  extensions: repeated(13, namedAny),
});
const pathItemMessage = message({
  get: nested(2, operation),
  put: nested(3, operation),
  post: nested(4, operation),
  delete: nested(5, operation),
  patch: nested(8, operation),
});

const documentMessage = message({
  swagger: string(1),
  info: nested(2, message({ title: string(1), version: string(2) })),
  paths: nested(8, message({ path: repeated(2, message({ name: string(1), value: nested(2, pathItemMessage) })) })),
  definitions: nested(9, message({ schemas: repeated(1, namedSchema) })),
});

function named<T>(values: JsonObject, write: (value: JsonObject) => T): { name: string; value: T }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value: write(objectAt(value)) }));
}

const yaml = (value: Json): { readonly yaml: string } => ({ yaml: `${JSON.stringify(value)}\n` });

function extensions(value: JsonObject): NamedAny[] {
  return Object.entries(value)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, extension]) => ({ name, value: yaml(extension) }));
}

function schemaOf(schema: JsonObject): SchemaMessage {
  const { type, items, properties, additionalProperties } = schema;
  return {
    ref: textAt(schema, '$ref'),
    format: textAt(schema, 'format'),
    description: textAt(schema, 'description'),
    default: schema['default'] === undefined ? undefined : yaml(schema['default']),
    required: textsAt(schema, 'required'),
    additionalProperties:
      additionalProperties === undefined
        ? undefined
        : {
            schema: isJsonObject(additionalProperties) ? schemaOf(additionalProperties) : undefined,
            boolean: additionalProperties === true,
          },
    type: typeof type === 'string' ? { value: [type] } : undefined,
    items: isJsonObject(items) ? { schemas: [schemaOf(items)] } : undefined,
    properties: isJsonObject(properties) ? { schemas: named(properties, schemaOf) } : undefined,
    extensions: extensions(schema),
  };
}

type Operation = protobuf.MessageOf<typeof operation>;

function pathItem(item: JsonObject): protobuf.MessageOf<typeof pathItemMessage> {
  const at = (method: string): Operation | undefined =>
    item[method] === undefined ? undefined : operationOf(objectAt(item, method));
  return { get: at('get'), put: at('put'), post: at('post'), delete: at('delete'), patch: at('patch') };
}

function operationOf(given: JsonObject): Operation {
  return {
    description: textAt(given, 'description'),
    operationId: textAt(given, 'operationId'),
    produces: textsAt(given, 'produces'),
    consumes: textsAt(given, 'consumes'),
    parameters: listAt(given, 'parameters')
      .filter((parameter) => textAt(parameter, 'in') === 'query')
      .map((parameter) => ({
        parameter: {
          nonBody: {
            query: {
              in: 'query',
              description: textAt(parameter, 'description'),
              name: textAt(parameter, 'name'),
              type: textAt(parameter, 'type'),
            },
          },
        },
      })),
    extensions: extensions(given),
  };
}
