import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindsFromDefinition } from './custom/kinds-from-definition.ts';
import { SchemaError } from './errors.ts';
import { isJsonObject, objectAt, valueAt, type JsonObject, type JsonSchema } from './json.ts';
import type { Kind } from './kind.ts';
import { prepareObject } from './prepare.ts';
import { kindNamed } from './test-objects.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        text: { type: 'string', default: 'x' },
        none: { type: 'string', nullable: true },
        deep: { type: 'object', default: {}, properties: { count: { type: 'integer', default: 5 } } },
        map: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { a: { type: 'string', default: 'q' } } },
        },
        list: { type: 'array', items: { type: 'object', properties: { k: { type: 'string', default: 'q' } } } },
        open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        half: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { known: { type: 'object', properties: { a: { type: 'string' } } } },
        },
        port: { 'x-kubernetes-int-or-string': true },
      },
    },
  },
};

function customKind(): Kind {
  const [kind] = kindsFromDefinition({
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { kind: 'Thing', plural: 'things' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
  if (kind === undefined) throw new TypeError('no version is served');
  return kind;
}

const thing = customKind();
const prepared = (spec: unknown) =>
  prepareObject(thing, { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' }, spec });

describe('an object of a custom kind', () => {
  it('loses the fields that its schema does not name, and they are told in alphabetical order', () => {
    const { object, unknownFields } = prepareObject(thing, {
      metadata: { name: 'a', owner: 'me' },
      other: 1,
      spec: { zzz: 1, list: [{ k: 'a' }, { zz: 1 }], map: { m: { b: 1 } }, half: { x: { y: 1 }, known: { b: 1 } } },
    });
    expect(unknownFields).toEqual([
      'metadata.owner',
      'other',
      'spec.half.known.b',
      'spec.list[1].zz',
      'spec.map.m.b',
      'spec.zzz',
    ]);
    expect(object['spec']).toMatchObject({
      list: [{ k: 'a' }, { k: 'q' }],
      map: { m: { a: 'q' } },
      half: { x: { y: 1 }, known: {} },
    });
  });

  it('gets its defaults, also inside of defaults', () => {
    expect(prepared({}).object['spec']).toEqual({ text: 'x', deep: { count: 5 } });
  });

  it('keeps a null only where the schema allows one', () => {
    expect(prepared({ text: null, none: null, deep: null, map: { a: null }, port: null }).object['spec']).toEqual({
      text: 'x',
      none: null,
      deep: { count: 5 },
      map: {},
    });
  });

  it('keeps what is under an open field as it came', () => {
    expect(prepared({ open: { a: [null, { b: null }] } }).object['spec']).toMatchObject({
      open: { a: [null, { b: null }] },
    });
  });

  it('is not changed by a field named __proto__', () => {
    const raw: unknown = JSON.parse(
      '{"metadata":{"name":"a","labels":{"__proto__":"x"}},"spec":{"__proto__":{"text":"y"}}}',
    );
    const { object, unknownFields } = prepareObject(thing, raw);
    expect(unknownFields).toEqual(['spec.__proto__']);
    expect(Object.keys(objectAt(object, 'metadata', 'labels'))).toEqual(['__proto__']);
  });

  it('is left alone by what is not of its type: that is for validation to say', () => {
    expect(prepared({ text: 5, list: {}, deep: [] }).object['spec']).toEqual({ text: 5, list: {}, deep: [] });
  });

  it('has metadata of the right types', () => {
    expect(() => prepareObject(thing, { metadata: { name: 'a', labels: [] } })).toThrow(
      'json: cannot unmarshal array into Go struct field ObjectMeta.labels of type map[string]string',
    );
  });
});

describe('preparing', () => {
  const anySpec = fc.dictionary(
    fc.constantFrom('text', 'none', 'deep', 'map', 'list', 'open', 'half', 'port', 'other'),
    fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.array(fc.record({ k: fc.string(), z: fc.integer() }, { requiredKeys: [] })),
    ),
  );

  it('twice is preparing once', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const once = prepared(JSON.parse(JSON.stringify(spec)));
        const twice = prepareObject(thing, once.object);
        expect(twice.object).toEqual(once.object);
        expect(twice.unknownFields).toEqual([]);
      }),
    );
  });

  it('never changes what it was given', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const raw = { metadata: { name: 'a' }, spec: JSON.parse(JSON.stringify(spec)) as unknown };
        const before = JSON.stringify(raw);
        prepareObject(thing, raw);
        expect(JSON.stringify(raw)).toBe(before);
      }),
    );
  });
});

const job = (spec: unknown): JsonObject =>
  prepareObject(kindNamed('Job'), { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a' }, spec }).object;
const podOf = (spec: JsonObject): JsonObject => ({ template: { spec } });

describe('an object of a built-in kind', () => {
  // The sentences are kube-apiserver's, after `Job in version "v1" cannot be handled as a Job: `.
  it.each([
    [{ parallelism: 'x' }, 'json: cannot unmarshal string into Go struct field JobSpec.spec.parallelism of type int32'],
    [
      { parallelism: 1.5 },
      'json: cannot unmarshal number 1.5 into Go struct field JobSpec.spec.parallelism of type int32',
    ],
    [
      { parallelism: 2 ** 40 },
      'json: cannot unmarshal number 1099511627776 into Go struct field JobSpec.spec.parallelism of type int32',
    ],
    [{ suspend: 'x' }, 'json: cannot unmarshal string into Go struct field JobSpec.spec.suspend of type bool'],
    [
      podOf({ containers: [{ name: 1 }] }),
      'json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.name of type string',
    ],
    [
      podOf({ containers: {} }),
      'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
    ],
    [
      podOf({ containers: [{ name: 'a', resources: { limits: { cpu: 'abc' } } }] }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ])('is refused where a value is of another type: %j', (spec, message) => {
    expect(() => job(spec)).toThrow(SchemaError);
    expect(() => job(spec)).toThrow(message);
  });

  it('loses its nulls', () => {
    const { object } = prepareObject(kindNamed('Pod'), {
      metadata: { name: 'a', creationTimestamp: null },
      spec: { containers: null },
    });
    expect(object['metadata']).toEqual({ name: 'a' });
    expect(isJsonObject(object['spec']) && 'containers' in object['spec']).toBe(false);
  });

  it('keeps times in UTC and whole seconds, quantities in canonical form', () => {
    const { object } = prepareObject(kindNamed('PersistentVolume'), {
      metadata: { name: 'a', creationTimestamp: '2026-11-23T19:00:00.5+09:00' },
      spec: { capacity: { storage: '1024Mi' } },
    });
    expect(valueAt(object, 'metadata', 'creationTimestamp')).toBe('2026-11-23T10:00:00Z');
    expect(valueAt(object, 'spec', 'capacity', 'storage')).toBe('1Gi');
  });

  it('wants the times of a lease in millionths of a second', () => {
    const lease = (renewTime: string): JsonObject =>
      prepareObject(kindNamed('Lease'), { metadata: { name: 'a' }, spec: { renewTime } }).object;
    expect(valueAt(lease('2026-11-23T19:00:00.123456+09:00'), 'spec', 'renewTime')).toBe('2026-11-23T10:00:00.123456Z');
    expect(() => lease('2026-11-23T10:00:00Z')).toThrow('parsing time "2026-11-23T10:00:00Z"');
  });

  it('is a JSON object', () => {
    expect(() => prepareObject(kindNamed('Job'), [])).toThrow('must be a JSON object');
  });
});
