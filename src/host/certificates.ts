import { posix } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import { readSteadily } from './archive/read-steadily.ts';
import { walkSources } from './archive/walk.ts';
import { certificatesIn } from './certificate-files.ts';
import type { ControlPlaneHost } from './control-plane-host.ts';
import type { HostFinding, HostFindingCode } from './findings.ts';

const HOUR_MS = 60 * 60 * 1000;
const SOON_MS = 24 * HOUR_MS;
/** The installer's first certificates live 24 hours; an hour more allows for a clock that was set back. */
const INSTALLER_VALIDITY_MS = 25 * HOUR_MS;
/** Nothing that holds certificates is larger: the longest bundles of public authorities take some 250 kB. */
const MAX_FILE = 2 * 1024 * 1024;

/** One certificate in one file. */
export interface HostCertificate {
  /** The file, as the host names it. */
  readonly path: string;
  /** Distinguished names, on one line. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isCa: boolean;
  /** How many certificates the same file holds. */
  readonly inBundleOf: number;
  /** False where it is in use on the host but does not go into the archive. */
  readonly isSaved: boolean;
}

export interface CertificateReport {
  /** By path; those of one file in their order. */
  readonly certificates: readonly HostCertificate[];
  /** When the first saved certificate ends; of a bundle of authorities, the member that lasts longest counts. */
  readonly earliestExpiry: Date | undefined;
  readonly findings: readonly HostFinding[];
}

export interface InspectCertificatesOptions {
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at every certificate that would be saved, and on OpenShift also at those that the control plane uses beside them.
 *
 * What counts as an error: a certificate in use that is dead, or will be within 24 hours, because the control plane that comes
 * back from this backup would not start with it. That is every leaf certificate, every certificate that is alone in its
 * file, and a bundle none of whose certificates is valid. What does not: an expired member of a bundle that
 * holds valid ones, since authorities leave the old certificate in the bundle when they renew; it is only noted. Certificates in
 * use that are not saved (OpenShift's `*-certs` folders) are renewed by the cluster itself, so there expiry is a warning;
 * the installer's first certificates are an error wherever they are, because then the saved ones are about to be replaced.
 *
 * @throws HostError as {@link writeResourcesArchive} does; the signal's reason where it aborts
 */
export async function inspectCertificates(
  host: Pick<ControlPlaneHost, 'hostRoot' | 'layout' | 'sources' | 'neverSaved' | 'liveCertificateFolders'>,
  { now, signal }: InspectCertificatesOptions,
): Promise<CertificateReport> {
  const live = host.liveCertificateFolders.map((path) => ({ path, member: '', why: 'certificates in use' }));
  const findings: HostFinding[] = [];
  const saved = await readAll(host, true, findings, signal);
  const used = await readAll({ ...host, sources: live }, false, findings, signal);
  const certificates = [...saved, ...used].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const judged = judge(certificates, now);
  findings.push(...judged.findings);
  if (host.layout === 'openshift') findings.push(...installerCertificates(certificates, now));
  return { certificates, earliestExpiry: judged.earliestExpiry, findings };
}

async function readAll(
  host: Pick<ControlPlaneHost, 'hostRoot' | 'sources' | 'neverSaved'>,
  isSaved: boolean,
  findings: HostFinding[],
  signal: AbortSignal | undefined,
): Promise<readonly HostCertificate[]> {
  const certificates: HostCertificate[] = [];
  for await (const { path, diskPath, stats } of walkSources(host, signal)) {
    if (!stats.isFile() || stats.size > MAX_FILE) continue;
    const file = await readSteadily(path, diskPath, signal);
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of file.pieces) pieces.push(piece);
    } finally {
      await file.close();
    }
    const found = certificatesIn(Buffer.concat(pieces), path);
    if (found.unreadable > 0) findings.push(unreadable(path, found.unreadable));
    const ownCount = found.certificates.filter(({ from }) => from === 'file').length;
    for (const { certificate, from } of found.certificates) {
      certificates.push(describe(certificate, path, from === 'file' ? ownCount : 1, isSaved));
    }
  }
  return certificates;
}

function describe(certificate: X509Certificate, path: string, inBundleOf: number, isSaved: boolean): HostCertificate {
  return {
    path,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    // OpenSSL's text (`Nov 22 15:44:00 2026 GMT`); Node 20 has no validToDate.
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    isCa: certificate.ca,
    inBundleOf,
    isSaved,
  };
}

/** Node gives one relative name a line; a certificate without a subject gives undefined at run time. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

function judge(
  certificates: readonly HostCertificate[],
  now: Date,
): { readonly earliestExpiry: Date | undefined; readonly findings: readonly HostFinding[] } {
  const findings: HostFinding[] = [];
  let earliest: Date | undefined;
  for (const certificate of certificates) {
    const left = certificate.notAfter.getTime() - now.getTime();
    if (left <= 0 && hasValidSibling(certificate, certificates, now)) {
      findings.push(bundleMember(certificate));
      continue;
    }
    const isOutlived = siblings(certificate, certificates).some(({ notAfter }) => notAfter > certificate.notAfter);
    if (certificate.isSaved && !isOutlived && (earliest === undefined || certificate.notAfter < earliest)) {
      earliest = certificate.notAfter;
    }
    if (left <= 0) findings.push(dead('HOST_CERTIFICATE_EXPIRED', certificate, 'expired'));
    else if (left <= SOON_MS && !hasLaterSibling(certificate, certificates, now)) {
      findings.push(dead('HOST_CERTIFICATE_EXPIRES_SOON', certificate, 'expires'));
    }
  }
  return { earliestExpiry: earliest, findings };
}

/** Only authorities come in bundles of which one member is enough; a leaf in a chain is needed itself. */
function siblings(certificate: HostCertificate, all: readonly HostCertificate[]): readonly HostCertificate[] {
  if (!certificate.isCa || certificate.inBundleOf < 2) return [];
  return all.filter((other) => other !== certificate && other.path === certificate.path && other.isCa);
}

function hasValidSibling(certificate: HostCertificate, all: readonly HostCertificate[], now: Date): boolean {
  return siblings(certificate, all).some(({ notBefore, notAfter }) => notBefore <= now && notAfter > now);
}

function hasLaterSibling(certificate: HostCertificate, all: readonly HostCertificate[], now: Date): boolean {
  return siblings(certificate, all).some(({ notAfter }) => notAfter.getTime() - now.getTime() > SOON_MS);
}

/**
 * OpenShift documents that no backup may be taken before the first rotation, 24 hours after installation: what is saved
 * before would be dead by the time it is restored ("Backing up etcd", openshift-docs modules/backup-etcd.adoc).
 */
function installerCertificates(certificates: readonly HostCertificate[], now: Date): readonly HostFinding[] {
  const first = certificates.filter(({ notBefore, notAfter }) => {
    const validity = notAfter.getTime() - notBefore.getTime();
    return validity <= INSTALLER_VALIDITY_MS && notAfter > now;
  });
  const one = first[0];
  if (one === undefined) return [];
  const until = new Date(Math.max(...first.map(({ notAfter }) => notAfter.getTime())));
  return [
    {
      severity: 'error',
      code: 'HOST_INSTALLER_CERTIFICATES',
      where: posix.dirname(one.path),
      message:
        `${first.length} of the installer's 24-hour certificates are still in use (${one.path}: ${one.subject}); ` +
        `the first certificate rotation has not happened`,
      hint: `A backup can be taken once the rotation has replaced them, from ${until.toISOString()} on at the latest.`,
    },
  ];
}

function dead(code: HostFindingCode, certificate: HostCertificate, verb: string): HostFinding {
  const { path, subject, notAfter, isSaved } = certificate;
  return {
    severity: isSaved ? 'error' : 'warning',
    code,
    where: path,
    message: `the certificate ${subject} in ${path} ${verb} at ${notAfter.toISOString()}`,
    hint: isSaved
      ? 'Renew it before the backup: what is restored with it would not start.'
      : 'It is not saved, but the control plane uses it: see why it is not being renewed.',
  };
}

function bundleMember({ path, subject, notAfter }: HostCertificate): HostFinding {
  return {
    severity: 'note',
    code: 'HOST_CERTIFICATE_BUNDLE_MEMBER_EXPIRED',
    where: path,
    message: `the bundle ${path} still holds ${subject}, expired at ${notAfter.toISOString()}, beside valid certificates`,
  };
}

function unreadable(path: string, count: number): HostFinding {
  return {
    severity: 'warning',
    code: 'HOST_CERTIFICATE_UNREADABLE',
    where: path,
    message: `${path} holds ${count} certificate(s) that cannot be read`,
    hint: `Look at it with: openssl x509 -noout -text -in ${path}`,
  };
}
