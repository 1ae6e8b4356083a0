import { KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509 from '@peculiar/x509';
import { Secret } from '../../base/index.ts';
import type { KeyPair } from './key-pair.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long an authority is valid. */
const AUTHORITY_DAYS = 3_650;
/** How long what it signs is valid. */
const CERTIFICATE_DAYS = 1_825;

/** What a certificate is for. */
export interface CertificateRequest {
  readonly commonName: string;
  /** For clients: the groups that Kubernetes reads from it. */
  readonly organization?: string | undefined;
  readonly usage: 'server' | 'client';
  /** For servers: names and addresses. */
  readonly hosts?: readonly string[] | undefined;
}

/** Loaded only where something has to be issued: most starts find everything in place. */
async function load(): Promise<typeof X509> {
  const { loadX509 } = await import('./x509-library.ts');
  return loadX509();
}

/** Makes an authority of our own. */
export async function issueAuthority(now: Date): Promise<KeyPair> {
  const x509 = await load();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: ['holdfast-standalone'] }],
    ...span(now, AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pairOf(certificate.toString('pem'), keys.privateKey);
}

/** Has an authority sign a new key. What it signs does not outlive it. */
export async function issueCertificate(authority: KeyPair, request: CertificateRequest, now: Date): Promise<KeyPair> {
  const x509 = await load();
  const keys = await newKeys();
  const { notBefore, notAfter } = span(now, CERTIFICATE_DAYS);
  const lastDay = new Date(authority.x509.validTo);
  const issuer = new x509.X509Certificate(authority.certificate);
  const { commonName, organization, usage, hosts = [] } = request;
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...(organization === undefined ? [] : [{ O: [organization] }]), { CN: [commonName] }],
    issuer: issuer.subject,
    notBefore,
    notAfter: notAfter < lastDay ? notAfter : lastDay,
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage === 'server' ? serverAuth : clientAuth]),
      ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map(generalName))]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return pairOf(certificate.toString('pem'), keys.privateKey);
}

function generalName(host: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(host) === 0 ? 'dns' : 'ip', value: host };
}

/** An hour of the past is included for clients whose clocks are slow. */
function span(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now.getTime() - HOUR_MS), notAfter: new Date(now.getTime() + days * DAY_MS) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function importKey(key: Secret): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(key.reveal().replace(/-----[^-]+-----/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

function serialNumber(): string {
  // A leading 01 keeps the number positive and of full length.
  return `01${randomBytes(15).toString('hex')}`;
}

function pairOf(certificate: string, privateKey: webcrypto.CryptoKey): KeyPair {
  const key = new Secret(String(KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' })));
  return { certificate, key, x509: new X509Certificate(certificate) };
}
