import { describe, expect, it } from 'vitest';
import { at, names, pod, POD_PATH, TestApi } from './test-api.ts';

async function withPods(...podNames: readonly string[]): Promise<TestApi> {
  const test = await TestApi.start({ history: { changes: 20, bytes: 1e6 } });
  for (const name of podNames) await test.made(POD_PATH, pod(name, { labels: { first: name.charAt(0) } }));
  return test;
}

describe('listing objects', () => {
  it('gives all of a namespace, or of all namespaces, in order', async () => {
    const test = await withPods('b', 'a');
    await test.made('/api/v1/namespaces/openshift-etcd/pods', pod('0'));
    const { json } = await test.get(POD_PATH);
    expect([json['kind'], json['apiVersion'], names(json)]).toEqual(['PodList', 'v1', ['a', 'b']]);
    expect(at(json, 'metadata', 'resourceVersion')).toBe(test.objects.revision.toString());
    expect(names((await test.get('/api/v1/pods')).json)).toEqual(['a', 'b', '0']);
    expect(names((await test.get('/api/v1/namespaces/nowhere/pods')).json)).toEqual([]);
  });

  it('selects by labels and by fields', async () => {
    const test = await withPods('a1', 'a2', 'b1');
    await test.patch(`${POD_PATH}/b1/status`, 'merge', { status: { phase: 'Running' } });
    const selected = async (query: Record<string, string>): Promise<readonly string[]> =>
      names((await test.get(`${POD_PATH}?${new URLSearchParams(query).toString()}`)).json);
    expect(await selected({ labelSelector: 'first in (a, c)' })).toEqual(['a1', 'a2']);
    expect(await selected({ labelSelector: 'first!=a' })).toEqual(['b1']);
    expect(await selected({ fieldSelector: 'metadata.name=a2' })).toEqual(['a2']);
    expect(await selected({ fieldSelector: 'status.phase=Running' })).toEqual(['b1']);
    expect(await selected({ fieldSelector: 'metadata.namespace!=default' })).toEqual([]);
    const bad = await test.get(`${POD_PATH}?fieldSelector=spec.color%3Dred`);
    expect([bad.status, bad.json['message']]).toEqual([400, 'field label "spec.color" not supported for Pod']);
  });

  it('comes in pages of one instant', async () => {
    const test = await withPods('a', 'b', 'c', 'd');
    const first = (await test.get(`${POD_PATH}?limit=2`)).json;
    expect([names(first), at(first, 'metadata', 'remainingItemCount')]).toEqual([['a', 'b'], '2']);
    await test.made(POD_PATH, pod('bb'));
    await test.send('DELETE', `${POD_PATH}/d`);
    const token = at(first, 'metadata', 'continue');
    const second = (await test.get(`${POD_PATH}?limit=2&continue=${token}`)).json;
    expect(names(second)).toEqual(['c', 'd']);
    expect(at(second, 'metadata', 'resourceVersion')).toBe(at(first, 'metadata', 'resourceVersion'));
    expect(second['metadata']).not.toHaveProperty('continue');
  });

  it('says 410 for pages of an instant that is forgotten, with a token that goes on as of now', async () => {
    const test = await withPods('a', 'b', 'c', 'd');
    const first = (await test.get(`${POD_PATH}?limit=2`)).json;
    for (let n = 0; n < 21; n++) await test.patch(`${POD_PATH}/a`, 'merge', { metadata: { labels: { n: String(n) } } });
    await test.send('DELETE', `${POD_PATH}/c`);
    const { status, json } = await test.get(`${POD_PATH}?continue=${at(first, 'metadata', 'continue')}`);
    expect([status, json['reason']]).toEqual([410, 'Expired']);
    const onward = await test.get(`${POD_PATH}?continue=${at(json, 'metadata', 'continue')}`);
    expect(names(onward.json)).toEqual(['d']);
  });

  it('refuses tokens that are none', async () => {
    const test = await withPods('a');
    const forged = Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}').toString('base64url');
    for (const token of ['xyz', forged]) {
      expect((await test.get(`${POD_PATH}?continue=${token}`)).status).toBe(400);
    }
  });

  it('reads any version up to now, exactly if that is asked for', async () => {
    const test = await withPods('a');
    const then = test.objects.revision.toString();
    await test.made(POD_PATH, pod('b'));
    const listed = async (query: string): Promise<string> => {
      const { status, json } = await test.get(`${POD_PATH}?${query}`);
      return status === 200 ? names(json).join() : `${status} ${at(json, 'reason')}`;
    };
    expect(await listed('resourceVersion=0')).toBe('a,b');
    expect(await listed(`resourceVersion=${then}`)).toBe('a,b');
    expect(await listed(`resourceVersion=${then}&resourceVersionMatch=Exact`)).toBe('a');
    expect(await listed(`resourceVersion=${then}&limit=5`)).toBe('a');
    expect(await listed('resourceVersion=999')).toBe('504 Timeout');
    expect(await listed('resourceVersion=abc')).toBe('400 BadRequest');
    expect(await listed('resourceVersionMatch=Exact')).toBe('422 Invalid');
  });

  it('is answered as a table where the client wants one', async () => {
    const test = await withPods('a');
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { json } = await test.get(POD_PATH, { accept });
    expect(json).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      rows: [{ object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
    });
    expect([at(json, 'columnDefinitions', 0, 'name'), at(json, 'rows', 0, 'cells', 0)]).toEqual(['Name', 'a']);
    const none = await test.get(`${POD_PATH}/a?includeObject=None`, { accept });
    expect(at(none.json, 'rows', 0, 'object')).toBe('null');
    const whole = await test.get(`${POD_PATH}?includeObject=Object`, { accept });
    expect(at(whole.json, 'rows', 0, 'object', 'kind')).toBe('Pod');
    const error = await test.get(`${POD_PATH}/b`, { accept });
    expect(error.json['kind']).toBe('Status');
  });

  it('is answered with metadata alone, in YAML, or not at all', async () => {
    const test = await withPods('a');
    const { json } = await test.get(POD_PATH, {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    });
    expect(json['kind']).toBe('PartialObjectMetadataList');
    expect((await test.get(`${POD_PATH}/a`, { accept: 'application/yaml' })).text).toContain('kind: Pod\n');
    const both = await test.get(POD_PATH, { accept: 'application/vnd.kubernetes.protobuf,application/json' });
    expect(both.headers['content-type']).toBe('application/json');
    const protobuf = await test.get(POD_PATH, { accept: 'application/vnd.kubernetes.protobuf' });
    expect([protobuf.status, protobuf.json['reason']]).toEqual([406, 'NotAcceptable']);
  });
});
