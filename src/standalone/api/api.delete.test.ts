import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../schema/index.ts';
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

function options(fields: JsonObject): JsonObject {
  return { kind: 'DeleteOptions', apiVersion: 'v1', ...fields };
}

describe('deleting an object', () => {
  it('removes it at once where nothing keeps it, and says which one it was', async () => {
    const test = await TestApi.start();
    const made = await test.made(JOB_PATH, job('a'));
    const { status, json } = await test.send('DELETE', `${JOB_PATH}/a`, options({ propagationPolicy: 'Background' }));
    expect(status).toBe(200);
    expect(json).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'a', group: 'batch', kind: 'jobs', uid: at(made, 'metadata', 'uid') },
    });
    expect((await test.get(`${JOB_PATH}/a`)).json['message']).toBe('jobs.batch "a" not found');
    expect((await test.send('DELETE', `${JOB_PATH}/a`)).status).toBe(404);
  });

  it('waits for finalizers, and goes with the last one', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a', { finalizers: ['example.com/x'] }));
    const { json } = await test.send('DELETE', `${POD_PATH}/a`);
    expect(json['metadata']).toMatchObject({
      deletionTimestamp: '2026-11-23T04:20:00Z',
      deletionGracePeriodSeconds: 0,
    });
    const more = await test.patch(`${POD_PATH}/a`, 'merge', {
      metadata: { finalizers: ['example.com/x', 'example.com/y'] },
    });
    expect([more.status, more.json['reason']]).toEqual([422, 'Invalid']);
    const again = await test.send('POST', POD_PATH, pod('a'));
    expect(again.json['message']).toBe('object is being deleted: pods "a" already exists');
    expect((await test.patch(`${POD_PATH}/a`, 'merge', { metadata: { finalizers: null } })).status).toBe(200);
    expect((await test.get(`${POD_PATH}/a`)).status).toBe(404);
  });

  it('marks the object for the garbage collector where dependents matter', async () => {
    const test = await TestApi.start();
    const finalizers = async (name: string, fields: JsonObject | undefined): Promise<string> => {
      await test.made(JOB_PATH, job(name));
      const { json } = await test.send('DELETE', `${JOB_PATH}/${name}`, fields && options(fields));
      return at(json, 'metadata', 'finalizers');
    };
    expect(await finalizers('a', { propagationPolicy: 'Foreground' })).toBe('["foregroundDeletion"]');
    expect(await finalizers('b', { propagationPolicy: 'Orphan' })).toBe('["orphan"]');
    expect(await finalizers('c', { propagationPolicy: 'Background' })).toBe('undefined');
    expect(await finalizers('d', { orphanDependents: true })).toBe('["orphan"]');
  });

  it('keeps the pods of a job unless told otherwise, and warns of it', async () => {
    const test = await TestApi.start();
    await test.made(JOB_PATH, job('a'));
    const { json, headers } = await test.send('DELETE', `${JOB_PATH}/a`);
    expect(at(json, 'metadata', 'finalizers')).toBe('["orphan"]');
    expect(headers['warning']).toContain('child pods are preserved by default when jobs are deleted');
  });

  it('refuses policies that it does not know, or two at once', async () => {
    const test = await TestApi.start();
    await test.made(JOB_PATH, job('a'));
    const unknown = await test.send('DELETE', `${JOB_PATH}/a`, options({ propagationPolicy: 'Sideways' }));
    expect([unknown.status, unknown.json['reason']]).toEqual([422, 'Invalid']);
    const both = options({ propagationPolicy: 'Orphan', orphanDependents: true });
    expect((await test.send('DELETE', `${JOB_PATH}/a`, both)).status).toBe(422);
    expect((await test.send('DELETE', `${JOB_PATH}/a?propagationPolicy=Background`)).status).toBe(200);
  });

  it('holds to preconditions', async () => {
    const test = await TestApi.start();
    await test.made(JOB_PATH, job('a'));
    const uid = await test.send('DELETE', `${JOB_PATH}/a`, options({ preconditions: { uid: 'other' } }));
    expect([uid.status, uid.json['reason']]).toEqual([409, 'Conflict']);
    expect(at(uid.json, 'message')).toContain('the UID in the precondition (other) does not match the UID in record');
    const version = await test.send('DELETE', `${JOB_PATH}/a`, options({ preconditions: { resourceVersion: '1' } }));
    expect(at(version.json, 'message')).toContain('The object might have been modified');
  });

  it('removes nothing on a dry run', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a'));
    expect((await test.send('DELETE', `${POD_PATH}/a?dryRun=All`)).status).toBe(200);
    expect((await test.get(`${POD_PATH}/a`)).status).toBe(200);
  });

  it('deletes what is selected of a collection', async () => {
    const test = await TestApi.start();
    for (const [name, color] of [
      ['a', 'red'],
      ['b', 'blue'],
      ['c', 'red'],
    ]) {
      await test.made(POD_PATH, pod(name ?? '', { labels: { color: color ?? '' } }));
    }
    const { status, json } = await test.send('DELETE', `${POD_PATH}?labelSelector=color%3Dred`);
    expect([status, json['kind'], names(json)]).toEqual([200, 'PodList', ['a', 'c']]);
    expect(names((await test.get(POD_PATH)).json)).toEqual(['b']);
  });
});

describe('deleting a pod', () => {
  it('leaves it to its node for its grace', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a', { nodeName: 'here' }));
    const { json } = await test.send('DELETE', `${POD_PATH}/a`);
    expect(json['metadata']).toMatchObject({
      deletionTimestamp: '2026-11-23T04:20:30Z',
      deletionGracePeriodSeconds: 30,
    });
    const longer = await test.send('DELETE', `${POD_PATH}/a`, options({ gracePeriodSeconds: 60 }));
    expect(at(longer.json, 'metadata', 'deletionGracePeriodSeconds')).toBe('30');
    const shorter = await test.send('DELETE', `${POD_PATH}/a`, options({ gracePeriodSeconds: 5 }));
    expect(shorter.json['metadata']).toMatchObject({
      deletionTimestamp: '2026-11-23T04:20:05Z',
      deletionGracePeriodSeconds: 5,
    });
    expect((await test.send('DELETE', `${POD_PATH}/a`, options({ gracePeriodSeconds: 0 }))).status).toBe(200);
    expect((await test.get(`${POD_PATH}/a`)).status).toBe(404);
  });

  it('removes one at once that has no node or has ended', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a'));
    await test.made(POD_PATH, pod('b', { nodeName: 'here' }));
    await test.patch(`${POD_PATH}/b/status`, 'merge', { status: { phase: 'Succeeded' } });
    for (const name of ['a', 'b']) await test.send('DELETE', `${POD_PATH}/${name}`);
    expect(names((await test.get(POD_PATH)).json)).toEqual([]);
  });
});

describe('deleting a namespace', () => {
  it('only marks it; who finalizes it lets it go', async () => {
    const test = await TestApi.start();
    const { json } = await test.send('DELETE', '/api/v1/namespaces/openshift-etcd');
    expect([at(json, 'status', 'phase'), at(json, 'spec', 'finalizers')]).toEqual(['Terminating', '["kubernetes"]']);
    const usual = { ...json, spec: {} };
    expect(at((await test.send('PUT', '/api/v1/namespaces/openshift-etcd', usual)).json, 'spec', 'finalizers')).toBe(
      '["kubernetes"]',
    );
    expect((await test.send('PUT', '/api/v1/namespaces/openshift-etcd/finalize', usual)).status).toBe(200);
    expect((await test.get('/api/v1/namespaces/openshift-etcd')).status).toBe(404);
  });

  it('refuses it for those of the system', async () => {
    const test = await TestApi.start();
    const { status, json } = await test.send('DELETE', '/api/v1/namespaces/default');
    expect([status, json['message']]).toEqual([
      403,
      'namespaces "default" is forbidden: this namespace may not be deleted',
    ]);
  });
});

describe('a definition', () => {
  it('serves its kind from the moment that it is made until it is deleted, with all its objects', async () => {
    const test = await TestApi.start();
    expect((await test.get(WIDGET_PATH)).text).toBe('404 page not found\n');
    const made = await test.made(DEFINITION_PATH, widgetDefinition());
    expect(made['status']).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
      storedVersions: ['v1'],
    });
    await test.made(WIDGET_PATH, widget('a'));
    expect(names((await test.get(WIDGET_PATH)).json)).toEqual(['a']);
    expect((await test.send('DELETE', `${DEFINITION_PATH}/widgets.example.com`)).status).toBe(200);
    expect((await test.get(WIDGET_PATH)).status).toBe(404);
    await test.made(DEFINITION_PATH, widgetDefinition());
    expect(names((await test.get(WIDGET_PATH)).json)).toEqual([]);
  });

  it('waits for objects that have finalizers, and takes no new ones', async () => {
    const test = await TestApi.start();
    await test.made(DEFINITION_PATH, widgetDefinition());
    await test.made(WIDGET_PATH, { ...widget('a'), metadata: { name: 'a', finalizers: ['example.com/x'] } });
    await test.made(WIDGET_PATH, widget('b'));
    const { json } = await test.send('DELETE', `${DEFINITION_PATH}/widgets.example.com`);
    expect(at(json, 'metadata', 'finalizers')).toBe('["customresourcecleanup.apiextensions.k8s.io"]');
    expect(names((await test.get(WIDGET_PATH)).json)).toEqual(['a']);
    expect((await test.send('POST', WIDGET_PATH, widget('c'))).status).toBe(405);
    await test.patch(`${WIDGET_PATH}/a`, 'merge', { metadata: { finalizers: null } });
    expect((await test.get(`${DEFINITION_PATH}/widgets.example.com`)).status).toBe(404);
    expect((await test.get(WIDGET_PATH)).status).toBe(404);
  });

  it('serves all its versions from the same objects', async () => {
    const test = await TestApi.start();
    const definition = widgetDefinition();
    const spec = definition['spec'] as JsonObject;
    const [first] = spec['versions'] as JsonObject[];
    const versions = [first ?? {}, { ...first, name: 'v2', storage: false }];
    await test.made(DEFINITION_PATH, { ...definition, spec: { ...spec, versions } });
    await test.made(WIDGET_PATH, widget('a'));
    const { json } = await test.get('/apis/example.com/v2/widgets/a');
    expect(json['apiVersion']).toBe('example.com/v2');
    expect(at((await test.get('/apis/example.com/v2/widgets')).json, 'items', 0, 'apiVersion')).toBe('example.com/v2');
    expect((await test.patch('/apis/example.com/v2/widgets/a', 'merge', { spec: { size: 3 } })).status).toBe(200);
  });

  it('is not served where another kind has its names', async () => {
    const test = await TestApi.start();
    const rival = widgetDefinition();
    const spec = { ...(rival['spec'] as JsonObject), group: 'batch', names: { plural: 'jobs', kind: 'Job' } };
    const made = await test.made(DEFINITION_PATH, { ...rival, metadata: { name: 'jobs.batch' }, spec });
    expect(at(made, 'status', 'conditions', 1, 'status')).toBe('False');
    expect(at((await test.get('/apis/batch/v1')).json, 'resources', 0, 'kind')).not.toBe('undefined');
    await test.made(JOB_PATH, job('a'));
  });
});
