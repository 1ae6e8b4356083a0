import { describe, expect, it } from 'vitest';
import { Secret } from '../../base/index.ts';
import type { Credentials, Identity } from '../access/index.ts';
import type { JsonObject } from '../schema/index.ts';
import { at, DEFINITION_PATH, pod, POD_PATH, TestApi } from './test-api.ts';

const TOKEN = new Secret('the-token-of-the-administrator');

function identify({ token }: Credentials): Identity | undefined {
  if (token === TOKEN.reveal()) return { user: 'admin' };
  return token?.startsWith('pod:') === true ? { user: 'pod', uid: token.slice(4) } : undefined;
}

async function ask(test: TestApi, method: 'GET' | 'POST' | 'DELETE', target: string, token?: string): Promise<string> {
  const { status, body } = await test.api.serve(
    {
      method,
      target,
      headers: { 'content-type': 'application/json' },
      ...(method === 'POST' && { body: Buffer.from('{"metadata":{"name":"x"}}') }),
      signal: new AbortController().signal,
    },
    token === undefined ? {} : { token },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return status < 400
    ? String(status)
    : `${status} ${/"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? text}`;
}

describe('access from outside', () => {
  it('needs a token or a certificate, but for health and version', async () => {
    const test = await TestApi.start({ identify });
    expect(await ask(test, 'GET', POD_PATH)).toBe('401 Unauthorized');
    expect(await ask(test, 'GET', POD_PATH, 'wrong')).toBe('401 Unauthorized');
    expect(await ask(test, 'GET', '/apis')).toBe('401 Unauthorized');
    for (const path of ['/healthz', '/livez', '/readyz', '/version']) expect(await ask(test, 'GET', path)).toBe('200');
    expect(await ask(test, 'GET', POD_PATH, TOKEN.reveal())).toBe('200');
  });

  it('is for nobody where nobody is known', async () => {
    const test = await TestApi.start();
    expect(await ask(test, 'GET', POD_PATH, TOKEN.reveal())).toBe('401 Unauthorized');
  });

  it('lets a pod read and ask for backups, and nothing else, as long as it stands', async () => {
    const test = await TestApi.start({ identify });
    const made = await test.made(POD_PATH, pod('p'));
    const token = `pod:${at(made, 'metadata', 'uid')}`;
    const backups = '/apis/operator.openshift.io/v1alpha1/etcdbackups';
    // Allowed, but no such kind is defined here.
    for (const method of ['GET', 'POST'] as const) expect(await ask(test, method, backups, token)).toMatch(/^404/);
    expect(await ask(test, 'GET', '/apis', token)).toBe('200');
    expect(await ask(test, 'DELETE', `${backups}/a`, token)).toBe(
      '403 etcdbackups.operator.openshift.io "a" is forbidden: User "holdfast:pod:default:p" cannot delete resource "etcdbackups" in API group "operator.openshift.io" at the cluster scope',
    );
    expect(await ask(test, 'GET', POD_PATH, token)).toBe(
      '403 pods is forbidden: User "holdfast:pod:default:p" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    expect(await ask(test, 'POST', DEFINITION_PATH, token)).toMatch(/^403/);
    expect(await ask(test, 'GET', '/metrics', token)).toMatch(/^403 forbidden: User .* cannot get path "\/metrics"/);
    await test.send('DELETE', `${POD_PATH}/p`);
    expect(await ask(test, 'GET', '/apis', token)).toBe('401 Unauthorized');
  });
});

describe('a review of what one may do oneself', () => {
  const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const BACKUPS = { group: 'operator.openshift.io', resource: 'etcdbackups' };

  async function may(test: TestApi, token: string, spec: object): Promise<string> {
    const { status, body } = await test.api.serve(
      {
        method: 'POST',
        target: REVIEWS,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify({ spec })),
        signal: new AbortController().signal,
      },
      { token },
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return `${status} ${at(JSON.parse(Buffer.concat(chunks).toString()) as JsonObject, 'status', 'allowed')}`;
  }

  it('says what the API would say', async () => {
    const test = await TestApi.start({ identify });
    const token = `pod:${at(await test.made(POD_PATH, pod('p')), 'metadata', 'uid')}`;
    expect(await may(test, TOKEN.reveal(), { resourceAttributes: { verb: '*', resource: '*' } })).toBe('201 true');
    expect(await may(test, token, { resourceAttributes: { ...BACKUPS, verb: 'create' } })).toBe('201 true');
    expect(await may(test, token, { resourceAttributes: { ...BACKUPS, verb: 'delete' } })).toBe('201 false');
    expect(await may(test, token, { nonResourceAttributes: { path: '/version', verb: 'get' } })).toBe('201 true');
    expect(await may(test, token, { nonResourceAttributes: { path: '/metrics', verb: 'get' } })).toBe('201 false');
  });

  it('is refused where it asks for nothing, or is to be read', async () => {
    const test = await TestApi.start({ identify });
    expect((await test.send('POST', REVIEWS, { spec: {} })).status).toBe(422);
    expect((await test.get(REVIEWS)).status).toBe(405);
    expect((await test.get(`${REVIEWS}/a`)).status).toBe(404);
  });
});

describe('the log of a pod', () => {
  const logPath = `${POD_PATH}/p/log`;

  async function* twoLines(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from('one\n');
    yield Buffer.from('two\n');
  }

  it('is read as it is asked for', async () => {
    const asked: unknown[] = [];
    const test = await TestApi.start({
      readPodLog: (request) => {
        asked.push(request);
        return Promise.resolve(twoLines());
      },
    });
    await test.made(POD_PATH, pod('p'));
    const { text, headers } = await test.get(`${logPath}?follow=true&tailLines=5&container=main`);
    expect([text, headers['content-type']]).toEqual(['one\ntwo\n', 'text/plain']);
    expect(asked).toMatchObject([{ namespace: 'default', pod: 'p', container: 'main', follow: true, tailLines: 5 }]);
  });

  it('is refused politely where there is none', async () => {
    const test = await TestApi.start({ readPodLog: () => Promise.resolve(undefined) });
    expect((await test.get(logPath)).json['message']).toBe('pods "p" not found');
    await test.made(POD_PATH, pod('p'));
    const message = async (query: string): Promise<string> => at((await test.get(logPath + query)).json, 'message');
    expect(await message('')).toBe('container "main" in pod "p" is waiting to start: ContainerCreating');
    expect(await message('?previous=true')).toBe('previous terminated container "main" in pod "p" not found');
    expect(await message('?container=other')).toBe('container other is not valid for pod p');
    expect(await message('?tailLines=-1')).toContain('must be greater than or equal to 0');
  });
});

describe('a failing store', () => {
  it('is told with a status, and reading goes on', async () => {
    const test = await TestApi.start();
    await test.made(POD_PATH, pod('a'));
    await test.objects.close();
    const { status, json } = await test.send('POST', POD_PATH, pod('b'));
    expect([status, json['kind'], json['reason']]).toEqual([503, 'Status', 'ServiceUnavailable']);
    expect((await test.get(`${POD_PATH}/a`)).status).toBe(200);
  });
});
