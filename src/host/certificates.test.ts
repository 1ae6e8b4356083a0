import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { issuePki, type CertificateOptions } from '../../test/kit/pki.ts';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { temporarySampleHost } from '../../test/kit/temporary-sample-host.ts';
import { inspectCertificates, type CertificateReport } from './certificates.ts';
import { describeHost } from './describe-host.ts';

const HOUR = 3_600_000;
const NOW = new Date();

async function inspect(options: Parameters<typeof temporarySampleHost>[0], now = NOW): Promise<CertificateReport> {
  const { root } = await temporarySampleHost(options);
  return inspectCertificates(await describeHost({ hostRoot: root }), { now });
}

/** A folder of certificates with the given ends in hours from now, and what is found in it. */
async function inspectFiles(
  write: (folder: string, issue: (hours: number, options?: CertificateOptions) => Promise<string>) => Promise<void>,
): Promise<CertificateReport> {
  const root = await temporaryFolder();
  const pki = await issuePki({ folder: join(await temporaryFolder(), 'pki') });
  let count = 0;
  await write(root, async (hours, options) => {
    const notAfter = new Date(NOW.getTime() + hours * HOUR);
    const notBefore = new Date(NOW.getTime() - 1000 * HOUR);
    const { cert } = await pki.issue(`c${count++}`, { notBefore, notAfter, ...options });
    return readFile(cert, 'utf8');
  });
  const sources = [{ path: '/', member: '', why: 'test' }];
  const host = { hostRoot: root, layout: 'kubeadm' as const, sources, neverSaved: [], liveCertificateFolders: [] };
  return inspectCertificates(host, { now: NOW });
}

function codes(report: CertificateReport): readonly string[] {
  return [...new Set(report.findings.map(({ severity, code }) => `${severity} ${code}`))];
}

describe.each(['openshift', 'kubeadm', 'k3s', 'rke2'] as const)('the certificates of a %s host', (layout) => {
  it('are all found, with who and until when, and nothing is wrong with good ones', async () => {
    const report = await inspect({ layout });
    expect(report.findings).toEqual([]);
    expect(report.certificates.length).toBeGreaterThan(5);
    const earliest = report.earliestExpiry?.getTime() ?? 0;
    expect(earliest).toBeGreaterThan(NOW.getTime() + 300 * 24 * HOUR);
    expect(earliest).toBeLessThan(NOW.getTime() + 306 * 24 * HOUR);
  });

  it('are reported by name where they have expired', async () => {
    const report = await inspect({ layout, certificates: 'expired' });
    expect(codes(report)).toContain('error HOST_CERTIFICATE_EXPIRED');
    expect(report.findings.every(({ where }) => where.startsWith('/'))).toBe(true);
  });

  it('are reported a day before they expire', async () => {
    const report = await inspect({ layout }, new Date(NOW.getTime() + 304.5 * 24 * HOUR));
    expect(codes(report)).toContain('error HOST_CERTIFICATE_EXPIRES_SOON');
  });
});

describe("OpenShift's first day", () => {
  it('is recognised by the 24-hour certificates in use, though they are not saved', async () => {
    const report = await inspect({ layout: 'openshift', certificates: 'installer' });
    const finding = report.findings.find(({ code }) => code === 'HOST_INSTALLER_CERTIFICATES');
    expect(finding).toMatchObject({ severity: 'error' });
    expect(finding?.message).toMatch(/^5 of the installer's 24-hour certificates/);
    const until = /from (\S+) on/.exec(finding?.hint ?? '')?.[1] ?? '';
    expect(Math.abs(Date.parse(until) - (NOW.getTime() + 22 * HOUR))).toBeLessThan(60_000);
    expect(codes(report)).toContain('warning HOST_CERTIFICATE_EXPIRES_SOON');
  });

  it('is over when those certificates have been replaced', async () => {
    expect(codes(await inspect({ layout: 'openshift' }))).toEqual([]);
  });
});

describe('what counts as a dead certificate', () => {
  it('is every leaf, also one in a chain', async () => {
    const report = await inspectFiles(async (folder, issue) => {
      await writeFile(join(folder, 'tls.crt'), (await issue(-1)) + (await issue(500)));
    });
    expect(codes(report)).toEqual(['error HOST_CERTIFICATE_EXPIRED']);
  });

  it('is found in a kubeconfig, in YAML and in JSON', async () => {
    const report = await inspectFiles(async (folder, issue) => {
      const data = Buffer.from(await issue(-1)).toString('base64');
      await writeFile(join(folder, 'admin.conf'), `users:\n- user:\n    client-certificate-data: ${data}\n`);
      await writeFile(join(folder, 'k.json'), JSON.stringify({ 'client-certificate-data': data }));
    });
    expect(report.findings.map(({ where }) => where)).toEqual(['/admin.conf', '/k.json']);
  });

  it('is not one that only its bundle still holds', async () => {
    const report = await inspectFiles(async (folder) => {
      await writeFile(join(folder, 'ca-bundle.crt'), (await authority(-1)) + (await authority(9000)));
    });
    expect(codes(report)).toEqual(['note HOST_CERTIFICATE_BUNDLE_MEMBER_EXPIRED']);
    expect(report.earliestExpiry?.getTime()).toBeGreaterThan(NOW.getTime());
  });

  it('never makes a bundle of authorities end before the last of them', async () => {
    const report = await inspectFiles(async (folder) => {
      await writeFile(join(folder, 'trusted.crt'), (await authority(48)) + (await authority(9000)));
    });
    expect(report.findings).toEqual([]);
    expect(report.earliestExpiry?.getTime()).toBeGreaterThan(NOW.getTime() + 8000 * HOUR);
  });

  it('is an authority that is alone in its file, or a bundle with nothing valid in it', async () => {
    const old = await authority(-1);
    for (const content of [old, old + old]) {
      const report = await inspectFiles((folder) => writeFile(join(folder, 'ca.crt'), content));
      expect(codes(report)).toEqual(['error HOST_CERTIFICATE_EXPIRED']);
    }
  });

  it('is not what cannot be read, which is only said', async () => {
    const report = await inspectFiles(async (folder) => {
      await writeFile(join(folder, 'a.crt'), '-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n');
      await writeFile(join(folder, 'b.der'), Buffer.from('3082000100', 'hex'));
      await writeFile(join(folder, 'c.txt'), 'no certificate at all');
    });
    expect(report.findings.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'HOST_CERTIFICATE_UNREADABLE /a.crt',
      'HOST_CERTIFICATE_UNREADABLE /b.der',
    ]);
  });
});

async function authority(hours: number): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=old-signer',
    notBefore: new Date(NOW.getTime() - 2000 * HOUR),
    notAfter: new Date(NOW.getTime() + hours * HOUR),
    signingAlgorithm: algorithm,
    keys: await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return `${certificate.toString('pem')}\n`;
}
