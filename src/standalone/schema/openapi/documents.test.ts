import { describe, expect, it } from 'vitest';
import { backupDefinition, etcdBackupDefinition } from '../../../crd/index.ts';
import { protobuf } from '../../../base/index.ts';
import { kindsFromDefinition } from '../custom/kinds-from-definition.ts';
import { isJsonObject, objectAt, textAt, textsAt, valueAt, type Json, type JsonObject } from '../json.ts';
import { builtInKinds } from '../kinds/index.ts';
import { documentName, openApiV2, openApiV3, openApiV3Index } from './documents.ts';
import { openApiV2Protobuf } from './v2-protobuf.ts';

const kinds = [
  ...builtInKinds(),
  ...kindsFromDefinition(backupDefinition),
  ...kindsFromDefinition(etcdBackupDefinition),
];
const ofDocument = (name: string): JsonObject => openApiV3(kinds.filter((kind) => documentName(kind) === name));

function references(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (!isJsonObject(value)) return [];
  return [textAt(value, '$ref'), ...Object.values(value).flatMap(references)].filter((text) => text.startsWith('#'));
}

function keys(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keys);
  return isJsonObject(value) ? Object.entries(value).flatMap(([key, item]) => [key, ...keys(item)]) : [];
}

describe('the OpenAPI v3 documents', () => {
  it('are one for each group and version, each with a digest of what it says', () => {
    const index = openApiV3Index(kinds);
    expect(Object.keys(objectAt(index, 'paths'))).toEqual(
      [
        'api/v1',
        'batch/v1',
        'storage.k8s.io/v1',
        'coordination.k8s.io/v1',
        'apiextensions.k8s.io/v1',
        'config.openshift.io/v1',
        'config.openshift.io/v1alpha1',
        'operator.openshift.io/v1alpha1',
      ].map((name) => (name.startsWith('api/') ? name : `apis/${name}`)),
    );
    expect(textAt(index, 'paths', 'api/v1', 'serverRelativeURL')).toMatch(
      /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/,
    );
    expect(openApiV3Index(kinds)).toEqual(index);
  });

  it.each(['api/v1', 'apis/batch/v1', 'apis/config.openshift.io/v1alpha1'])(
    'of %s name everything that they refer to',
    (name) => {
      const document = ofDocument(name);
      const known = Object.keys(objectAt(document, 'components', 'schemas')).map(
        (one) => `#/components/schemas/${one}`,
      );
      expect(references(document).filter((one) => !known.includes(one))).toEqual([]);
    },
  );

  it('say that the server itself checks fields, by which kubectl decides who does', () => {
    const patch = objectAt(
      ofDocument('apis/batch/v1'),
      'paths',
      '/apis/batch/v1/namespaces/{namespace}/jobs/{name}',
      'patch',
    );
    const parameters = Array.isArray(patch['parameters']) ? patch['parameters'] : [];
    expect(parameters.map((one) => textAt(one, 'name'))).toEqual([
      'dryRun',
      'fieldManager',
      'fieldValidation',
      'force',
    ]);
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'batch', version: 'v1', kind: 'Job' });
    expect(Object.keys(objectAt(patch, 'requestBody', 'content'))).toContain('application/strategic-merge-patch+json');
  });

  it('offer no strategic merge patch for custom kinds', () => {
    const path = '/apis/config.openshift.io/v1alpha1/backups/{name}';
    const patch = objectAt(ofDocument('apis/config.openshift.io/v1alpha1'), 'paths', path, 'patch');
    expect(Object.keys(objectAt(patch, 'requestBody', 'content'))).toEqual([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
    ]);
  });

  it('describe a field where it stands and its type by reference', () => {
    const schemas = objectAt(ofDocument('apis/batch/v1'), 'components', 'schemas');
    expect(valueAt(schemas, 'io.k8s.api.batch.v1.JobSpec', 'properties', 'template')).toEqual({
      description: 'What the pods of the job are made from.',
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec' }],
    });
    expect(textAt(schemas, 'io.k8s.api.core.v1.PodTemplateSpec', 'description')).toBe('What pods are made from.');
  });

  it('tell nothing of how the engine names its own', () => {
    expect(keys(ofDocument('api/v1')).filter((key) => key.startsWith('x-holdfast'))).toEqual([]);
    expect(JSON.stringify(ofDocument('api/v1'))).not.toMatch(/"(quantity|micro-time)"/);
  });
});

describe('the OpenAPI v2 document', () => {
  const document = openApiV2(kinds);

  it('names everything that it refers to, and every kind with its list', () => {
    const known = Object.keys(objectAt(document, 'definitions')).map((one) => `#/definitions/${one}`);
    expect(references(document).filter((one) => !known.includes(one))).toEqual([]);
    expect(known).toEqual(
      expect.arrayContaining([
        '#/definitions/io.openshift.config.v1alpha1.Backup',
        '#/definitions/io.k8s.api.core.v1.PodList',
      ]),
    );
  });

  it('carries how lists are merged', () => {
    expect(valueAt(document, 'definitions', 'io.k8s.api.core.v1.PodSpec', 'properties', 'volumes')).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge,retainKeys',
    });
  });

  it('has no words of v3', () => {
    const used = new Set(keys(objectAt(document, 'definitions')));
    for (const word of ['nullable', 'allOf', 'anyOf', 'oneOf', 'not']) expect(used).not.toContain(word);
  });

  it('as protobuf holds the same definitions and the same paths', () => {
    const { message, nested, repeated, repeatedString, string } = protobuf;
    const extension = message({ name: string(1), value: nested(2, message({ yaml: string(2) })) });
    const schema = message({
      description: string(4),
      required: repeatedString(19),
      extensions: repeated(31, extension),
    });
    const named = message({ name: string(1), value: nested(2, schema) });
    const reader = message({
      swagger: string(1),
      paths: nested(8, message({ path: repeated(2, message({ name: string(1) })) })),
      definitions: nested(9, message({ schemas: repeated(1, named) })),
    });
    const read = reader.decode(openApiV2Protobuf(kinds));
    expect(read.swagger).toBe('2.0');
    expect(read.paths?.path.map(({ name }) => name)).toEqual(Object.keys(objectAt(document, 'paths')));
    const definitions = objectAt(document, 'definitions');
    expect(read.definitions?.schemas.map(({ name }) => name)).toEqual(Object.keys(definitions));
    const container = 'io.k8s.api.core.v1.Container';
    const found = read.definitions?.schemas.find(({ name }) => name === container)?.value;
    expect(found?.description).toBe(textAt(definitions, container, 'description'));
    expect(found?.required).toEqual(textsAt(definitions, container, 'required'));
    const pod = read.definitions?.schemas.find(({ name }) => name === 'io.k8s.api.core.v1.Pod')?.value;
    expect(pod?.extensions[0]).toEqual({
      name: 'x-kubernetes-group-version-kind',
      value: { yaml: '[{"group":"","kind":"Pod","version":"v1"}]\n' },
    });
  });
});
