import { describe, expect, it } from 'vitest';
import { kindsFromDefinition } from './custom/kinds-from-definition.ts';
import { invalidMessage } from './field-errors.ts';
import type { JsonObject, JsonSchema } from './json.ts';
import type { Kind } from './kind.ts';
import { prepareObject } from './prepare.ts';
import { problems } from './test-objects.ts';
import { validateObject } from './validate.ts';

const spec: JsonSchema = {
  type: 'object',
  properties: {
    schedule: { type: 'string', pattern: '^[0-9* \\/\\-]+$' },
    policy: { type: 'string', enum: ['RetentionNumber', 'RetentionSize'] },
    count: { type: 'integer', minimum: 1, maximum: 5 },
    even: { type: 'number', multipleOf: 2 },
    short: { type: 'string', minLength: 1, maxLength: 3 },
    when: { type: 'string', format: 'date-time' },
    few: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    keyed: {
      type: 'array',
      items: {
        type: 'object',
        required: ['k'],
        properties: { k: { type: 'string', default: 'q' }, v: { type: 'string' } },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    },
    map: { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 1, maxProperties: 2 },
    port: { 'x-kubernetes-int-or-string': true },
    either: { type: 'object', properties: { a: { type: 'string' } }, oneOf: [{ required: ['a'] }] },
    fixed: {
      type: 'string',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable once set' }],
    },
  },
};

function kindWith(specSchema: JsonSchema): Kind {
  const openAPIV3Schema: JsonSchema = { type: 'object', required: ['spec'], properties: { spec: specSchema } };
  const [kind] = kindsFromDefinition({
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { kind: 'Thing', plural: 'things' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  });
  if (kind === undefined) throw new TypeError('no version is served');
  return kind;
}

const thing = kindWith(spec);
const made = (fields: unknown): JsonObject =>
  prepareObject(thing, { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' }, spec: fields }).object;
const NOT_CHECKED =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

describe('an object of a custom kind', () => {
  // Every sentence here was given by kube-apiserver 1.36 for the same schema and the same value.
  it.each([
    [{ schedule: 'x' }, `spec.schedule: Invalid value: "x": spec.schedule in body should match '^[0-9* \\/\\-]+$'`],
    [{ count: 0 }, 'spec.count: Invalid value: 0: spec.count in body should be greater than or equal to 1'],
    [{ count: 9 }, 'spec.count: Invalid value: 9: spec.count in body should be less than or equal to 5'],
    [{ even: 3 }, 'spec.even: Invalid value: 3: spec.even in body should be a multiple of 2'],
    [{ short: '' }, 'spec.short: Invalid value: "": spec.short in body should be at least 1 chars long'],
    [{ few: [] }, 'spec.few: Invalid value: 0: spec.few in body should have at least 1 items'],
    [{ few: ['a', 'a'] }, 'spec.few[1]: Duplicate value: "a"'],
    [{ keyed: [{ k: 'q', v: 'x' }, {}] }, 'spec.keyed[1]: Duplicate value: {"k":"q"}'],
    [{ map: {} }, 'spec.map: Invalid value: 0: spec.map in body should have at least 1 properties'],
  ])('is refused for %j alone', (fields, problem) => {
    expect(problems(thing, made(fields))).toEqual([problem]);
  });

  it.each([
    [{ policy: 'Z' }, 'spec.policy: Unsupported value: "Z": supported values: "RetentionNumber", "RetentionSize"'],
    [{ count: 'x' }, 'spec.count: Invalid value: "string": spec.count in body must be of type integer: "string"'],
    [{ port: 1.5 }, 'spec.port: Invalid value: "number": spec.port in body must be of type integer,string: "number"'],
    [{ when: 'foo' }, 'spec.when: Invalid value: "foo": spec.when in body must be of type date-time: "foo"'],
    [{ short: 'abcd' }, 'spec.short: Too long: may not be more than 3 bytes'],
    [{ few: ['a', 'b', 'c'] }, 'spec.few: Too many: 3: must have at most 2 items'],
    [{ few: [null] }, 'spec.few[0]: Invalid value: "null": spec.few[0] in body must be of type string: "null"'],
    [{ map: { a: 1, b: 2, c: 3 } }, 'spec.map: Too many: 3: must have at most 2 items'],
    [{ map: { a: 'x' } }, 'spec.map.a: Invalid value: "string": spec.map.a in body must be of type integer: "string"'],
    [[], 'spec: Invalid value: "array": spec in body must be of type object: "array"'],
    [undefined, 'spec: Required value'],
  ])('is refused for %j, and its rules are not tried', (fields, problem) => {
    expect(problems(thing, made(fields))).toEqual([problem, NOT_CHECKED]);
  });

  it('is told of a choice that it did not make', () => {
    expect(problems(thing, made({ either: {} }))).toContain(
      '<nil>: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found none valid',
    );
  });

  it('passes where nothing is wrong', () => {
    expect(
      problems(
        thing,
        made({ schedule: '20 4 * * *', count: 5, few: ['a'], port: 'http', when: '2026-11-23T10:00:00Z' }),
      ),
    ).toEqual([]);
  });

  it('has a name that is a DNS name', () => {
    const object = { ...made({}), metadata: { name: 'A_b' } };
    expect(problems(thing, object)).toEqual([
      `metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ]);
  });
});

describe('a rule about changes', () => {
  const change = (before: unknown, after: unknown): readonly string[] => problems(thing, made(after), made(before));

  it('is about values that were there before', () => {
    expect(change({ fixed: 'x' }, { fixed: 'y' })).toEqual([
      'spec.fixed: Invalid value: "y": fixed is immutable once set',
    ]);
    expect(change({ fixed: 'x' }, { fixed: 'x' })).toEqual([]);
    expect(change({}, { fixed: 'x' })).toEqual([]);
    expect(change({ fixed: 'x' }, {})).toEqual([]);
  });

  it('finds the items of a keyed list by their keys, wherever they stand', () => {
    const item: JsonSchema = {
      type: 'object',
      properties: {
        k: { type: 'string' },
        v: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
      },
    };
    const kind = kindWith({
      type: 'object',
      properties: {
        l: { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
      },
    });
    const list = (...l: JsonObject[]): JsonObject => ({ metadata: { name: 'a' }, spec: { l } });
    expect(
      problems(kind, list({ k: 'b', v: '2' }, { k: 'a', v: '9' }), list({ k: 'a', v: '1' }, { k: 'b', v: '2' })),
    ).toEqual(['spec.l[1].v: Invalid value: "9": failed rule: self == oldSelf']);
  });
});

describe('a value that was wrong before', () => {
  it('is let through as long as it stays the same', () => {
    const old = { ...made({}), spec: { count: 9, schedule: 'x' } };
    expect(problems(thing, { ...old, spec: { count: 9, schedule: 'x', short: 'ab' } }, old)).toEqual([]);
    expect(problems(thing, { ...old, spec: { count: 8, schedule: 'x' } }, old)).toEqual([
      'spec.count: Invalid value: 8: spec.count in body should be less than or equal to 5',
    ]);
  });
});

describe('the sentence of a refusal', () => {
  it('names kind, group and object, and one problem without brackets', () => {
    expect(invalidMessage(thing, 'a', validateObject(thing, made({ count: 0 })))).toBe(
      'Thing.example.com "a" is invalid: spec.count: Invalid value: 0: spec.count in body should be greater than or equal to 1',
    );
  });

  it('lists several problems in brackets', () => {
    const errors = [
      { field: 'a', reason: 'FieldValueRequired', message: 'Required value' },
      { field: 'b', reason: 'FieldValueRequired', message: 'Required value' },
    ] as const;
    expect(invalidMessage({ group: '', kind: 'Pod' }, 'x', errors)).toBe(
      'Pod "x" is invalid: [a: Required value, b: Required value]',
    );
  });
});
