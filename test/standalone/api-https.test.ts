import { readFile } from 'node:fs/promises';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret, silentLog } from '../../src/base/index.ts';
import { listenHttps } from '../../src/standalone/api/index.ts';
import { issuePki, makeTemporaryFolder } from '../kit/index.ts';
import { ADMIN_TOKEN, serveApi, type ServedApi } from './served-api.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

let folder: string;
let served: ServedApi;

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  served = await serveApi({ folder, maxBodyBytes: 100_000, stallMs: 500 });
});
afterEach(() => served.close());

function ask(options: RequestOptions, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = served.listener.url;
    const asked = httpsRequest({ hostname, port, ca: served.authority, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };
const PODS = '/api/v1/namespaces/default/pods';

function pod(name: string, bytes = 0): string {
  const annotations = { filler: 'x'.repeat(bytes) };
  return JSON.stringify({ metadata: { name, annotations }, spec: { containers: [{ name: 'main', image: 'i' }] } });
}

describe('the HTTPS listener', () => {
  it('knows users by token and by certificate, and lets nobody else in', async () => {
    const pki = join(folder, 'pki');
    const [cert, key] = await Promise.all([readFile(join(pki, 'client.crt')), readFile(join(pki, 'client.key'))]);
    expect((await ask({ path: PODS, headers: bearer })).status).toBe(200);
    expect((await ask({ path: PODS, cert, key })).status).toBe(200);
    expect((await ask({ path: PODS })).status).toBe(401);
    expect((await ask({ path: PODS, headers: { authorization: 'Bearer nonsense' } })).status).toBe(401);
    expect((await ask({ path: '/healthz' })).text).toBe('ok');
  });

  it('takes no certificate that somebody else has signed', async () => {
    const other = await issuePki();
    const [cert, key] = await Promise.all([readFile(other.client.cert), readFile(other.client.key)]);
    expect((await ask({ path: PODS, cert, key })).status).toBe(401);
  });

  it('refuses bodies beyond the limit, announced or not', async () => {
    const headers = { ...bearer, 'content-type': 'application/json' };
    const long = pod('a', 200_000);
    const announced = await ask({ method: 'POST', path: PODS, headers }, long);
    expect([announced.status, JSON.parse(announced.text)]).toMatchObject([413, { reason: 'RequestEntityTooLarge' }]);
    const chunked = await ask(
      { method: 'POST', path: PODS, headers: { ...headers, 'transfer-encoding': 'chunked' } },
      long,
    );
    expect(chunked.status).toBe(413);
    expect((await ask({ method: 'POST', path: PODS, headers }, pod('a', 50_000))).status).toBe(201);
  });

  it('tells a client so that sends everything before it reads', async () => {
    const { hostname, port } = served.listener.url;
    const socket = connect({ host: hostname, port: Number(port), ca: served.authority });
    const failed = new Promise<never>((_, reject) => socket.once('error', reject));
    const sent = new Promise<void>((resolve) => {
      const length = 8_000_000;
      socket.write(`POST ${PODS} HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.authorization}\r\n`);
      socket.write(`Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`);
      socket.pause();
      socket.write(Buffer.alloc(length, 'x'), () => resolve());
    });
    await Promise.race([sent, failed]);
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve));
    socket.resume();
    expect((await Promise.race([answer, failed])).toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  it('refuses headers without end, and methods that the API does not have', async () => {
    expect((await ask({ path: PODS, headers: { ...bearer, long: 'x'.repeat(40_000) } })).status).toBe(431);
    expect((await ask({ method: 'OPTIONS', path: PODS, headers: bearer })).status).toBe(405);
  });

  it('speaks no TLS older than 1.2', async () => {
    const { hostname, port } = served.listener.url;
    const failure = new Promise((resolve) => {
      const options = {
        host: hostname,
        port: Number(port),
        ca: served.authority,
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1.1',
      } as const;
      connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }).once('error', resolve);
    });
    expect(await failure).toBeInstanceOf(Error);
  });

  it('sends the head of a watch before anything happens, and ends the watch when its client leaves', async () => {
    const { hostname, port } = served.listener.url;
    const watching = httpsRequest({
      hostname,
      port,
      ca: served.authority,
      agent: false,
      path: `${PODS}?watch=1`,
      headers: bearer,
    });
    const status = new Promise((resolve) => watching.once('response', (response) => resolve(response.statusCode)));
    watching.on('error', () => undefined);
    watching.end();
    expect(await status).toBe(200);
    watching.destroy();
  });

  it('ends the connection of a watcher that reads nothing while much happens', async () => {
    const { hostname, port } = served.listener.url;
    const socket = connect({ host: hostname, port: Number(port), ca: served.authority });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    socket.write(`GET ${PODS}?watch=1 HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer.authorization}\r\n\r\n`);
    socket.pause();
    const headers = { ...bearer, 'content-type': 'application/json' };
    // Enough to fill all buffers between the two.
    for (let n = 0; n < 150; n++) {
      const { status } = await ask({ method: 'POST', path: PODS, headers }, pod(`p${n}`, 90_000));
      expect(status).toBe(201);
    }
    socket.resume();
    await closed;
    expect((await ask({ path: '/healthz' })).text).toBe('ok');
  });

  it('says so where its port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const pki = await issuePki();
    const [certificate, key, authority] = await Promise.all(
      [pki.server.cert, pki.server.key, pki.server.cacert].map((path) => readFile(path, 'utf8')),
    );
    const options = {
      api: served.api,
      log: silentLog,
      certificate: certificate ?? '',
      key: new Secret(key ?? ''),
      authority: authority ?? '',
    };
    await expect(listenHttps({ ...options, port })).rejects.toMatchObject({ code: 'STANDALONE_LISTEN' });
    await new Promise((resolve) => taken.close(resolve));
  });
});
