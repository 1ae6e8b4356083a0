import type { Manifest } from '../../../backup/index.ts';
import type { Finding } from '../../../base/index.ts';
import type { SoonestExpiry } from '../../../host/index.ts';
import { finding } from '../errors.ts';
import type { KnownHost } from '../learn-host.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whether the archive of a backup belongs on this host at all. */
export function checkArchiveFits(manifest: Manifest | undefined, { host, member }: KnownHost): readonly Finding[] {
  const findings: Finding[] = [];
  const layout = manifest?.resources?.layout;
  if (layout !== undefined && layout !== host.layout) {
    const message = `the static pod resources are those of a ${layout} host, this one is ${host.layout}`;
    findings.push(finding('error', 'RECOVERY_OTHER_LAYOUT', manifest?.resources?.file ?? '', message, SNAPSHOT_ONLY));
  }
  const name = manifest?.member.name;
  if (name !== undefined && member.name !== undefined && name !== member.name) {
    const message = `the static pod resources are those of ${name}, this host is ${member.name}: names and addresses in them do not fit`;
    findings.push(finding('error', 'RECOVERY_OTHER_NODE', manifest?.resources?.file ?? '', message, SNAPSHOT_ONLY));
  }
  return findings;
}

const SNAPSHOT_ONLY =
  "Restore on the host that the backup was taken on, or restore the data alone and keep this host's own resources: --snapshot-only.";

/** Whether the certificates that would come back are still of use. */
export function checkCertificates(soonest: SoonestExpiry | undefined, now: Date): readonly Finding[] {
  if (soonest === undefined || soonest.notAfter.getTime() - now.getTime() > DAY_MS) return [];
  const { path, notAfter } = soonest;
  const ends = notAfter <= now ? 'expired on' : 'expires on';
  const message = `the certificate ${path} in the backup ${ends} ${notAfter.toISOString()}`;
  const hint =
    "Restore the data alone and keep this host's own certificates: --snapshot-only; or renew them afterwards.";
  return [finding('error', 'RECOVERY_CERTIFICATE_EXPIRED', path, message, hint)];
}
