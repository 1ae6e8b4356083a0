import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuePki, type Pki } from '../../test/kit/pki.ts';
import type { Clock } from '../base/index.ts';
import { loadTls } from './credentials.ts';
import { EtcdError } from './errors.ts';

let folder: string;
let pki: Pki;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-credentials-'));
  pki = await issuePki({ folder });
});
afterAll(() => rm(folder, { recursive: true }));

const YEAR = 365 * 24 * 3_600_000;
const inYears = (years: number): Clock => ({
  now: () => new Date(Date.now() + years * YEAR),
  monotonicMs: () => performance.now(),
});

function failure(...args: Parameters<typeof loadTls>): EtcdError {
  try {
    loadTls(...args);
  } catch (error) {
    if (error instanceof EtcdError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

describe('TLS files', () => {
  it('may be none, some or all', () => {
    expect(loadTls({})).toMatchObject({ clientCertificate: undefined, trusted: undefined });
    expect(loadTls({ cacert: pki.client.cacert })).toMatchObject({ trusted: pki.client.cacert });
    expect(loadTls(pki.client)).toMatchObject({ clientCertificate: pki.client.cert, trusted: pki.client.cacert });
  });

  it('may be at hand, with a name', async () => {
    const content = await readFile(pki.client.cacert);
    expect(loadTls({ cacert: { name: 'ConfigMap/etcd-ca', content } }).trusted).toBe('ConfigMap/etcd-ca');
    const empty = { name: 'ConfigMap/etcd-ca', content: new Uint8Array(0) };
    expect(failure({ cacert: empty })).toMatchObject({
      code: 'ETCD_CERTIFICATE_INVALID',
      subject: 'ConfigMap/etcd-ca',
    });
  });

  it('may hold several authorities, and a chain and text beside the client certificate', async () => {
    const [ca, cert] = await Promise.all([readFile(pki.client.cacert, 'utf8'), readFile(pki.client.cert, 'utf8')]);
    const cacert = await file('bundle.crt', `# old\n${ca}\n# new\n${ca}`);
    const chain = await file('chain.crt', `subject=CN=root\n${cert}${ca}`);
    expect(() => loadTls({ cacert, cert: chain, key: pki.client.key })).not.toThrow();
  });

  it('that are missing are named', () => {
    for (const which of ['cacert', 'cert', 'key'] as const) {
      const path = join(folder, `no-such-${which}`);
      expect(failure({ ...pki.client, [which]: path })).toMatchObject({
        code: 'ETCD_CREDENTIALS_UNREADABLE',
        kind: 'needs-user',
        subject: path,
        hint: expect.stringContaining(`--${which}`) as string,
      });
    }
    expect(failure({ cacert: folder })).toMatchObject({ code: 'ETCD_CREDENTIALS_UNREADABLE', subject: folder });
  });

  it('that are half of a pair say what is missing', () => {
    const { cert, key } = pki.client;
    expect(failure({ cert }).message).toBe('--cert is given without --key');
    expect(failure({ key })).toMatchObject({
      code: 'ETCD_CREDENTIALS_INCOMPLETE',
      message: '--key is given without --cert',
    });
  });

  it('that are not what they should be are named', async () => {
    const nonsense = await file('nonsense.pem', 'not PEM at all');
    const broken = await file('broken.crt', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    for (const bad of [nonsense, broken, pki.client.key]) {
      expect(failure({ cacert: bad })).toMatchObject({ code: 'ETCD_CERTIFICATE_INVALID', subject: bad });
      expect(failure({ ...pki.client, cert: bad })).toMatchObject({ code: 'ETCD_CERTIFICATE_INVALID', subject: bad });
    }
    for (const bad of [nonsense, pki.client.cert]) {
      expect(failure({ ...pki.client, key: bad })).toMatchObject({ code: 'ETCD_KEY_INVALID', subject: bad });
    }
  });

  it('with a key of another certificate are told apart from bad ones', async () => {
    const other = await pki.issue('other');
    expect(failure({ ...pki.client, key: other.key })).toMatchObject({ code: 'ETCD_KEY_MISMATCH', subject: other.key });
  });

  it('with a key that wants a passphrase say so, whatever the form of the key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const protection = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    const forms = [
      createPrivateKey(await readFile(pki.client.key)).export({ type: 'pkcs8', ...protection }),
      privateKey.export({ type: 'pkcs1', ...protection }),
    ];
    for (const [index, form] of forms.entries()) {
      const key = await file(`encrypted-${index}.key`, form.toString());
      expect(failure({ ...pki.client, key })).toMatchObject({ code: 'ETCD_KEY_ENCRYPTED', subject: key });
    }
  });

  it('outside the validity of the client certificate are refused with its time', () => {
    expect(failure(pki.client, inYears(3))).toMatchObject({
      code: 'ETCD_CERTIFICATE_EXPIRED',
      subject: pki.client.cert,
      message: expect.stringMatching(/expired at \d{4}-\d\d-\d\dT/) as string,
    });
    expect(failure(pki.client, inYears(-3)).message).toContain('is not valid before');
  });

  it('never show a key in a failure', async () => {
    const key = await file('leaky.key', '-----BEGIN PRIVATE KEY-----\nTOPSECRET\n-----END PRIVATE KEY-----\n');
    const { message, hint, cause } = failure({ ...pki.client, key });
    expect(`${message} ${hint} ${String(cause)}`).not.toContain('TOPSECRET');
  });
});
