import { describe, expect, it } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { OpenStream, ScriptedApi, type AskedRequest, type ScriptedAnswer } from '../../test/kit/scripted-api.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { createKubeClient, type KubeClientOptions } from './create-kube-client.ts';
import type { KubeClient } from './kube-client.ts';
import { jobs, namespaces, pods } from './resource.ts';

type Answering = (request: AskedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>;

function clientOf(
  answer: Answering,
  options: Partial<KubeClientOptions> = {},
): { readonly client: KubeClient; readonly api: ScriptedApi } {
  const api = new ScriptedApi(answer);
  return { client: createKubeClient({ transport: api.transport, ...options }), api };
}

const manualTime = (): ManualTime => new ManualTime(new Date('2026-11-23T00:00:00Z'));

function namespace(name: string, resourceVersion = '1'): Record<string, unknown> {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, resourceVersion, uid: `uid-${name}` } };
}

function pageOf(names: readonly string[], next?: string, resourceVersion = '7'): ScriptedAnswer {
  const items = names.map((name) => ({ metadata: { name } }));
  return { json: { kind: 'NamespaceList', metadata: { resourceVersion, ...(next && { continue: next }) }, items } };
}

function refusal(code: number, reason: string, message: string): ScriptedAnswer {
  return { status: code, json: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message } };
}

const job = (namespaceName: string, name: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace: namespaceName, name, uid: 'u', resourceVersion: '5', creationTimestamp: '' },
  spec: { template: { spec: { containers: [] } } },
});

describe('the requests of a client', () => {
  const { client, api } = clientOf(({ body }) => ({ json: body ?? job('a', 'b') }), {
    userAgent: 'holdfast-operator/1',
  });
  const call = async (making: () => Promise<unknown>): Promise<AskedRequest | undefined> => {
    await making();
    return api.asked.at(-1);
  };

  it('read one object', async () => {
    expect(await call(() => client.get(jobs, { namespace: 'a', name: 'b' }))).toMatchObject({
      method: 'GET',
      path: '/apis/batch/v1/namespaces/a/jobs/b',
      headers: { accept: 'application/json', 'user-agent': 'holdfast-operator/1' },
    });
  });

  it('make one, which need not say again of what kind it is', async () => {
    const { metadata, spec } = job('a', 'b');
    expect(await call(() => client.create(jobs, { metadata, spec }))).toMatchObject({
      method: 'POST',
      path: '/apis/batch/v1/namespaces/a/jobs',
      headers: { 'content-type': 'application/json' },
      body: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'b' } },
    });
  });

  it('replace one, or its status', async () => {
    const path = '/apis/batch/v1/namespaces/a/jobs/b';
    expect(await call(() => client.update(jobs, job('a', 'b')))).toMatchObject({ method: 'PUT', path });
    expect(await call(() => client.updateStatus(jobs, job('a', 'b')))).toMatchObject({ path: `${path}/status` });
  });

  it.each([
    ['merge' as const, 'application/merge-patch+json'],
    ['strategic' as const, 'application/strategic-merge-patch+json'],
  ])('patch one by %s', async (kind, type) => {
    const name = { namespace: 'a', name: 'b' };
    const patch = { kind, body: job('a', 'b') };
    expect(await call(() => client.patch(jobs, name, patch, { subresource: 'status' }))).toMatchObject({
      method: 'PATCH',
      path: '/apis/batch/v1/namespaces/a/jobs/b/status',
      headers: { 'content-type': type },
    });
  });

  it('apply one as a field manager', async () => {
    const patch = { kind: 'apply' as const, body: job('a', 'b'), fieldManager: 'me', force: true };
    expect(await call(() => client.patch(jobs, { namespace: 'a', name: 'b' }, patch))).toMatchObject({
      headers: { 'content-type': 'application/apply-patch+yaml' },
      query: { fieldManager: 'me', force: 'true' },
    });
  });

  it('delete one, only if it is still the same', async () => {
    const options = { propagation: 'Background' as const, uid: 'u' };
    expect(await call(() => client.delete(jobs, { namespace: 'a', name: 'b' }, options))).toMatchObject({
      method: 'DELETE',
      body: { kind: 'DeleteOptions', propagationPolicy: 'Background', preconditions: { uid: 'u' } },
    });
  });

  it('address objects of the cluster and of the core group', async () => {
    const { client: ofCluster, api: seen } = clientOf(() => ({ json: namespace('x') }));
    await ofCluster.get(namespaces, { name: 'x/y' });
    expect(seen.calls).toEqual(['GET /api/v1/namespaces/x%2Fy']);
  });

  it('are not made where they would mean something else', async () => {
    await expect(client.get(jobs, { name: 'b' })).rejects.toThrow(TypeError);
    await expect(client.delete(jobs, { namespace: 'a', name: '' })).rejects.toThrow(TypeError);
    await expect(client.create(pods, { metadata: { name: 'b' } })).rejects.toThrow(TypeError);
  });
});

describe('a list', () => {
  it('is put together from its pages, and its objects say what they are', async () => {
    const { client, api } = clientOf(({ query }) =>
      query['continue'] === 'n' ? pageOf(['c']) : pageOf(['a', 'b'], 'n'),
    );
    const list = await client.list(namespaces, { labelSelector: 'app=x,!y' });
    expect(list.resourceVersion).toBe('7');
    expect(list.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name])).toEqual([
      ['Namespace', 'v1', 'a'],
      ['Namespace', 'v1', 'b'],
      ['Namespace', 'v1', 'c'],
    ]);
    expect(api.asked.map(({ query }) => query)).toEqual([
      { limit: '500', labelSelector: 'app=x,!y' },
      { limit: '500', labelSelector: 'app=x,!y', continue: 'n' },
    ]);
  });

  it('is begun anew where its pages have got too old in the middle', async () => {
    let hasExpired = false;
    const { client, api } = clientOf(({ query }) => {
      if (query['continue'] === undefined) return pageOf(hasExpired ? ['b'] : ['a'], 'n');
      if (hasExpired) return pageOf(['c']);
      hasExpired = true;
      return refusal(410, 'Expired', 'The provided continue parameter is too old');
    });
    const { items } = await client.list(namespaces);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
    expect(api.asked).toHaveLength(4);
  });

  it('is given up where its pages get too old again and again', async () => {
    const { client } = clientOf(({ query }) =>
      query['continue'] === undefined ? pageOf(['a'], 'n') : refusal(410, 'Expired', 'too old'),
    );
    await expect(client.list(namespaces)).rejects.toMatchObject({ code: 'APISERVER_GONE' });
  });

  it('may be empty, which Go writes as null', async () => {
    const { client } = clientOf(() => ({ json: { metadata: { resourceVersion: '3' }, items: null } }));
    expect(await client.list(namespaces)).toEqual({ items: [], resourceVersion: '3' });
  });
});

describe('what a server refuses', () => {
  it.each([
    [400, 'BadRequest', 'APISERVER_INVALID'],
    [401, 'Unauthorized', 'APISERVER_UNAUTHORIZED'],
    [403, 'Forbidden', 'APISERVER_FORBIDDEN'],
    [404, 'NotFound', 'APISERVER_NOT_FOUND'],
    [409, 'AlreadyExists', 'APISERVER_ALREADY_EXISTS'],
    [409, 'Conflict', 'APISERVER_CONFLICT'],
    [410, 'Expired', 'APISERVER_GONE'],
    [422, 'Invalid', 'APISERVER_INVALID'],
    [429, 'TooManyRequests', 'APISERVER_TOO_MANY_REQUESTS'],
    [500, 'InternalError', 'APISERVER_STATUS'],
  ])('comes as an error of its own, with its words: %d %s', async (code, reason, expected) => {
    const { client } = clientOf(() => refusal(code, reason, 'namespaces "x" is\nnot to be had'));
    const asked = client.get(namespaces, { name: 'x' });
    await expect(asked).rejects.toMatchObject({ code: expected, subject: '/api/v1/namespaces/x' });
    await expect(asked).rejects.toThrow('namespaces "x" is not to be had');
  });

  it.each([
    [
      'RBAC',
      403,
      'jobs.batch is forbidden: User "u" cannot create resource "jobs" in API group "batch"',
      'ClusterRole',
    ],
    [
      'an admission webhook',
      403,
      'admission webhook "gate.example.com" denied the request: no',
      'A rule of the cluster',
    ],
    [
      'a quota',
      403,
      'jobs.batch "j" is forbidden: exceeded quota: few, requested: count/jobs=1',
      'A rule of the cluster',
    ],
    ['Pod Security', 403, 'pods "p" is forbidden: violates PodSecurity "restricted:latest"', 'A rule of the cluster'],
    [
      'a webhook without an answer',
      500,
      'Internal error occurred: failed calling webhook "w"',
      'webhook does not answer',
    ],
  ])('says what to do next, for %s', async (_, code, message, words) => {
    const { client } = clientOf(() => refusal(code, 'Whatever', message));
    await expect(client.get(namespaces, { name: 'x' })).rejects.toMatchObject({
      hint: expect.stringContaining(words) as string,
    });
  });

  it('is another thing where the namespace is on its way out', async () => {
    const details = { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] };
    const json = { kind: 'Status', reason: 'Forbidden', code: 403, details };
    const { client } = clientOf(() => ({ status: 403, json }));
    const made = client.create(jobs, job('openshift-etcd', 'j'));
    await expect(made).rejects.toMatchObject({ code: 'APISERVER_NAMESPACE_TERMINATING', kind: 'transient' });
  });

  it.each<[string, ScriptedAnswer, number | undefined]>([
    ['in the header', { status: 429, headers: { 'retry-after': '7' }, json: {} }, 7_000],
    ['in the Status', { status: 504, json: { kind: 'Status', details: { retryAfterSeconds: 3 } } }, 3_000],
    ['of hours', { status: 503, headers: { 'retry-after': '86400' }, json: {} }, 60_000],
    ['as a date', { status: 429, headers: { 'retry-after': 'Mon, 23 Nov 2026 00:00:00 GMT' }, json: {} }, undefined],
    ['never', { status: 429, headers: { 'retry-after': '-1' }, json: {} }, undefined],
  ])('tells how long the server wants to be left alone: %s', async (_, answer, retryAfterMs) => {
    const { client } = clientOf(() => answer);
    await expect(client.get(namespaces, { name: 'x' })).rejects.toMatchObject({ retryAfterMs });
  });

  it('is cut where it is long, and not quoted where it is no Status', async () => {
    const long = clientOf(() => refusal(422, 'Invalid', 'x'.repeat(100_000)));
    const error: unknown = await long.client.get(namespaces, { name: 'x' }).catch((thrown: unknown) => thrown);
    expect(String(error).length).toBeLessThan(1_300);
    const foreign = clientOf(() => ({ status: 502, json: { password: 'hunter2' } }));
    await expect(foreign.client.get(namespaces, { name: 'x' })).rejects.not.toThrow('hunter2');
  });
});

describe('an answer', () => {
  it('that is too large is not read to its end', async () => {
    const stream = new OpenStream();
    stream.write('x'.repeat(1001));
    const { client } = clientOf(() => ({ stream }), { maxBytes: 1000 });
    await expect(client.get(namespaces, { name: 'x' })).rejects.toMatchObject({ code: 'APISERVER_RESPONSE_TOO_LARGE' });
    expect(stream.isLeft).toBe(true);
  });

  it.each([
    [
      'an object of another form',
      { metadata: { name: 'x', labels: 7 } },
      'of x, it is no Namespace at metadata.labels',
    ],
    ['no object', [], 'it is no Namespace'],
  ])('that is %s is named and not quoted', async (_, json, words) => {
    const { client } = clientOf(() => ({ json }));
    const asked = client.get(namespaces, { name: 'x' });
    await expect(asked).rejects.toMatchObject({ code: 'APISERVER_BAD_RESPONSE' });
    await expect(asked).rejects.toThrow(words);
  });

  it('that does not come in time is not waited for', async () => {
    const time = manualTime();
    const { client, api } = clientOf(() => new Promise(() => undefined), { time, timeoutMs: 5_000 });
    const asked = client.get(namespaces, { name: 'x' });
    await waitFor(() => api.asked.length === 1, { everyMs: 1 });
    time.advance(5_000);
    await expect(asked).rejects.toMatchObject({ code: 'APISERVER_TIMEOUT' });
    expect(api.asked[0]?.signal.aborted).toBe(true);
    expect(time.nextTimerAt).toBeUndefined();
  });

  it('is not waited for either when the caller gives up', async () => {
    const stop = new AbortController();
    const { client } = clientOf(() => new Promise(() => undefined));
    const asked = client.getText('/readyz', { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});
