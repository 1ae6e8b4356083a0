import * as z from 'zod';
import { SchemaError } from '../errors.ts';
import { humanDuration } from '../human-duration.ts';
import type { Json, JsonObject, JsonSchema } from '../json.ts';
import type { Cell, Column, Kind } from '../kind.ts';
import { ageColumn, ageOf, column, nameColumn, nameOf } from '../kinds/built-in.ts';
import { objectMeta } from '../metadata-schema.ts';
import { definitionShape, type DefinedVersion, type Definition, type PrinterColumn } from './definition-shape.ts';
import { parseJsonPath, type JsonPath } from './json-path.ts';

/**
 * The kinds that a CustomResourceDefinition makes: one for each served version.
 *
 * @param definition - a CustomResourceDefinition that has passed its own validation
 * @throws SchemaError SCHEMA_UNSERVABLE for anything else
 */
export function kindsFromDefinition(definition: unknown): readonly Kind[] {
  const parsed = definitionShape.safeParse(definition);
  if (!parsed.success) {
    throw new SchemaError('SCHEMA_UNSERVABLE', `the definition cannot be served: ${z.prettifyError(parsed.error)}`, {
      hint: 'Correct the CustomResourceDefinition and create it again.',
    });
  }
  return parsed.data.spec.versions.filter(({ served }) => served).map((version) => kindOf(parsed.data, version));
}

function kindOf({ spec }: Definition, version: DefinedVersion): Kind {
  const { names } = spec;
  const columns = version.additionalPrinterColumns.map((given) => new PrintedColumn(given));
  const hasStatus = version.subresources?.status !== undefined;
  return {
    group: spec.group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames,
    categories: names.categories,
    namespaced: spec.scope === 'Namespaced',
    hasStatus,
    schema: wholeObject(version.schema.openAPIV3Schema, `${reversed(spec.group)}.${version.name}.${names.kind}`),
    columns: [
      nameColumn,
      ...(columns.length === 0 ? [{ ...ageColumn, type: 'date' } as const] : columns.map(({ head }) => head)),
    ],
    custom: true,
    ...(hasStatus ? { prepareForCreate: withoutStatus } : {}),
    row: (object, now) => [
      nameOf(object),
      ...(columns.length === 0 ? [ageOf(object, now)] : columns.map((one) => one.cell(object, now))),
    ],
  };
}

/** A status is the controllers' to write; what a client brings along for it is dropped. */
function withoutStatus({ status, ...object }: JsonObject): JsonObject {
  return status === undefined ? object : { ...object };
}

/** `config.openshift.io` as `io.openshift.config`: how OpenAPI documents name the types of a group. */
const reversed = (group: string): string => group.split('.').reverse().join('.');

/** A definition's schema need not speak of what all objects have. */
function wholeObject(schema: JsonSchema, definition: string): JsonSchema {
  const text: JsonSchema = { type: 'string' };
  const { metadata, ...properties } = schema.properties ?? {};
  return {
    ...schema,
    type: 'object',
    properties: {
      apiVersion: { ...text, description: "The group and version of this object's kind." },
      kind: { ...text, description: 'The kind of this object.' },
      metadata: {
        ...objectMeta,
        ...(metadata?.description === undefined ? {} : { description: metadata.description }),
      },
      ...properties,
    },
    'x-holdfast-definition': definition,
  };
}

const NOTHING: JsonPath = () => [];

class PrintedColumn {
  readonly head: Column;
  readonly #given: PrinterColumn;
  readonly #find: JsonPath;

  constructor(given: PrinterColumn) {
    const description =
      given.description ?? `Custom resource definition column (in JSONPath format): ${given.jsonPath}`;
    this.head = column(given.name, description, { type: given.type, format: given.format, priority: given.priority });
    this.#given = given;
    this.#find = parseJsonPath(given.jsonPath) ?? NOTHING;
  }

  /** Source: k8s.io/apiextensions-apiserver, pkg/registry/customresource/tableconvertor. */
  cell(object: JsonObject, now: Date): Cell {
    const found = this.#find(object);
    const [first] = found;
    if (first === undefined) return null;
    switch (this.#given.type) {
      case 'string':
        return found.map(printed).join(' ');
      case 'date':
        return typeof first === 'string' ? sinceOf(first, now) : null;
      case 'boolean':
        return typeof first === 'boolean' ? first : null;
      default:
        return numberOf(first, this.#given.type);
    }
  }
}

const printed = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function sinceOf(timestamp: string, now: Date): string {
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '<invalid>' : humanDuration(now.getTime() - then);
}

function numberOf(value: Json, type: 'integer' | 'number'): Cell {
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return null;
  return type === 'integer' ? Math.trunc(number) : number;
}
