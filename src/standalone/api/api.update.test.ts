import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../schema/index.ts';
import {
  at,
  DEFINITION_PATH,
  job,
  JOB_PATH,
  pod,
  POD_PATH,
  TestApi,
  widget,
  WIDGET_PATH,
  widgetDefinition,
} from './test-api.ts';

async function withWidget(spec: JsonObject = { size: 1 }): Promise<{ test: TestApi; made: JsonObject }> {
  const test = await TestApi.start();
  await test.made(DEFINITION_PATH, widgetDefinition());
  return { test, made: await test.made(WIDGET_PATH, widget('a', spec)) };
}

function withMeta(object: JsonObject, fields: JsonObject): JsonObject {
  return { ...object, metadata: { ...(object['metadata'] as JsonObject), ...fields } };
}

describe('updating an object', () => {
  it('refuses a version that is not the newest', async () => {
    const { test, made } = await withWidget();
    expect((await test.send('PUT', `${WIDGET_PATH}/a`, { ...made, spec: { size: 2 } })).status).toBe(200);
    const { status, json } = await test.send('PUT', `${WIDGET_PATH}/a`, { ...made, spec: { size: 3 } });
    expect([status, json['reason'], json['message']]).toEqual([
      409,
      'Conflict',
      'Operation cannot be fulfilled on widgets.example.com "a": the object has been modified; please apply your changes to the latest version and try again',
    ]);
  });

  it('needs a version for custom kinds, and none for pods', async () => {
    const { test, made } = await withWidget();
    const { status, json } = await test.send('PUT', `${WIDGET_PATH}/a`, withMeta(made, { resourceVersion: '' }));
    expect([status, json['message']]).toEqual([
      422,
      'widgets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    ]);
    await test.made(POD_PATH, pod('p'));
    expect((await test.send('PUT', `${POD_PATH}/p`, pod('p', { labels: { a: 'b' } }))).status).toBe(200);
  });

  it('refuses another uid and another name', async () => {
    const { test, made } = await withWidget();
    const uid = await test.send('PUT', `${WIDGET_PATH}/a`, withMeta(made, { uid: 'other' }));
    expect([uid.status, uid.json['reason']]).toEqual([409, 'Conflict']);
    expect(at(uid.json, 'message')).toContain('Precondition failed: UID in precondition: other, UID in object meta: ');
    const name = await test.send('PUT', `${WIDGET_PATH}/a`, withMeta(made, { name: 'b' }));
    expect([name.status, name.json['message']]).toEqual([
      400,
      'the name of the object (b) does not match the name on the URL (a)',
    ]);
  });

  it('says 404 for what does not stand, but makes an event', async () => {
    const test = await TestApi.start();
    expect((await test.send('PUT', `${POD_PATH}/a`, pod('a'))).json['message']).toBe('pods "a" not found');
    const event = {
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'a' },
    };
    expect((await test.send('PUT', '/api/v1/namespaces/default/events/e', event)).status).toBe(201);
  });

  it('keeps the status from the object, and the object from the status', async () => {
    const { test, made } = await withWidget();
    const both = { ...made, spec: { size: 5, color: 'red' }, status: { phase: 'Done' } };
    const main = (await test.send('PUT', `${WIDGET_PATH}/a`, both)).json;
    expect([main['spec'], main['status']]).toEqual([{ size: 5, color: 'red' }, undefined]);
    const wanted = { ...withMeta(main, { labels: { a: 'b' } }), spec: { size: 9 }, status: { phase: 'Done' } };
    const status = (await test.send('PUT', `${WIDGET_PATH}/a/status`, wanted)).json;
    expect([status['spec'], status['status']]).toEqual([{ size: 5, color: 'red' }, { phase: 'Done' }]);
    expect(status['metadata']).not.toHaveProperty('labels');
  });

  it('counts generations of the spec alone', async () => {
    const { test, made } = await withWidget();
    const generation = (object: JsonObject): string => at(object, 'metadata', 'generation');
    expect(generation(made)).toBe('1');
    const labelled = (await test.patch(`${WIDGET_PATH}/a`, 'merge', { metadata: { labels: { a: 'b' } } })).json;
    expect(generation(labelled)).toBe('1');
    const said = (await test.patch(`${WIDGET_PATH}/a/status`, 'merge', { status: { phase: 'Done' } })).json;
    expect(generation(said)).toBe('1');
    const resized = (await test.patch(`${WIDGET_PATH}/a`, 'merge', { spec: { size: 2 } })).json;
    expect(generation(resized)).toBe('2');
    await test.made(POD_PATH, pod('p'));
    expect(generation((await test.get(`${POD_PATH}/p`)).json)).toBe('undefined');
  });

  it('is no write where nothing changes', async () => {
    const { test, made } = await withWidget();
    const before = test.objects.revision;
    test.time.advance(5000);
    const { json } = await test.send('PUT', `${WIDGET_PATH}/a`, made);
    expect(at(json, 'metadata', 'resourceVersion')).toBe(at(made, 'metadata', 'resourceVersion'));
    expect((await test.patch(`${WIDGET_PATH}/a`, 'merge', { spec: { size: 1 } })).status).toBe(200);
    expect(test.objects.revision).toBe(before);
  });

  it('holds what is written to the schema', async () => {
    const { test, made } = await withWidget();
    const { status, json } = await test.send('PUT', `${WIDGET_PATH}/a`, { ...made, spec: { size: 0 } });
    expect(status).toBe(422);
    expect(json['message']).toBe(
      'Widget.example.com "a" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    );
  });

  it('lets no label of system metadata be changed', async () => {
    const { test, made } = await withWidget();
    const changed = withMeta(made, { creationTimestamp: '2001-01-01T00:00:00Z', generation: 99, labels: { a: 'b' } });
    const { json } = await test.send('PUT', `${WIDGET_PATH}/a`, changed);
    expect(json['metadata']).toMatchObject({
      creationTimestamp: '2026-11-23T04:20:00Z',
      generation: 1,
      labels: { a: 'b' },
    });
  });

  it('tries a dry run without writing', async () => {
    const { test, made } = await withWidget();
    const { json } = await test.send('PUT', `${WIDGET_PATH}/a?dryRun=All`, { ...made, spec: { size: 7 } });
    expect(at(json, 'spec', 'size')).toBe('7');
    expect(at((await test.get(`${WIDGET_PATH}/a`)).json, 'spec', 'size')).toBe('1');
  });
});

describe('patching an object', () => {
  it('takes JSON patches, and refuses those that do not fit', async () => {
    const { test } = await withWidget();
    const { json } = await test.patch(`${WIDGET_PATH}/a`, 'json', [{ op: 'replace', path: '/spec/size', value: 4 }]);
    expect(at(json, 'spec', 'size')).toBe('4');
    const failed = await test.patch(`${WIDGET_PATH}/a`, 'json', [{ op: 'test', path: '/spec/size', value: 1 }]);
    expect([failed.status, failed.json['reason']]).toEqual([422, 'Invalid']);
  });

  it('takes strategic merge patches for built-in kinds alone', async () => {
    const { test } = await withWidget();
    const refused = await test.patch(`${WIDGET_PATH}/a`, 'strategic', { spec: { size: 2 } });
    expect([refused.status, refused.json['message']]).toEqual([
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    ]);
    await test.made(JOB_PATH, job('j'));
    const { json } = await test.patch(`${JOB_PATH}/j`, 'strategic', {
      metadata: { labels: { a: 'b' } },
      spec: { suspend: true },
    });
    expect([at(json, 'metadata', 'labels', 'a'), at(json, 'spec', 'suspend')]).toEqual(['b', 'true']);
  });

  it('applies: makes, changes, gives up fields and tells of conflicts', async () => {
    const { test } = await withWidget();
    const apply = (name: string, manager: string, spec: JsonObject, query = ''): ReturnType<TestApi['patch']> =>
      test.patch(`${WIDGET_PATH}/${name}?fieldManager=${manager}${query}`, 'apply', widget(name, spec));
    expect((await apply('b', 'me', { size: 1, color: 'blue' })).status).toBe(201);
    const conflict = await apply('b', 'you', { size: 2 });
    expect(conflict.status).toBe(409);
    expect(conflict.json).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "me": .spec.size',
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.size' }] },
    });
    expect(at((await apply('b', 'you', { size: 2 }, '&force=true')).json, 'spec', 'size')).toBe('2');
    const { json } = await apply('b', 'me', {});
    expect(json['spec']).toEqual({ size: 2, color: 'red' });
  });

  it('needs to know who applies, and never applies to a status that has no object', async () => {
    const { test } = await withWidget();
    const nameless = await test.patch(`${WIDGET_PATH}/b`, 'apply', widget('b'));
    expect([nameless.status, nameless.json['message']]).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ]);
    const status = await test.patch(`${WIDGET_PATH}/b/status?fieldManager=me`, 'apply', widget('b'));
    expect(status.status).toBe(404);
  });

  it('refuses unknown fields in a strict patch', async () => {
    const { test } = await withWidget();
    const { status, json } = await test.patch(`${WIDGET_PATH}/a?fieldValidation=Strict`, 'merge', {
      spec: { weight: 1 },
    });
    expect(status).toBe(422);
    expect(at(json, 'message')).toMatch(/patch: Invalid value: .*strict decoding error: unknown field "spec.weight"$/);
  });

  it('says 404 for what does not stand', async () => {
    const { test } = await withWidget();
    expect((await test.patch(`${WIDGET_PATH}/b`, 'merge', {})).json['message']).toBe(
      'widgets.example.com "b" not found',
    );
  });

  it('sees a version in the patch as a condition', async () => {
    const { test } = await withWidget();
    const { status } = await test.patch(`${WIDGET_PATH}/a`, 'merge', {
      metadata: { resourceVersion: '1' },
      spec: { size: 2 },
    });
    expect(status).toBe(409);
  });
});
