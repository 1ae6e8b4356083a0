import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { loadKubeconfig, type Kubeconfig } from './kubeconfig.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig whose one user and cluster have the given fields. */
function config(user: object, cluster: object = {}, top: object = {}): string {
  return JSON.stringify({
    'current-context': 'admin',
    contexts: [
      { name: 'other', context: { cluster: 'b', user: 'b' } },
      { name: 'admin', context: { cluster: 'a', user: 'a' } },
    ],
    clusters: [{ name: 'a', cluster: { server: 'https://localhost:6443', ...cluster } }],
    users: [{ name: 'a', user }],
    ...top,
  });
}

function load(text: string): Promise<Kubeconfig> {
  return loadKubeconfig({ path: '/etc/k.conf', text });
}

describe('a kubeconfig', () => {
  it('gives its current context, with data that stands in the file itself', async () => {
    const text = config(
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY'), token: 'secret' },
      { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'api' },
    );
    const loaded = await load(text);
    expect(loaded).toMatchObject({ context: 'admin', tlsServerName: 'api' });
    expect(loaded.server.href).toBe('https://localhost:6443/');
    expect(loaded.certificateAuthority?.toString()).toBe('CA');
    expect(loaded.clientCertificate?.toString()).toBe('CERT');
    expect([loaded.clientKey?.reveal(), loaded.token?.reveal()]).toEqual(['KEY', 'secret']);
    expect(inspect(loaded) + JSON.stringify(loaded)).not.toMatch(/secret|"KEY"/);
  });

  it('reads the files that it names below the host root, relative ones from its own folder', async () => {
    const hostRoot = await temporaryFolder();
    await mkdir(join(hostRoot, 'etc/pki'), { recursive: true });
    await writeFile(join(hostRoot, 'etc/ca.crt'), 'CA');
    await writeFile(join(hostRoot, 'etc/pki/client.crt'), 'CERT');
    await writeFile(join(hostRoot, 'etc/pki/token'), ' token\n');
    const user = { 'client-certificate': 'pki/client.crt', tokenFile: '/etc/pki/token' };
    await writeFile(join(hostRoot, 'etc/k.conf'), config(user, { 'certificate-authority': '/etc/ca.crt' }));
    const loaded = await loadKubeconfig({ path: '/etc/k.conf', hostRoot });
    expect(loaded.certificateAuthority?.toString()).toBe('CA');
    expect(loaded.clientCertificate?.toString()).toBe('CERT');
    expect(loaded.token?.reveal()).toBe('token');
  });

  it('lets the caller say where the files of the host lie', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'the-file'), 'CA');
    const asked: string[] = [];
    const loaded = await loadKubeconfig({
      path: '/etc/k.conf',
      text: config({}, { 'certificate-authority': 'ca.crt' }),
      resolvePath: (path) => {
        asked.push(path);
        return Promise.resolve(join(folder, 'the-file'));
      },
    });
    expect(asked).toEqual(['/etc/ca.crt']);
    expect(loaded.certificateAuthority?.toString()).toBe('CA');
  });

  it.each([
    ['an exec plugin', config({ exec: { command: 'aws' } })],
    ['an auth-provider plugin', config({ 'auth-provider': { name: 'gcp' } })],
    ['basic authentication', config({ username: 'a', password: 'hunter2' })],
    ['TLS without verification', config({}, { 'insecure-skip-tls-verify': true })],
    ['a proxy', config({}, { 'proxy-url': 'http://proxy' })],
  ])('is refused where it asks for %s', async (what, text) => {
    const error: unknown = await load(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'APISERVER_KUBECONFIG_UNSUPPORTED', subject: '/etc/k.conf' });
    expect(String(error)).toContain(what);
    expect(String(error)).not.toContain('hunter2');
  });

  it.each([
    ['not YAML', '{'],
    ['a list', '[]'],
    ['nothing', ''],
    ['no current context', config({}, {}, { 'current-context': undefined })],
    ['a context that is not there', config({}, {}, { 'current-context': 'gone' })],
    ['a cluster that is not there', config({}, {}, { 'current-context': 'other' })],
    ['a user that is not there', config({}, {}, { users: [] })],
    ['a server without TLS', config({}, { server: 'http://localhost' })],
    ['no server', config({}, { server: 7 })],
  ])('is refused where it has %s', async (_, text) => {
    await expect(load(text)).rejects.toMatchObject({ code: 'APISERVER_KUBECONFIG_INVALID', subject: '/etc/k.conf' });
  });

  it('is missed by name, as are the files that it names', async () => {
    const hostRoot = await temporaryFolder();
    await expect(loadKubeconfig({ path: '/etc/k.conf', hostRoot })).rejects.toMatchObject({
      code: 'APISERVER_KUBECONFIG_MISSING',
      subject: '/etc/k.conf',
    });
    const text = config({ 'client-key': 'client.key' });
    await expect(loadKubeconfig({ path: '/etc/k.conf', text, hostRoot })).rejects.toMatchObject({
      code: 'APISERVER_KUBECONFIG_MISSING',
      subject: '/etc/client.key',
    });
  });

  it('quotes nothing of a file that it cannot parse, for that may be a key', async () => {
    await expect(load('client-key-data: "hunter2\n  : [')).rejects.not.toThrow(/hunter2/);
  });
});
