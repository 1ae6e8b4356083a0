import { readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { issuePki, type Pki } from '../../test/kit/pki.ts';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { makeTemporaryFolder } from '../../test/kit/temporary-place.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { Secret } from '../base/index.ts';
import { createKubeClient } from './create-kube-client.ts';
import { createHttpsTransport } from './https-transport.ts';
import type { KubeClient } from './kube-client.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { namespaces } from './resource.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let pki: Pki;
beforeAll(async () => {
  const folder = await makeTemporaryFolder();
  pki = await issuePki({ folder });
  return () => rm(folder, { recursive: true });
});

interface Standing {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  readonly client: KubeClient;
}

async function serve(handler: Handler, change: Partial<Kubeconfig> = {}): Promise<Standing> {
  const [ca, cert, key] = await Promise.all(
    [pki.server.cacert, pki.server.cert, pki.server.key].map((f) => readFile(f)),
  );
  const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, handler);
  const sockets = new Set<Socket>();
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const transport = createHttpsTransport({
    context: 'admin',
    server: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/`),
    certificateAuthority: await readFile(pki.client.cacert),
    clientCertificate: await readFile(pki.client.cert),
    clientKey: new Secret(await readFile(pki.client.key, 'utf8')),
    tlsServerName: undefined,
    token: undefined,
    ...change,
  });
  onTestFinished(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  return { server, sockets, client: createKubeClient({ transport }) };
}

const namespace = (name: string): unknown => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

describe('HTTPS to an API server', () => {
  it('carries a request there and its answer back, and uses the connection again', async () => {
    const seen: unknown[] = [];
    let connections = 0;
    const { client, server } = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => {
        seen.push([request.method, request.url, request.headers['content-length'], body.length]);
        response.writeHead(201).end(JSON.stringify(namespace('ü')));
      });
    });
    server.on('secureConnection', () => (connections += 1));
    const made = await client.create(namespaces, { metadata: { name: 'ü' } });
    expect(made.metadata.name).toBe('ü');
    await client.get(namespaces, { name: 'ü' });
    expect(seen).toEqual([
      ['POST', '/prefix/api/v1/namespaces', '63', 62],
      ['GET', '/prefix/api/v1/namespaces/%C3%BC', undefined, 0],
    ]);
    expect(connections).toBe(1);
  });

  it('shows the token of the moment', async () => {
    const seen: unknown[] = [];
    let token = 'first';
    const currentToken = (): Promise<Secret> => Promise.resolve(new Secret(token));
    const { client } = await serve(
      (request, response) => {
        seen.push(request.headers.authorization);
        response.end('ok');
      },
      { currentToken },
    );
    await client.getText('/readyz');
    token = 'second';
    await client.getText('/readyz');
    expect(seen).toEqual(['Bearer first', 'Bearer second']);
  });

  it('lets many watches stand beside other requests, and closes their connections when they end', async () => {
    const { client, sockets } = await serve((request, response) => {
      if (!request.url?.includes('watch=true')) return response.end('ok');
      return response.write(`${JSON.stringify({ type: 'ADDED', object: namespace('a') })}\n`);
    });
    const stop = new AbortController();
    const watches = Array.from({ length: 20 }, () =>
      client.watch(namespaces, { resourceVersion: '1', signal: stop.signal })[Symbol.asyncIterator](),
    );
    const first = await Promise.all(watches.map((watch) => watch.next()));
    expect(first.every(({ done }) => done === false)).toBe(true);
    expect(await client.getText('/readyz')).toBe('ok');
    const ends = Promise.allSettled(watches.map((watch) => watch.next()));
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await ends).toEqual(watches.map(() => ({ status: 'rejected', reason })));
    await waitFor(() => sockets.size <= 1, { everyMs: 5 });
  });

  it('asks again where a kept connection was closed in the very instant', async () => {
    let isSecond = false;
    const { client } = await serve((request, response) => {
      if (isSecond && request.url?.endsWith('/once')) {
        isSecond = false;
        request.socket.destroy();
        return;
      }
      response.end('ok');
    });
    await client.getText('/readyz');
    isSecond = true;
    expect(await client.getText('/once')).toBe('ok');
  });

  it('does not repeat a write by itself', async () => {
    let writes = 0;
    const { client } = await serve((request, response) => {
      if (request.method === 'GET') return response.end('ok');
      writes += 1;
      return request.socket.destroy();
    });
    await client.getText('/readyz');
    const made = client.create(namespaces, { metadata: { name: 'a' } });
    await expect(made).rejects.toMatchObject({ code: 'APISERVER_UNREACHABLE', kind: 'transient' });
    expect(writes).toBe(1);
  });

  it('reports an answer that breaks off in the middle', async () => {
    const { client } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"apiVersion"');
      setImmediate(() => response.socket?.destroy());
    });
    await expect(client.get(namespaces, { name: 'a' })).rejects.toMatchObject({ code: 'APISERVER_UNREACHABLE' });
  });

  it('believes no server whose certificate the authority of the kubeconfig did not sign', async () => {
    const other = await issuePki({ folder: await temporaryFolder() });
    const { client } = await serve((_, response) => response.end('ok'), {
      certificateAuthority: await readFile(other.client.cacert),
    });
    await expect(client.getText('/readyz')).rejects.toMatchObject({ code: 'APISERVER_TLS' });
  });
});
