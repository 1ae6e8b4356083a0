import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuePki, type Pki } from '../../test/kit/pki.ts';
import { parseEndpoints } from './endpoints.ts';
import { checkIdentity } from './server-identity.ts';

let folder: string;
let pki: Pki;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-identity-'));
  pki = await issuePki({ folder });
});
afterAll(() => rm(folder, { recursive: true }));

async function certificateFor(...hosts: readonly string[]): Promise<PeerCertificate> {
  const { cert } = await pki.issue('member', { hosts });
  return new X509Certificate(await readFile(cert)).toLegacyObject();
}

function verdict(url: string, certificate: PeerCertificate): Error | undefined {
  const [endpoint] = parseEndpoints(url, { tls: true });
  if (endpoint === undefined) throw new Error(`no endpoint in ${url}`);
  return checkIdentity(endpoint, certificate);
}

describe("a member's certificate", () => {
  it.each([
    ['https://10.0.0.5:2379', '10.0.0.5'],
    ['https://[::1]:2379', '::1'],
    ['https://[fd00:0:0:0::5]:2379', 'fd00::5'],
    ['https://etcd-0.example.com:2379', 'etcd-0.example.com'],
    ['https://etcd-0.example.com:2379', '*.example.com'],
    ['unixs:///run/etcd', 'etcd'],
  ])('reached at %s may be for %s', async (url, host) => {
    expect(verdict(url, await certificateFor('10.9.9.9', 'other.example.net', host))).toBeUndefined();
  });

  it.each([
    ['https://10.0.0.5:2379', '10.0.0.6'],
    ['https://10.0.0.5:2379', 'etcd.invalid'],
    ['https://[::1]:2379', '::2'],
    ['https://[::1]:2379', '127.0.0.1'],
    ['https://127.0.0.1:2379', 'localhost'],
    ['https://localhost:2379', '127.0.0.1'],
    ['https://etcd-0.example.com:2379', 'etcd-1.example.com'],
    ['https://a.b.example.com:2379', '*.example.com'],
  ])('reached at %s may not be for %s', async (url, host) => {
    expect(verdict(url, await certificateFor(host))).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('without any names is for nobody', async () => {
    expect(verdict('https://10.0.0.5:2379', await certificateFor())?.message).toContain('no names and addresses');
  });
});
