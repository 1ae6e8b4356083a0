import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer, createServer as createHttp2Server } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { issuePki, type Pki, type TlsFiles } from '../../test/kit/pki.ts';
import type { EtcdTls } from './config.ts';
import { loadTls } from './credentials.ts';
import { diagnose } from './diagnose.ts';
import { parseEndpoints } from './endpoints.ts';

let folder: string;
let pki: Pki;
let other: Pki;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-diagnose-'));
  pki = await issuePki({ folder });
  other = await issuePki({ folder: join(folder, 'other') });
});
afterAll(() => rm(folder, { recursive: true }));

/** Listens on loopback until the test has finished. */
async function listening(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const served = ({ cert, key, cacert }: TlsFiles): TlsOptions => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
  ca: readFileSync(cacert),
});
const http2OverTls = (files: TlsFiles, options: TlsOptions = {}): Promise<number> =>
  listening(createSecureServer({ ...served(files), ...options }));

async function codeFor(url: string, tls?: EtcdTls, timeoutMs = 2_000): Promise<string | undefined> {
  const [endpoint] = parseEndpoints(url, { tls: false });
  if (endpoint === undefined) throw new Error(`no endpoint in ${url}`);
  const found = await diagnose(endpoint, tls && loadTls(tls), { timeoutMs });
  if (found !== undefined)
    expect(found).toMatchObject({ subject: url, message: expect.stringContaining(url) as string });
  return found?.code;
}

describe('the reason why a connection fails', () => {
  it('is none where HTTP/2 is answered, in the clear or over TLS', async () => {
    expect(await codeFor(`http://127.0.0.1:${await listening(createHttp2Server())}`)).toBeUndefined();
    const port = await http2OverTls(pki.server);
    expect(await codeFor(`https://127.0.0.1:${port}`, pki.client)).toBeUndefined();
    expect(await codeFor(`https://localhost:${port}`, pki.client)).toBeUndefined();
  });

  it('is none where the peer is silent: the caller knows about time', async () => {
    const port = await listening(createServer());
    expect(await codeFor(`http://127.0.0.1:${port}`, undefined, 50)).toBeUndefined();
    expect(await codeFor(`https://127.0.0.1:${port}`, pki.client, 50)).toBeUndefined();
  });

  it('is a name that does not exist', async () => {
    expect(await codeFor('http://no-such-host.invalid:2379')).toBe('ETCD_HOST_UNKNOWN');
  });

  it('is that nothing listens, by address, by name and on a socket', async () => {
    expect(await codeFor('http://127.0.0.1:1')).toBe('ETCD_CONNECTION_REFUSED');
    expect(await codeFor('https://localhost:1', pki.client)).toBe('ETCD_CONNECTION_REFUSED');
    expect(await codeFor('unix:///run/no-such-etcd.sock')).toBe('ETCD_CONNECTION_REFUSED');
  });

  it('is another authority', async () => {
    const url = `https://127.0.0.1:${await http2OverTls(other.server)}`;
    expect(await codeFor(url, pki.client)).toBe('ETCD_TLS_UNTRUSTED');
    expect(await codeFor(url, {})).toBe('ETCD_TLS_UNTRUSTED');
  });

  it('is a certificate for others, even where it carries the name that stands in for addresses', async () => {
    const elsewhere = await pki.issue('elsewhere', { hosts: ['127.0.0.2', 'etcd.invalid', 'etcd.example.com'] });
    const port = await http2OverTls(elsewhere);
    expect(await codeFor(`https://127.0.0.1:${port}`, pki.client)).toBe('ETCD_TLS_NAME_MISMATCH');
    expect(await codeFor(`https://localhost:${port}`, pki.client)).toBe('ETCD_TLS_NAME_MISMATCH');
  });

  it('is a certificate that is not valid now', async () => {
    const hour = 3_600_000;
    const past = await pki.issue('past', {
      notBefore: new Date(Date.now() - 2 * hour),
      notAfter: new Date(Date.now() - hour),
    });
    const future = await pki.issue('future', { notBefore: new Date(Date.now() + hour) });
    for (const files of [past, future]) {
      expect(await codeFor(`https://127.0.0.1:${await http2OverTls(files)}`, pki.client)).toBe('ETCD_TLS_EXPIRED');
    }
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is a client certificate, wanted or not accepted, by %s',
    async (version) => {
      const strict: TlsOptions = { requestCert: true, minVersion: version, maxVersion: version };
      const url = `https://127.0.0.1:${await http2OverTls(pki.server, strict)}`;
      expect(await codeFor(url, pki.client)).toBeUndefined();
      // Node's server closes without an alert where it gets none; etcd says so (see the integration tests).
      const rejecting = { ...strict, ca: readFileSync(other.client.cacert) };
      const rejected = await codeFor(`https://127.0.0.1:${await http2OverTls(pki.server, rejecting)}`, pki.client);
      expect(['ETCD_TLS_CLIENT_CERTIFICATE_REJECTED', 'ETCD_UNREACHABLE']).toContain(rejected);
    },
  );

  it('is TLS on one side only', async () => {
    const secure = await http2OverTls(pki.server);
    expect(await codeFor(`http://127.0.0.1:${secure}`)).toBe('ETCD_TLS_EXPECTED');
    const clear = await listening(createHttpServer());
    expect(await codeFor(`https://127.0.0.1:${clear}`, pki.client)).toBe('ETCD_TLS_NOT_SPOKEN');
  });

  it('is another protocol', async () => {
    expect(await codeFor(`http://127.0.0.1:${await listening(createHttpServer())}`)).toBe('ETCD_NOT_ETCD');
    const talkative = createServer((socket) => socket.write('220 mail.example.com ESMTP\r\n'));
    expect(await codeFor(`http://127.0.0.1:${await listening(talkative)}`)).toBe('ETCD_NOT_ETCD');
    const other = createTlsServer(served(pki.server), (socket) => socket.end('220 mail\r\n'));
    expect(await codeFor(`https://127.0.0.1:${await listening(other)}`, pki.client)).toBe('ETCD_NOT_ETCD');
  });

  it('is a peer that hangs up at once', async () => {
    const port = await listening(createServer((socket) => socket.end()));
    expect(await codeFor(`http://127.0.0.1:${port}`)).toBe('ETCD_UNREACHABLE');
    expect(await codeFor(`https://127.0.0.1:${port}`, pki.client)).toBe('ETCD_UNREACHABLE');
  });

  it('is not looked for any longer than its signal allows', async () => {
    const [endpoint] = parseEndpoints(`http://127.0.0.1:${await listening(createServer())}`, { tls: false });
    if (endpoint === undefined) throw new Error('no endpoint');
    const controller = new AbortController();
    const looking = diagnose(endpoint, undefined, { timeoutMs: 60_000, signal: controller.signal });
    controller.abort();
    expect(await looking).toBeUndefined();
  });
});
