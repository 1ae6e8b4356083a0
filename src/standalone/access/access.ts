import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock, Secret } from '../../base/index.ts';
import { BACKUP_NAMESPACE } from '../../crd/index.ts';
import { AccessFiles, writePrivately } from './access-files.ts';
import { issueAuthority, issueCertificate, type CertificateRequest } from './issue.ts';
import { decodeKeyPair, encodeKeyPair, type KeyPair } from './key-pair.ts';
import { kubeconfigText } from './kubeconfig-text.ts';
import { isSame, newSecret, parseSecret, podOf, podToken } from './tokens.ts';

/** Who asks the engine's API. */
export type Identity = { readonly user: 'admin' } | { readonly user: 'pod'; readonly uid: string };

/** What a request brings along. */
export interface Credentials {
  /** Of the header `Authorization: Bearer …`. */
  readonly token?: string | undefined;
  /** The client's certificate, DER; the TLS layer has checked that the client holds its key. */
  readonly certificate?: Uint8Array | undefined;
}

/** The engine's own authority, certificates and tokens. */
export interface Access {
  /** What clients trust, PEM. */
  readonly authority: string;
  readonly server: { readonly certificate: string; readonly key: Secret };
  readonly adminToken: Secret;
  /** The token of a pod, the same for the life of the data. Whether the pod still stands is for the API to ask. */
  podToken(uid: string): Secret;
  /** Who has these credentials; undefined for nobody that is known. */
  identify(credentials: Credentials): Identity | undefined;
  /** Writes the administrator's kubeconfig to a path, if it is not the same already. */
  writeKubeconfig(server: URL, path: string): Promise<void>;
  /** The same for a pod, which gets its own token and no certificate. */
  writePodKubeconfig(uid: string, server: URL, path: string): Promise<void>;
  /** What was made by this start, by file name; a kubeconfig that was copied is outdated where `ca.pem` is among them. */
  readonly issued: readonly string[];
}

export interface AccessOptions {
  /** The folder of the files; made where it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  /** This machine's name, for the server's certificate. */
  readonly hostName: string;
}

const YEAR_MS = 365 * 24 * 3_600_000;
/** Certificates that have less left at a start are made anew. They live five years, the authority ten. */
const LEAST_LEFT_MS = { certificate: YEAR_MS, authority: 2 * YEAR_MS };

const ADMIN: CertificateRequest = { commonName: 'holdfast-admin', organization: 'system:masters', usage: 'client' };
const LOOPBACK = ['127.0.0.1', '::1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

/**
 * Opens the folder of keys; what is missing or about to expire is made anew, everything else stays as it is.
 *
 * @throws StandaloneError STANDALONE_ACCESS_DAMAGED, STANDALONE_ACCESS_UNREADABLE
 */
export async function openAccess({ folder, clock, hostName }: AccessOptions): Promise<Access> {
  const files = await AccessFiles.open(folder);
  const now = clock.now();
  const issued: string[] = [];
  const keep: Keeper = async (name, isGood, issue) => {
    const standing = await readPair(files, name);
    if (standing !== undefined && isGood(standing)) return standing;
    const made = await issue();
    await files.write(name, encodeKeyPair(made));
    issued.push(name);
    return made;
  };
  const authority = await keep(
    'ca.pem',
    (pair) => pair.x509.ca && isLasting(pair, now, LEAST_LEFT_MS.authority),
    () => issueAuthority(now),
  );
  const hosts = [...new Set([...LOOPBACK, hostName])];
  const isSigned = (pair: KeyPair): boolean =>
    pair.x509.verify(authority.x509.publicKey) && isLasting(pair, now, LEAST_LEFT_MS.certificate);
  const server = await keep(
    'server.pem',
    (pair) => isSigned(pair) && hosts.every((host) => isFor(pair, host)),
    () => issueCertificate(authority, { commonName: 'holdfast-standalone-api', usage: 'server', hosts }, now),
  );
  const admin = await keep('admin.pem', isSigned, () => issueCertificate(authority, ADMIN, now));
  const adminToken = await keepSecret(files, 'admin-token', issued);
  const podKey = await keepSecret(files, 'pod-token-key', issued);
  const common = { authority: authority.certificate, namespace: BACKUP_NAMESPACE };
  return {
    authority: authority.certificate,
    server,
    adminToken,
    issued,
    podToken: (uid) => podToken(podKey, uid),
    identify: (credentials) =>
      byToken(credentials.token, { adminToken, podKey }) ?? byCertificate(credentials.certificate, authority, clock),
    writeKubeconfig: (server, path) =>
      writePrivately(
        path,
        kubeconfigText({ ...common, server, user: { name: ADMIN.commonName, client: admin, token: adminToken } }),
      ),
    writePodKubeconfig: (uid, server, path) =>
      writePrivately(
        path,
        kubeconfigText({ ...common, server, user: { name: 'holdfast-pod', token: podToken(podKey, uid) } }),
      ),
  };
}

type Keeper = (name: string, isGood: (pair: KeyPair) => boolean, issue: () => Promise<KeyPair>) => Promise<KeyPair>;

async function readPair(files: AccessFiles, name: string): Promise<KeyPair | undefined> {
  const text = await files.read(name);
  const pair = text === undefined ? undefined : decodeKeyPair(text);
  if (typeof pair === 'string') throw files.damaged(name, pair);
  return pair;
}

async function keepSecret(files: AccessFiles, name: string, issued: string[]): Promise<Secret> {
  const text = await files.read(name);
  if (text === undefined) {
    const made = newSecret();
    await files.write(name, `${made.reveal()}\n`);
    issued.push(name);
    return made;
  }
  const secret = parseSecret(text);
  if (secret === undefined) throw files.damaged(name, 'it does not hold 43 characters of base64url');
  return secret;
}

function isLasting({ x509 }: KeyPair, now: Date, leastMs: number): boolean {
  return Date.parse(x509.validTo) - now.getTime() >= leastMs;
}

function isFor({ x509 }: KeyPair, host: string): boolean {
  return (isIP(host) === 0 ? x509.checkHost(host) : x509.checkIP(host)) !== undefined;
}

function byToken(
  token: string | undefined,
  { adminToken, podKey }: { readonly adminToken: Secret; readonly podKey: Secret },
): Identity | undefined {
  if (token === undefined) return undefined;
  if (isSame(token, adminToken.reveal())) return { user: 'admin' };
  const uid = podOf(podKey, token);
  return uid === undefined ? undefined : { user: 'pod', uid };
}

function byCertificate(der: Uint8Array | undefined, authority: KeyPair, clock: Clock): Identity | undefined {
  const certificate = der && parse(der);
  if (certificate?.verify(authority.x509.publicKey) !== true) return undefined;
  const now = clock.now().getTime();
  const isValid = Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo);
  const subject = new Set(certificate.subject.split('\n'));
  const isAdmin = subject.has(`CN=${ADMIN.commonName}`) && subject.has(`O=${ADMIN.organization ?? ''}`);
  return isValid && isAdmin ? { user: 'admin' } : undefined;
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
