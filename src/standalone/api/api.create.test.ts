import { describe, expect, it } from 'vitest';
import {
  at,
  DEFINITION_PATH,
  job,
  JOB_PATH,
  names,
  pod,
  POD_PATH,
  TestApi,
  widget,
  WIDGET_PATH,
  widgetDefinition,
} from './test-api.ts';

describe('creating an object', () => {
  it('answers 201 with what the server has added', async () => {
    const test = await TestApi.start();
    const { status, json } = await test.send('POST', POD_PATH, pod('a'));
    expect(status).toBe(201);
    expect(json['metadata']).toMatchObject({
      name: 'a',
      namespace: 'default',
      creationTimestamp: '2026-11-23T04:20:00Z',
      resourceVersion: test.objects.revision.toString(),
    });
    expect(at(json, 'metadata', 'uid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('ignores system metadata that the client brings along', async () => {
    const test = await TestApi.start();
    const own = {
      ...pod('a'),
      metadata: {
        name: 'a',
        uid: 'x',
        creationTimestamp: '2001-01-01T00:00:00Z',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        generation: 7,
      },
    };
    const { json } = await test.send('POST', POD_PATH, own);
    expect(at(json, 'metadata', 'uid')).not.toBe('x');
    expect(at(json, 'metadata', 'creationTimestamp')).toBe('2026-11-23T04:20:00Z');
    expect(json['metadata']).not.toHaveProperty('deletionTimestamp');
  });

  it('refuses a resource version as kube-apiserver does', async () => {
    const test = await TestApi.start();
    const { status, json } = await test.send('POST', POD_PATH, {
      ...pod('a'),
      metadata: { name: 'a', resourceVersion: '5' },
    });
    expect([status, json['message']]).toEqual([500, 'resourceVersion should not be set on objects to be created']);
  });

  it('says AlreadyExists for a name that is taken', async () => {
    const test = await TestApi.start();
    await test.made(JOB_PATH, job('a'));
    const { status, json } = await test.send('POST', JOB_PATH, job('a'));
    expect(status).toBe(409);
    expect(json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'jobs.batch "a" already exists',
      reason: 'AlreadyExists',
      details: { name: 'a', group: 'batch', kind: 'jobs' },
      code: 409,
    });
  });

  it('says 404 for a namespace that does not stand, and 403 for one that is being deleted', async () => {
    const test = await TestApi.start();
    const missing = await test.send('POST', '/api/v1/namespaces/nowhere/pods', pod('a'));
    expect([missing.status, missing.json['message']]).toEqual([404, 'namespaces "nowhere" not found']);
    await test.send('DELETE', '/api/v1/namespaces/openshift-etcd');
    const { status, json } = await test.send('POST', '/api/v1/namespaces/openshift-etcd/pods', pod('a'));
    expect(status).toBe(403);
    expect(json).toMatchObject({
      reason: 'Forbidden',
      message:
        'pods "a" is forbidden: unable to create new content in namespace openshift-etcd because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    });
  });

  it('makes names of a prefix, trying again where one is taken', async () => {
    const letters = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5];
    const test = await TestApi.start({ random: () => letters.shift() ?? 0.9 });
    const nameless = { ...pod(''), metadata: { generateName: 'job-' } };
    const first = await test.made(POD_PATH, nameless);
    const second = await test.made(POD_PATH, nameless);
    expect([at(first, 'metadata', 'name'), at(second, 'metadata', 'name')]).toEqual(['job-bbbbb', 'job-rrrrr']);
  });

  it('gives up on names that are always taken', async () => {
    const test = await TestApi.start();
    const nameless = { ...pod(''), metadata: { generateName: 'job-' } };
    await test.made(POD_PATH, nameless);
    const { status, json } = await test.send('POST', POD_PATH, nameless);
    expect(status).toBe(409);
    expect(json['message']).toBe(
      'pods "job-rrrrr" already exists, the server was not able to generate a unique name for the object',
    );
  });

  it('refuses names in the words of kube-apiserver', async () => {
    const test = await TestApi.start();
    const { status, json } = await test.send('POST', POD_PATH, pod('Not_A_Name'));
    expect(status).toBe(422);
    expect(json['message']).toBe(
      `Pod "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    );
    expect(json['details']).toMatchObject({
      name: 'Not_A_Name',
      kind: 'Pod',
      causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }],
    });
  });

  it('writes nothing on a dry run', async () => {
    const test = await TestApi.start();
    const { status, json } = await test.send('POST', `${POD_PATH}?dryRun=All`, pod('a'));
    expect([status, at(json, 'metadata', 'name')]).toEqual([201, 'a']);
    expect(names((await test.get(POD_PATH)).json)).toEqual([]);
    const other = await test.send('POST', `${POD_PATH}?dryRun=Some`, pod('a'));
    expect([other.status, other.json['reason']]).toEqual([422, 'Invalid']);
  });

  it('warns of unknown fields, refuses them when strict, and drops them in any case', async () => {
    const test = await TestApi.start();
    const odd = (name: string): unknown => ({ ...pod(name), colour: 'red' });
    const warned = await test.send('POST', POD_PATH, odd('a'));
    expect(warned.headers['warning']).toBe('299 - "unknown field \\"colour\\""');
    expect(warned.json).not.toHaveProperty('colour');
    const strict = await test.send('POST', `${POD_PATH}?fieldValidation=Strict`, odd('b'));
    expect([strict.status, strict.json['message']]).toEqual([
      400,
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "colour"',
    ]);
    const ignored = await test.send('POST', `${POD_PATH}?fieldValidation=Ignore`, odd('c'));
    expect(ignored.headers).not.toHaveProperty('warning');
  });

  it('refuses another kind, another version and another namespace than those of the path', async () => {
    const test = await TestApi.start();
    const messages = await Promise.all(
      [
        { ...pod('a'), kind: 'Job' },
        { ...pod('a'), apiVersion: 'v2' },
        { ...pod('a'), metadata: { name: 'a', namespace: 'other' } },
      ].map(async (body) => {
        const { status, json } = await test.send('POST', POD_PATH, body);
        return `${status} ${at(json, 'message')}`;
      }),
    );
    expect(messages).toEqual([
      expect.stringMatching(/^400 the object provided is unrecognized \(must be of type Pod\)/),
      '400 the API version in the data (v2) does not match the expected API version (v1)',
      '400 the namespace of the provided object does not match the namespace sent on the request',
    ]);
  });

  it('takes the namespace away from objects of kinds without namespaces', async () => {
    const test = await TestApi.start();
    await test.made(DEFINITION_PATH, widgetDefinition());
    const made = await test.made(WIDGET_PATH, { ...widget('a'), metadata: { name: 'a', namespace: 'openshift-etcd' } });
    expect(made['metadata']).not.toHaveProperty('namespace');
  });

  it('takes YAML, and refuses protobuf and what is no object', async () => {
    const test = await TestApi.start();
    const yaml = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: main, image: x}\n';
    expect((await test.send('POST', POD_PATH, yaml, { type: 'application/yaml' })).status).toBe(201);
    const bomb = `a: &a [1,1,1,1,1,1,1,1]\n${'bcdefgh'
      .split('')
      .map(
        (name, index) =>
          `${name}: &${name} [${Array<string>(8)
            .fill(`*${'abcdefgh'.charAt(index)}`)
            .join(',')}]`,
      )
      .join('\n')}\n`;
    expect((await test.send('POST', POD_PATH, bomb, { type: 'application/yaml' })).status).toBe(400);
    expect((await test.send('POST', POD_PATH, '{', {})).status).toBe(400);
    expect((await test.send('POST', POD_PATH, '[]', {})).status).toBe(400);
    const cbor = await test.send('POST', POD_PATH, 'x', { type: 'application/cbor' });
    expect([cbor.status, cbor.json['reason']]).toEqual([415, 'UnsupportedMediaType']);
  });

  it('gives a claim the default class, of several the newest', async () => {
    const test = await TestApi.start();
    const storageClass = (name: string): unknown => ({
      metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'example.com/x',
    });
    await test.made('/apis/storage.k8s.io/v1/storageclasses', storageClass('old'));
    test.time.advance(1000);
    await test.made('/apis/storage.k8s.io/v1/storageclasses', storageClass('new'));
    const claim = (name: string, spec: object): unknown => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    });
    const path = '/api/v1/namespaces/default/persistentvolumeclaims';
    expect(at(await test.made(path, claim('a', {})), 'spec', 'storageClassName')).toBe('new');
    expect(at(await test.made(path, claim('b', { storageClassName: '' })), 'spec', 'storageClassName')).toBe('');
  });

  it('says who owns the fields, by the manager named or by the user agent', async () => {
    const test = await TestApi.start();
    const managers = async (query: string, name: string): Promise<string> =>
      at((await test.send('POST', POD_PATH + query, pod(name))).json, 'metadata', 'managedFields', 0, 'manager');
    expect(await managers('', 'a')).toBe('test');
    expect(await managers('?fieldManager=me', 'b')).toBe('me');
  });
});
