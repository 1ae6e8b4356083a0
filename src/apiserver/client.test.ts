import { readFile } from 'node:fs/promises';
import { createServer as createHttpsServer, type Server } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { issuePki, type Pki } from '../../test/kit/pki.ts';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { createApiClient, type ApiClient, type ApiClientOptions } from './client.ts';
import { clusterOperatorsProgressing, clusterProxy, serverVersion } from './cluster-state.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { Secret } from '../base/index.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function pkiOfTest(): Promise<Pki> {
  return issuePki({ folder: join(await temporaryFolder(), 'pki') });
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A fake API server: real TLS that wants a client certificate, and answers that the test makes up. */
async function fakeApiServer(handler: Handler, pki?: Pki): Promise<{ port: number; pki: Pki }> {
  const authority = pki ?? (await pkiOfTest());
  const { server } = authority;
  const options = {
    ca: await readFile(server.cacert),
    cert: await readFile(server.cert),
    key: await readFile(server.key),
    requestCert: true,
    rejectUnauthorized: true,
  };
  return { port: await listen(createHttpsServer(options, handler)), pki: authority };
}

async function clientOf(
  { port, pki }: { readonly port: number; readonly pki: Pki },
  options: Partial<ApiClientOptions> = {},
  change: Partial<Kubeconfig> = {},
): Promise<ApiClient> {
  const { client } = pki;
  const kubeconfig = {
    context: 'admin',
    server: new URL(`https://127.0.0.1:${port}`),
    certificateAuthority: await readFile(client.cacert),
    clientCertificate: await readFile(client.cert),
    clientKey: new Secret(await readFile(client.key, 'utf8')),
    tlsServerName: undefined,
    token: undefined,
    ...change,
  };
  return createApiClient({ kubeconfig, ...options });
}

/** A fake API server that answers each path with a document, and everything else with 404. */
async function answering(documents: Readonly<Record<string, unknown>>): Promise<ApiClient> {
  const server = await fakeApiServer((request, response) => {
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document ?? {}));
  });
  return clientOf(server);
}

describe('a client of an API server', () => {
  it('reads a document over verified TLS with its client certificate and token', async () => {
    let seen: unknown;
    const server = await fakeApiServer((request, response) => {
      seen = [request.method, request.url, request.headers.authorization, request.headers.accept];
      response.end('{"a":1}');
    });
    const client = await clientOf(server, {}, { token: new Secret('t') });
    expect(await client.get('/version')).toEqual({ a: 1 });
    expect(seen).toEqual(['GET', '/version', 'Bearer t', 'application/json']);
    expect(client.server).toBe(`https://127.0.0.1:${server.port}`);
  });

  it('never goes through a proxy, whatever the environment says', async () => {
    const client = await answering({ '/version': {} });
    const before = process.env['HTTPS_PROXY'];
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:1';
    onTestFinished(() => {
      if (before === undefined) delete process.env['HTTPS_PROXY'];
      else process.env['HTTPS_PROXY'] = before;
    });
    await expect(client.get('/version')).resolves.toEqual({});
  });

  it.each([
    [401, 'APISERVER_UNAUTHORIZED'],
    [403, 'APISERVER_FORBIDDEN'],
    [404, 'APISERVER_NOT_FOUND'],
    [500, 'APISERVER_STATUS'],
    [302, 'APISERVER_STATUS'],
  ])('reports status %d by its own code, and shows nothing of the body', async (status, code) => {
    const server = await fakeApiServer((_, response) => response.writeHead(status).end('hunter2'));
    const error: unknown = await (await clientOf(server)).get('/x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, subject: '/x' });
    expect(String(error)).not.toContain('hunter2');
  });

  it('reports an answer that is no JSON, without quoting it', async () => {
    const server = await fakeApiServer((_, response) => response.end('<html>hunter2'));
    const error: unknown = await (await clientOf(server)).get('/x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'APISERVER_BAD_RESPONSE' });
    expect(String(error)).not.toContain('hunter2');
  });

  it('refuses an endless answer', async () => {
    const server = await fakeApiServer((_, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(65536), more);
      };
      more();
    });
    const client = await clientOf(server, { maxBytes: 1_000_000 });
    await expect(client.get('/x')).rejects.toMatchObject({ code: 'APISERVER_RESPONSE_TOO_LARGE' });
  });

  it('gives up on a server that is silent: at once, after the headers, or before TLS', async () => {
    const pki = await pkiOfTest();
    const silent = await fakeApiServer(() => undefined, pki);
    const stuck = await fakeApiServer((_, response) => response.write('{'), pki);
    const mute = { port: await listen(createTcpServer((socket) => socket.on('error', () => undefined))), pki };
    for (const server of [silent, stuck, mute]) {
      const client = await clientOf(server, { timeoutMs: 100 });
      await expect(client.get('/x')).rejects.toMatchObject({ code: 'APISERVER_TIMEOUT', kind: 'transient' });
    }
  });

  it('stops with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const server = await fakeApiServer(() => controller.abort(reason));
    await expect((await clientOf(server)).get('/x', { signal: controller.signal })).rejects.toBe(reason);
    await expect((await clientOf(server)).get('/x', { signal: controller.signal })).rejects.toBe(reason);
  });

  it('reports a server that is not there, and one that hangs up in the middle', async () => {
    const server = await fakeApiServer((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{');
      setImmediate(() => response.destroy());
    });
    await expect((await clientOf(server)).get('/x')).rejects.toMatchObject({ code: 'APISERVER_UNREACHABLE' });
    const closed = createTcpServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    await expect((await clientOf({ port, pki: server.pki })).get('/x')).rejects.toMatchObject({
      code: 'APISERVER_UNREACHABLE',
    });
  });

  it('reports certificates that are not accepted, on either side', async () => {
    const handler: Handler = (_, response) => response.end('{}');
    const server = await fakeApiServer(handler);
    const stranger = await pkiOfTest();
    const untrusting = await clientOf({ port: server.port, pki: stranger });
    await expect(untrusting.get('/x')).rejects.toMatchObject({ code: 'APISERVER_TLS' });
    const nameless = await clientOf(server, {}, { tlsServerName: 'other.example' });
    await expect(nameless.get('/x')).rejects.toMatchObject({ code: 'APISERVER_TLS' });
    const anonymous = await clientOf(server, {}, { clientCertificate: undefined, clientKey: undefined });
    await expect(anonymous.get('/x')).rejects.toMatchObject({
      code: expect.stringMatching(/APISERVER_(TLS|UNREACHABLE)/) as string,
    });
  });

  it('refuses a kubeconfig whose key is no key', async () => {
    const options = { port: 1, pki: await pkiOfTest() };
    await expect(clientOf(options, {}, { clientKey: new Secret('hunter2') })).rejects.toMatchObject({
      code: 'APISERVER_KUBECONFIG_INVALID',
    });
  });
});

const CONFIG = '/apis/config.openshift.io/v1';

describe('the state of an OpenShift cluster', () => {
  it('says of each operator whether it is rolling out; anything but False means that it may be', async () => {
    const operator = (...statuses: string[]): unknown => ({
      status: {
        conditions: statuses.map((status) => ({
          type: 'Progressing',
          status,
          message: 'NodeInstallerProgressing:\n 1 node',
          lastTransitionTime: '2026-11-22T15:44:00Z',
        })),
        versions: [
          { name: 'raw-internal', version: '1' },
          { name: 'operator', version: '4.17.9' },
        ],
      },
    });
    const client = await answering({
      [`${CONFIG}/clusteroperators/etcd`]: operator('False'),
      [`${CONFIG}/clusteroperators/kube-apiserver`]: operator('True'),
      [`${CONFIG}/clusteroperators/kube-scheduler`]: operator('Unknown'),
      [`${CONFIG}/clusteroperators/new`]: {},
    });
    const message = 'NodeInstallerProgressing: 1 node';
    const since = '2026-11-22T15:44:00Z';
    expect(await clusterOperatorsProgressing(client, ['etcd', 'kube-apiserver', 'kube-scheduler', 'new'])).toEqual([
      { name: 'etcd', progressing: false, message, since, version: '4.17.9' },
      { name: 'kube-apiserver', progressing: true, message, since, version: '4.17.9' },
      { name: 'kube-scheduler', progressing: true, message, since, version: '4.17.9' },
      {
        name: 'new',
        progressing: true,
        message: 'it reports no Progressing condition',
        since: undefined,
        version: undefined,
      },
    ]);
    await expect(clusterOperatorsProgressing(client, ['gone'])).rejects.toMatchObject({ code: 'APISERVER_NOT_FOUND' });
  });

  it('gives the proxy that is in use rather than the one that was asked for', async () => {
    const client = await answering({
      [`${CONFIG}/proxies/cluster`]: {
        spec: { httpProxy: 'http://p', noProxy: 'example.com' },
        status: { httpProxy: 'http://p', noProxy: '.cluster.local,example.com' },
      },
    });
    const noProxy = '.cluster.local,example.com';
    expect(await clusterProxy(client)).toEqual({ httpProxy: 'http://p', httpsProxy: undefined, noProxy });
    const none = { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined };
    expect(await clusterProxy(await answering({}))).toEqual(none);
    expect(await clusterProxy(await answering({ [`${CONFIG}/proxies/cluster`]: { spec: {}, status: null } }))).toEqual(
      none,
    );
  });

  it('gives the version of Kubernetes', async () => {
    expect(await serverVersion(await answering({ '/version': { gitVersion: 'v1.30.5' } }))).toBe('v1.30.5');
  });

  it('reports a document that is something else', async () => {
    const client = await answering({ '/version': { major: 1 }, [`${CONFIG}/clusteroperators/etcd`]: [] });
    await expect(serverVersion(client)).rejects.toMatchObject({ code: 'APISERVER_BAD_RESPONSE', subject: '/version' });
    await expect(clusterOperatorsProgressing(client, ['etcd'])).rejects.toMatchObject({
      code: 'APISERVER_BAD_RESPONSE',
    });
  });
});
