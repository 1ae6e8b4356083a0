import * as z from 'zod';
import type { JsonSchema } from '../json.ts';

/** The fields of a CustomResourceDefinition that decide how its kinds are served. */

const flag = z.boolean().exactOptional();
const number = z.number().exactOptional();
const text = z.string().exactOptional();

const rule = z.object({
  rule: z.string(),
  message: text,
  messageExpression: text,
  reason: text,
  fieldPath: text,
  optionalOldSelf: flag,
});

export const jsonSchemaShape: z.ZodType<JsonSchema> = z.lazy(() =>
  z.object({
    type: z.enum(['object', 'array', 'string', 'integer', 'number', 'boolean']).exactOptional(),
    title: text,
    description: text,
    format: text,
    nullable: flag,
    default: z.json().exactOptional(),
    example: z.json().exactOptional(),
    enum: z.array(z.json()).exactOptional(),
    properties: z.record(z.string(), jsonSchemaShape).exactOptional(),
    additionalProperties: z.union([z.boolean(), jsonSchemaShape]).exactOptional(),
    required: z.array(z.string()).exactOptional(),
    minProperties: number,
    maxProperties: number,
    items: jsonSchemaShape.exactOptional(),
    minItems: number,
    maxItems: number,
    uniqueItems: flag,
    pattern: text,
    minLength: number,
    maxLength: number,
    minimum: number,
    exclusiveMinimum: flag,
    maximum: number,
    exclusiveMaximum: flag,
    multipleOf: number,
    allOf: z.array(jsonSchemaShape).exactOptional(),
    anyOf: z.array(jsonSchemaShape).exactOptional(),
    oneOf: z.array(jsonSchemaShape).exactOptional(),
    not: jsonSchemaShape.exactOptional(),
    'x-kubernetes-preserve-unknown-fields': flag,
    'x-kubernetes-embedded-resource': flag,
    'x-kubernetes-int-or-string': flag,
    'x-kubernetes-list-type': z.enum(['atomic', 'set', 'map']).exactOptional(),
    'x-kubernetes-list-map-keys': z.array(z.string()).exactOptional(),
    'x-kubernetes-map-type': z.enum(['atomic', 'granular']).exactOptional(),
    'x-kubernetes-validations': z.array(rule).exactOptional(),
  }),
);

const printerColumn = z.object({
  name: z.string(),
  type: z.enum(['boolean', 'date', 'integer', 'number', 'string']),
  jsonPath: z.string(),
  format: z.string().default(''),
  description: text,
  priority: z.number().default(0),
});

const version = z.object({
  name: z.string(),
  served: z.boolean(),
  storage: z.boolean(),
  schema: z.object({ openAPIV3Schema: jsonSchemaShape }),
  subresources: z.object({ status: z.object({}).optional() }).optional(),
  additionalPrinterColumns: z.array(printerColumn).default([]),
});

export const definitionShape = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    group: z.string(),
    scope: z.enum(['Cluster', 'Namespaced']),
    names: z.object({
      plural: z.string(),
      kind: z.string(),
      singular: text,
      listKind: text,
      shortNames: z.array(z.string()).default([]),
      categories: z.array(z.string()).default([]),
    }),
    versions: z.array(version),
  }),
});

export type Definition = z.infer<typeof definitionShape>;
export type DefinedVersion = z.infer<typeof version>;
export type PrinterColumn = z.infer<typeof printerColumn>;
