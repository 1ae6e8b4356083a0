import { describe, expect, it } from 'vitest';
import { backupDefinition, etcdBackupDefinition } from '../../../crd/index.ts';
import type { JsonObject } from '../json.ts';
import { establishedStatus } from '../kinds/definition.ts';
import { created, kindNamed, problems } from '../test-objects.ts';
import { kindsFromDefinition } from './kinds-from-definition.ts';

const definitionKind = kindNamed('CustomResourceDefinition');
const NOW = new Date('2026-11-23T10:05:00Z');

const version: JsonObject = {
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object' } },
};
const spec: JsonObject = {
  group: 'example.com',
  names: { kind: 'Foo', plural: 'foos' },
  scope: 'Cluster',
  versions: [version],
};
const definition = (fields: JsonObject = {}, name = 'foos.example.com'): JsonObject =>
  created(definitionKind, { spec: { ...spec, ...fields } }, name);
const withSchema = (specSchema: JsonObject): JsonObject =>
  definition({
    versions: [{ ...version, schema: { openAPIV3Schema: { type: 'object', properties: { spec: specSchema } } } }],
  });

describe('a CustomResourceDefinition', () => {
  it('gets the names that follow from its kind, and a status of its own', () => {
    expect(definition()).toMatchObject({
      spec: { names: { singular: 'foo', listKind: 'FooList' }, conversion: { strategy: 'None' } },
      status: { storedVersions: ['v1'], acceptedNames: { kind: '', plural: '' } },
    });
    expect(problems(definitionKind, definition())).toEqual([]);
  });

  // The sentences are kube-apiserver's.
  it.each<[JsonObject, readonly string[]]>([
    [{ scope: 'X' }, ['spec.scope: Unsupported value: "X": supported values: "Cluster", "Namespaced"']],
    [
      { group: '' },
      [
        'metadata.name: Invalid value: "foos.example.com": must be spec.names.plural+"."+spec.group',
        'spec.group: Required value',
      ],
    ],
    [{ versions: [{ ...version, schema: {} }] }, ['spec.versions[0].schema.openAPIV3Schema: Required value']],
    [
      { versions: [{ ...version, additionalPrinterColumns: [{ name: 'x', type: 'foo', jsonPath: 'spec' }] }] },
      [
        'spec.additionalPrinterColumns[0].type: Invalid value: "foo": must be one of boolean,date,integer,number,string',
        'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with .',
      ],
    ],
  ])('is refused as %j', (fields, expected) => {
    expect(problems(definitionKind, definition(fields))).toEqual(expected);
  });

  it('stores its objects in exactly one version', () => {
    const found = problems(definitionKind, definition({ versions: [version, { ...version, name: 'v2' }] }));
    expect(found).toHaveLength(1);
    expect(found.join()).toMatch(/^spec\.versions: .*must have exactly one version marked as storage version$/);
  });

  const at = 'spec.validation.openAPIV3Schema.properties[spec]';

  it.each<[JsonObject, string]>([
    [{}, `${at}.type: Required value: must not be empty for specified object fields`],
    [{ type: 'foo' }, `${at}.type: Unsupported value: "foo": supported values: "array", "boolean"`],
    [
      { type: 'array', uniqueItems: true, items: { type: 'string' } },
      `${at}.uniqueItems: Forbidden: uniqueItems cannot be set`,
    ],
    [{ type: 'array', items: {} }, `${at}.items.type: Required value: must not be empty for specified array items`],
    [{ type: 'object', $ref: '#/x' }, `${at}.$ref: Forbidden: $ref is not supported`],
    [
      { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
      `${at}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
    [
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
      `${at}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
    ],
    [
      {
        type: 'array',
        items: { type: 'object' },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      },
      `${at}.x-kubernetes-list-map-keys[0]: Invalid value: "k": entries must all be names of item properties`,
    ],
    [
      { type: 'string', pattern: '[' },
      `${at}.pattern: Invalid value: "[": must be a valid regular expression, but isn't: `,
    ],
    [
      { type: 'string', default: 5 },
      `${at}.default: Invalid value: "integer":  in body must be of type string: "integer"`,
    ],
    [
      { type: 'string', minLength: 'x' },
      `spec.validation.openAPIV3Schema.properties.spec.minLength: Invalid value: null: `,
    ],
  ])('has a structural schema, so %j is refused', (schema, problem) => {
    const found = problems(definitionKind, withSchema(schema));
    expect(found).toHaveLength(1);
    expect(found.join()).toContain(problem);
  });

  it('is refused with a rule that nobody here would keep', () => {
    const rule = { rule: 'self.size() > 3' };
    expect(problems(definitionKind, withSchema({ type: 'string', 'x-kubernetes-validations': [rule] }))).toEqual([
      `${at}.x-kubernetes-validations[0].rule: Invalid value: "self.size() > 3": holdfast standalone keeps the rules of its own definitions only; remove this rule`,
    ]);
    const known = { rule: ' self  ==\n oldSelf', message: 'no' };
    expect(problems(definitionKind, withSchema({ type: 'string', 'x-kubernetes-validations': [known] }))).toEqual([]);
  });

  it('keeps its group, its scope and its names', () => {
    const found = problems(definitionKind, definition({ scope: 'Namespaced' }), definition());
    expect(found).toEqual(['spec.scope: Invalid value: "Namespaced": field is immutable']);
  });

  it('is established as kubectl wait looks for it', () => {
    expect(establishedStatus(definition(), NOW)).toMatchObject({
      acceptedNames: { kind: 'Foo', plural: 'foos' },
      storedVersions: ['v1'],
      conditions: [
        { type: 'NamesAccepted', status: 'True', lastTransitionTime: '2026-11-23T10:05:00Z' },
        { type: 'Established', status: 'True' },
      ],
    });
  });

  it('is shown with when it was made', () => {
    expect(definitionKind.row(definition(), NOW)).toEqual(['foos.example.com', '2026-11-23T10:00:00Z']);
  });
});

describe('the kinds of a definition', () => {
  it('are those of its served versions, with their names', () => {
    const kinds = kindsFromDefinition(
      definition({ versions: [version, { ...version, name: 'v2', served: false, storage: false }] }),
    );
    expect(kinds).toHaveLength(1);
    expect(kinds[0]).toMatchObject({
      group: 'example.com',
      version: 'v1',
      kind: 'Foo',
      singular: 'foo',
      custom: true,
      namespaced: false,
      hasStatus: false,
    });
  });

  it('are not made of what is no definition', () => {
    expect(() => kindsFromDefinition({ spec: {} })).toThrow('the definition cannot be served');
  });

  it('show the columns that the definition asks for', () => {
    const additionalPrinterColumns = [
      { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule' },
      { name: 'Kept', type: 'integer', jsonPath: '.status.kept', priority: 1 },
      { name: 'Last', type: 'date', jsonPath: '.status.last' },
      { name: 'On', type: 'boolean', jsonPath: '.spec.on' },
      { name: 'Ratio', type: 'number', jsonPath: '.spec.ratio' },
    ];
    const [kind] = kindsFromDefinition(definition({ versions: [{ ...version, additionalPrinterColumns }] }));
    expect(kind?.columns.map(({ name, priority }) => [name, priority])).toEqual([
      ['Name', 0],
      ['Schedule', 0],
      ['Kept', 1],
      ['Last', 0],
      ['On', 0],
      ['Ratio', 0],
    ]);
    const object = {
      metadata: { name: 'a' },
      spec: { schedule: '@daily', on: true, ratio: 0.5 },
      status: { kept: 5.5, last: '2026-11-23T10:04:00Z' },
    };
    expect(kind?.row(object, NOW)).toEqual(['a', '@daily', 5, '60s', true, 0.5]);
    expect(kind?.row({ metadata: { name: 'b' }, spec: { on: 'x' }, status: { last: 'x' } }, NOW)).toEqual([
      'b',
      null,
      null,
      '<invalid>',
      null,
      null,
    ]);
  });

  it('show name and age where the definition asks for nothing', () => {
    const [kind] = kindsFromDefinition(definition());
    expect(kind?.row({ metadata: { name: 'a', creationTimestamp: '2026-11-23T10:00:00Z' } }, NOW)).toEqual(['a', '5m']);
  });
});

describe("Holdfast's own definitions", () => {
  it.each([
    ['Backup', backupDefinition],
    ['EtcdBackup', etcdBackupDefinition],
  ])('of %s is one that the engine takes', (_, own) => {
    const { metadata, spec: given } = JSON.parse(JSON.stringify(own)) as { metadata: JsonObject; spec: JsonObject };
    const object = created(definitionKind, { metadata, spec: given });
    expect(problems(definitionKind, object)).toEqual([]);
    expect(kindsFromDefinition(object)).toHaveLength(1);
  });

  it('drop a status that a client brings along', () => {
    const [kind] = kindsFromDefinition(etcdBackupDefinition);
    expect(kind?.prepareForCreate?.({ spec: {}, status: { x: 1 } })).toEqual({ spec: {} });
  });
});
