import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadKubeconfig } from '../../apiserver/index.ts';
import type { Secret } from '../../base/index.ts';
import { ManualTime } from '../../../test/kit/manual-time.ts';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { openAccess, type Access } from './index.ts';

const START = new Date('2026-11-23T04:20:00Z');
const YEARS = 365 * 24 * 3_600_000;
const FILES = ['admin-token', 'admin.pem', 'ca.pem', 'pod-token-key', 'server.pem'];
const UID = '7ed3ac9c-d599-4e5d-963e-cb44c324b1e1';

interface Opened {
  readonly access: Access;
  readonly folder: string;
  readonly time: ManualTime;
  readonly again: (change?: { hostName?: string }) => Promise<Access>;
}

async function open(): Promise<Opened> {
  const folder = join(await temporaryFolder(), 'access');
  const time = new ManualTime(START);
  const again = ({ hostName = 'master-0' }: { hostName?: string } = {}): Promise<Access> =>
    openAccess({ folder, clock: time, hostName });
  return { access: await again(), folder, time, again };
}

const SERVER = new URL('https://127.0.0.1:6443');

async function der(folder: string, name: string): Promise<Buffer> {
  return new X509Certificate(await readFile(join(folder, name))).raw;
}

describe('openAccess', () => {
  it('makes everything once, for our user alone', async () => {
    const { access, folder, again } = await open();
    expect(access.issued.toSorted()).toEqual(FILES);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await readdir(folder)).toSorted()).toEqual(FILES);
    for (const name of FILES) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    const contents = await Promise.all(FILES.map((name) => readFile(join(folder, name), 'utf8')));
    expect((await again()).issued).toEqual([]);
    expect(await Promise.all(FILES.map((name) => readFile(join(folder, name), 'utf8')))).toEqual(contents);
  });

  it('makes a server certificate for every name that clients use', async () => {
    const { access } = await open();
    const certificate = new X509Certificate(access.server.certificate);
    for (const host of ['localhost', 'kubernetes.default.svc', 'master-0'])
      expect(certificate.checkHost(host)).toBe(host);
    for (const address of ['127.0.0.1', '::1']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkIssued(new X509Certificate(access.authority))).toBe(true);
    expect(certificate.checkHost('example.org')).toBeUndefined();
  });

  it('makes the server certificate anew for a new host name, and nothing else', async () => {
    const { again } = await open();
    expect((await again({ hostName: 'renamed' })).issued).toEqual(['server.pem']);
  });

  it('renews certificates in their last year and the authority in its last two, and keeps the tokens', async () => {
    const { access, time, again } = await open();
    time.advance(3.9 * YEARS);
    expect((await again()).issued).toEqual([]);
    time.advance(0.2 * YEARS);
    const renewed = await again();
    expect(renewed.issued.toSorted()).toEqual(['admin.pem', 'server.pem']);
    time.advance(4 * YEARS);
    const last = await again();
    expect(last.issued.toSorted()).toEqual(['admin.pem', 'ca.pem', 'server.pem']);
    expect(last.adminToken.reveal()).toBe(access.adminToken.reveal());
  });

  it('makes anew what an authority of before has signed, as a kill in between leaves it', async () => {
    const { folder, again } = await open();
    const other = await open();
    await writeFile(join(folder, 'ca.pem'), await readFile(join(other.folder, 'ca.pem')));
    expect((await again()).issued.toSorted()).toEqual(['admin.pem', 'server.pem']);
  });

  it('is not stopped by what a killed run had begun to write', async () => {
    const { folder, again } = await open();
    await writeFile(join(folder, 'server.pem.part'), 'half');
    expect((await again({ hostName: 'renamed' })).issued).toEqual(['server.pem']);
    expect((await readdir(folder)).toSorted()).toEqual(FILES);
  });

  it('closes files that others could read', async () => {
    const { folder, again } = await open();
    await chmod(join(folder, 'admin-token'), 0o644);
    await again();
    expect((await stat(join(folder, 'admin-token'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['ca.pem', 'garbage', 'it has no certificate'],
    ['server.pem', '', 'it has no certificate'],
    ['admin-token', 'short', 'it does not hold 43 characters of base64url'],
    ['pod-token-key', '', 'it does not hold 43 characters of base64url'],
  ])('says which file is damaged: %s', async (name, content, reason) => {
    const { folder, again } = await open();
    const path = join(folder, name);
    await writeFile(path, content);
    await expect(again()).rejects.toMatchObject({
      code: 'STANDALONE_ACCESS_DAMAGED',
      message: `${path} is damaged: ${reason}`,
      hint: expect.stringContaining(`mv ${path} ${path}.damaged`) as string,
    });
    // Nothing is replaced behind the user's back.
    expect(await readFile(path, 'utf8')).toBe(content);
  });

  it('tells a certificate from a key that is not its own, and shows neither', async () => {
    const { folder, again } = await open();
    const [server, admin] = await Promise.all(
      ['server.pem', 'admin.pem'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    const end = '-----END CERTIFICATE-----\n';
    const mixed = `${server?.split(end)[0] ?? ''}${end}${admin?.split(end)[1] ?? ''}`;
    await writeFile(join(folder, 'server.pem'), mixed);
    const failure = again();
    await expect(failure).rejects.toMatchObject({
      message: expect.stringContaining('not for its private key') as string,
    });
    await expect(failure).rejects.toMatchObject({ message: expect.not.stringContaining('BEGIN') as string });
    const half = (server ?? '').slice(0, -60) + '-----END PRIVATE KEY-----\n';
    await writeFile(join(folder, 'server.pem'), half);
    await expect(again()).rejects.toMatchObject({ code: 'STANDALONE_ACCESS_DAMAGED' });
  });

  it('says where it cannot be: a file in the place of the folder, a folder in the place of a file', async () => {
    const place = await temporaryFolder();
    await writeFile(join(place, 'file'), '');
    const clock = new ManualTime(START);
    await expect(openAccess({ folder: join(place, 'file'), clock, hostName: 'h' })).rejects.toMatchObject({
      code: 'STANDALONE_ACCESS_UNREADABLE',
    });
    await mkdir(join(place, 'access', 'ca.pem'), { recursive: true });
    await expect(openAccess({ folder: join(place, 'access'), clock, hostName: 'h' })).rejects.toMatchObject({
      code: 'STANDALONE_ACCESS_UNREADABLE',
    });
    await symlink('/dev/null/x', join(place, 'nowhere'));
    await expect(openAccess({ folder: join(place, 'nowhere'), clock, hostName: 'h' })).rejects.toMatchObject({
      code: 'STANDALONE_ACCESS_UNREADABLE',
    });
  });
});

describe('identify', () => {
  it('knows the administrator by token and by certificate', async () => {
    const { access, folder } = await open();
    expect(access.identify({ token: access.adminToken.reveal() })).toEqual({ user: 'admin' });
    expect(access.identify({ certificate: await der(folder, 'admin.pem') })).toEqual({ user: 'admin' });
  });

  it('knows a pod by its token, also after a start', async () => {
    const { access, again } = await open();
    const token = access.podToken(UID).reveal();
    expect(access.identify({ token })).toEqual({ user: 'pod', uid: UID });
    expect((await again()).identify({ token })).toEqual({ user: 'pod', uid: UID });
  });

  it('knows nobody by anything else', async () => {
    const { access, folder, time } = await open();
    const stranger = await open();
    const token = access.podToken(UID).reveal();
    const flipped = token.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A'));
    for (const wrong of [
      '',
      'admin',
      flipped,
      token.replace('7ed3', '7ed4'),
      `holdfast-pod.${UID}.`,
      stranger.access.adminToken.reveal(),
      stranger.access.podToken(UID).reveal(),
    ])
      expect(access.identify({ token: wrong })).toBeUndefined();
    expect(access.identify({})).toBeUndefined();
    expect(access.identify({ certificate: await der(folder, 'server.pem') })).toBeUndefined();
    expect(access.identify({ certificate: await der(folder, 'ca.pem') })).toBeUndefined();
    expect(access.identify({ certificate: await der(stranger.folder, 'admin.pem') })).toBeUndefined();
    expect(access.identify({ certificate: Buffer.from('no certificate') })).toBeUndefined();
    time.advance(6 * YEARS);
    expect(access.identify({ certificate: await der(folder, 'admin.pem') })).toBeUndefined();
  });

  it('makes no token of what is no uid', async () => {
    const { access } = await open();
    expect(() => access.podToken('a.b')).toThrow(TypeError);
  });
});

describe('the kubeconfig', () => {
  it('reaches the API as administrator, in the namespace of backups', async () => {
    const { access, folder } = await open();
    const path = join(folder, 'kubeconfig');
    await access.writeKubeconfig(SERVER, path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const config = await loadKubeconfig({ path });
    expect(config).toMatchObject({ context: 'holdfast-standalone', server: SERVER });
    expect(access.identify({ token: config.token?.reveal() })).toEqual({ user: 'admin' });
    expect(await readFile(path, 'utf8')).toContain('namespace: "openshift-etcd"');
  });

  it('of a pod has the pod’s token and no certificate', async () => {
    const { access, folder } = await open();
    const path = join(folder, 'pod', 'kubeconfig');
    await access.writePodKubeconfig('5f0e4ab2', SERVER, path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const config = await loadKubeconfig({ path });
    expect(config).toMatchObject({ server: SERVER, clientCertificate: undefined, clientKey: undefined });
    expect(access.identify({ token: config.token?.reveal() })).toEqual({ user: 'pod', uid: '5f0e4ab2' });
  });

  it('is written anew only where it would be another', async () => {
    const { access, folder } = await open();
    const path = join(folder, 'kubeconfig');
    await access.writeKubeconfig(SERVER, path);
    const { ino } = await stat(path);
    await access.writeKubeconfig(SERVER, path);
    expect((await stat(path)).ino).toBe(ino);
    await access.writeKubeconfig(new URL('https://[::1]:7443'), path);
    expect(await readFile(path, 'utf8')).toContain('server: "https://[::1]:7443"');
  });

  it('works over TLS: the server is the one that it names, the client the administrator', async () => {
    const { access, folder } = await open();
    const path = join(folder, 'kubeconfig');
    await access.writeKubeconfig(SERVER, path);
    const config = await loadKubeconfig({ path });
    const server = createServer({
      key: access.server.key.reveal(),
      cert: access.server.certificate,
      ca: access.authority,
      requestCert: true,
      rejectUnauthorized: false,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const certificate = new Promise<Buffer>((resolve) =>
      server.once('secureConnection', (socket) => resolve(socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0))),
    );
    const socket = connect({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      ca: config.certificateAuthority,
      cert: config.clientCertificate,
      key: reveal(config.clientKey),
    });
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    expect(socket.authorized).toBe(true);
    expect(access.identify({ certificate: await certificate })).toEqual({ user: 'admin' });
  });
});

function reveal(secret: Secret | undefined): string {
  return secret?.reveal() ?? '';
}
