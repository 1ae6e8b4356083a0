import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { makeTemporaryFolder } from './temporary-place.ts';

export interface TlsFiles {
  readonly cacert: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority with what an etcd cluster and its clients need; every file is 0600. */
export interface Pki {
  readonly folder: string;
  readonly server: TlsFiles;
  readonly peer: TlsFiles;
  /** A client whose common name is `root` unless asked otherwise. */
  readonly client: TlsFiles;
  /** One more certificate of the same authority. */
  issue(name: string, options?: CertificateOptions): Promise<TlsFiles>;
}

export interface CertificateOptions {
  readonly commonName?: string;
  /** Names and addresses in the certificate; by default 127.0.0.1, ::1 and localhost. */
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface PkiOptions {
  /** Where to put the files; by default a new temporary folder. */
  readonly folder?: string;
  readonly hosts?: readonly string[];
  readonly clientCommonName?: string;
  /** Server certificates that ended yesterday. */
  readonly expired?: boolean;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const HOUR = 3_600_000;

x509.cryptoProvider.set(webcrypto);

/** Issues a fresh authority, server and peer certificates for loopback, and a client certificate. */
export async function issuePki(options: PkiOptions = {}): Promise<Pki> {
  const folder = options.folder ?? (await makeTemporaryFolder());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = await makeAuthority(folder);
  const issue = (name: string, wanted: CertificateOptions = {}): Promise<TlsFiles> =>
    issueCertificate(authority, folder, name, wanted);
  const hosts = options.hosts ?? LOOPBACK;
  const span = options.expired === true ? { notBefore: hoursFromNow(-48), notAfter: hoursFromNow(-24) } : {};
  return {
    folder,
    server: await issue('server', { commonName: 'etcd-server', hosts, ...span }),
    peer: await issue('peer', { commonName: 'etcd-peer', hosts }),
    client: await issue('client', { commonName: options.clientCommonName ?? 'root', hosts: [] }),
    issue,
  };
}

interface Authority {
  readonly file: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

async function makeAuthority(folder: string): Promise<Authority> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=etcd-signer',
    notBefore: hoursFromNow(-72),
    notAfter: hoursFromNow(24 * 3650),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const file = await writePrivately(folder, 'ca.crt', certificate.toString('pem'));
  return { file, certificate, keys };
}

async function issueCertificate(
  authority: Authority,
  folder: string,
  name: string,
  options: CertificateOptions,
): Promise<TlsFiles> {
  const keys = await newKeys();
  const hosts = options.hosts ?? LOOPBACK;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${options.commonName ?? name}`,
    issuer: authority.certificate.subject,
    notBefore: options.notBefore ?? hoursFromNow(-1),
    notAfter: options.notAfter ?? hoursFromNow(24 * 365),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map(generalName))]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    cacert: authority.file,
    cert: await writePrivately(folder, `${name}.crt`, certificate.toString('pem')),
    key: await writePrivately(folder, `${name}.key`, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')),
  };
}

function generalName(host: string): { type: 'ip' | 'dns'; value: string } {
  return { type: /^[0-9.]+$|:/.test(host) ? 'ip' : 'dns', value: host };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function serialNumber(): string {
  // A leading 01 keeps the number positive and of full length.
  return `01${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString('hex')}`;
}

function hoursFromNow(hours: number): Date {
  return new Date(Date.now() + hours * HOUR);
}

async function writePrivately(folder: string, name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${content.trimEnd()}\n`, { mode: 0o600 });
  return path;
}
