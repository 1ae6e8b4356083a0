import { describe, expect, it } from 'vitest';
import { at, DEFINITION_PATH, TestApi, WIDGET_PATH, widgetDefinition } from './test-api.ts';

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

describe('discovery', () => {
  it('names versions, groups and resources one after the other', async () => {
    const test = await TestApi.start();
    expect((await test.get('/api')).json).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const groups = (await test.get('/apis')).json;
    expect(JSON.stringify(groups)).toContain('"groupVersion":"batch/v1"');
    expect((await test.get('/apis/batch')).json).toMatchObject({
      kind: 'APIGroup',
      name: 'batch',
      preferredVersion: { version: 'v1' },
    });
    const { resources } = (await test.get('/apis/batch/v1')).json;
    const found = Array.isArray(resources) ? resources.map((each) => at(each, 'name')) : [];
    expect(found).toEqual(['jobs', 'jobs/status', 'cronjobs', 'cronjobs/status']);
    const core = JSON.stringify((await test.get('/api/v1')).json);
    for (const name of ['pods/log', 'namespaces/finalize', 'persistentvolumes/status'])
      expect(core).toContain(`"${name}"`);
  });

  it('names everything at once to newer clients, and nothing anew to those who know it', async () => {
    const test = await TestApi.start();
    const { json, headers } = await test.get('/apis', { accept: AGGREGATED });
    expect([json['kind'], json['apiVersion']]).toEqual(['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2']);
    expect(headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const tag = headers['etag'] ?? '';
    const again = await test.get('/apis', { accept: AGGREGATED, 'if-none-match': tag });
    expect([again.status, again.text]).toEqual([304, '']);
    const core = await test.get('/api', { accept: AGGREGATED });
    expect(at(core.json, 'items', 0, 'versions', 0, 'resources', 0, 'scope')).toMatch(/^(Cluster|Namespaced)$/);
    await test.made(DEFINITION_PATH, widgetDefinition());
    expect((await test.get('/apis', { accept: AGGREGATED, 'if-none-match': tag })).status).toBe(200);
  });

  it('follows definitions', async () => {
    const test = await TestApi.start();
    expect((await test.get('/apis/example.com')).status).toBe(404);
    await test.made(DEFINITION_PATH, widgetDefinition());
    expect(at((await test.get('/apis/example.com/v1')).json, 'resources', 0, 'kind')).toBe('Widget');
    expect(JSON.stringify((await test.get('/openapi/v3')).json)).toContain('apis/example.com/v1');
  });
});

describe('the documents about kinds', () => {
  it('are OpenAPI v2, in JSON or protobuf', async () => {
    const test = await TestApi.start();
    expect((await test.get('/openapi/v2')).json['swagger']).toBe('2.0');
    const { headers } = await test.get('/openapi/v2', {
      accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
    });
    expect(headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  });

  it('are OpenAPI v3 for each group and version', async () => {
    const test = await TestApi.start();
    const index = (await test.get('/openapi/v3')).json;
    const url = at(index, 'paths', 'apis/batch/v1', 'serverRelativeURL');
    expect((await test.get(url)).json['openapi']).toBe('3.0.0');
    expect((await test.get('/openapi/v3/apis/nothing/v1')).status).toBe(404);
  });
});

describe('paths', () => {
  it('tell health and version', async () => {
    let isReady = false;
    const test = await TestApi.start({ isReady: () => isReady, version: 'v1.31.2+x' });
    expect((await test.get('/healthz')).text).toBe('ok');
    expect((await test.get('/readyz')).status).toBe(503);
    isReady = true;
    expect((await test.get('/readyz?verbose')).text).toBe('ok');
    expect((await test.get('/version')).json).toMatchObject({ major: '1', minor: '31', gitVersion: 'v1.31.2+x' });
  });

  it('that nobody knows are not found, and methods that make no sense not allowed', async () => {
    const test = await TestApi.start();
    for (const path of ['/nothing', `${WIDGET_PATH}/a`, '/apis/nobody.example.com', '/openapi/v4'])
      expect([path, (await test.get(path)).text]).toEqual([path, '404 page not found\n']);
    // Groups that a real server serves by itself say it as an object.
    for (const path of [
      '/api/v2/pods',
      '/api/v1/nothings',
      '/api/v1/pods/a',
      '/api/v1/namespaces/default/pods/a/exec',
      '/apis/batch/v9',
      '/apis/batch/v1/namespaces/default/nothings/a',
    ]) {
      const { status, json } = await test.get(path);
      expect([path, status, json['reason'], json['message']]).toEqual([
        ...[path, 404, 'NotFound', 'the server could not find the requested resource'],
      ]);
    }
    expect((await test.send('POST', '/version', {})).status).toBe(405);
    expect((await test.send('POST', '/api/v1/pods', {})).status).toBe(405);
    expect((await test.send('PUT', '/api/v1/namespaces/default/pods', {})).status).toBe(405);
    expect((await test.send('DELETE', '/api/v1/namespaces/default/pods/a/status')).status).toBe(405);
    expect((await test.get('/api/v1/%E0%A4')).status).toBe(400);
  });
});
