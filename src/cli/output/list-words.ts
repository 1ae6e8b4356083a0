import { formatBytes, formatId } from '../../base/index.ts';
import type { Backup, Manifest } from '../../backup/index.ts';
import type { Listing } from '../../operations/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { toJson } from './json.ts';
import { findingLines } from './show-error.ts';
import { formatAge, formatTable } from './table.ts';

export type ListFormat = 'table' | 'wide' | 'json' | 'yaml';

/** A repository's backups, newest first. */
export async function showList(listing: Listing, format: ListFormat, environment: CliEnvironment): Promise<void> {
  const { stdout, stderr, clock } = environment;
  if (format === 'json' || format === 'yaml') {
    const text = toJson(listDocument(listing, clock.now()), 2);
    stdout.write(
      format === 'json' ? `${text}\n` : (await import('js-yaml')).dump(JSON.parse(text), { lineWidth: 120 }),
    );
    return;
  }
  for (const finding of listing.findings) stderr.write(`${findingLines(finding, '')}\n`);
  if (listing.backups.length === 0) {
    stderr.write(`no backups in ${listing.folder}\n`);
    return;
  }
  const now = clock.now();
  const wide = format === 'wide';
  const rows = listing.backups.map((backup) => row(backup, now, wide));
  stdout.write(`${formatTable(wide ? [...header, ...wideHeader] : header, rows)}\n`);
  for (const backup of listing.backups)
    for (const problem of backup.problems) stdout.write(`  ${backup.id}: ${problem}\n`);
}

const header = ['BACKUP', 'AGE', 'STATE', 'REVISION', 'KEYS', 'SIZE', 'MEMBER', 'VERSIONS', 'STATIC PODS'];
const wideHeader = ['CREATED', 'CLUSTER', 'FOLDER'];

function row(backup: Backup, now: Date, wide: boolean): readonly string[] {
  const { manifest } = backup;
  const cells = [
    backup.id,
    formatAge(now.getTime() - backup.created.getTime()),
    backup.state,
    manifest?.snapshot.revision.toString() ?? '-',
    manifest?.snapshot.totalKey.toString() ?? '-',
    formatBytes(backup.bytes),
    manifest?.member.name ?? manifest?.member.endpoint ?? '-',
    versions(manifest),
    staticPods(manifest),
  ];
  return wide ? [...cells, backup.created.toISOString(), cluster(manifest), backup.folder] : cells;
}

function versions(manifest: Manifest | undefined): string {
  if (manifest === undefined) return '-';
  const { openshiftVersion, kubernetesVersion, openshift } = manifest.cluster;
  const parts = [`etcd ${manifest.etcd.version}`];
  const onTheWay = openshift?.updatingTo === undefined ? '' : ` going to ${openshift.updatingTo}`;
  if (openshiftVersion !== undefined) parts.push(`openshift ${openshiftVersion}${onTheWay}`);
  else if (kubernetesVersion !== undefined) parts.push(`kubernetes ${kubernetesVersion}`);
  return parts.join(', ');
}

/** The four revisions in the reference's order, `6/7/6/3`; the layout where there are no revisions. */
function staticPods(manifest: Manifest | undefined): string {
  const resources = manifest?.resources;
  if (resources === undefined) return '-';
  const revisions = resources.staticPods.map((pod) => pod.revision).filter((revision) => revision !== undefined);
  return revisions.length === 0 ? resources.layout : revisions.join('/');
}

function cluster(manifest: Manifest | undefined): string {
  if (manifest === undefined) return '-';
  return manifest.cluster.kubeSystemUid ?? formatId(manifest.cluster.etcdClusterId);
}

function listDocument(listing: Listing, now: Date): unknown {
  return {
    folder: listing.folder,
    backups: listing.backups.map((backup) => backupDocument(backup, now)),
    findings: listing.findings,
  };
}

/** A backup's stable JSON form; docs/cli.md describes it. */
function backupDocument(backup: Backup, now: Date): unknown {
  const { manifest } = backup;
  return {
    id: backup.id,
    folder: backup.folder,
    created: backup.created.toISOString(),
    ageSeconds: Math.max(0, Math.floor((now.getTime() - backup.created.getTime()) / 1000)),
    state: backup.state,
    problems: backup.problems,
    bytes: backup.bytes,
    files: backup.files,
    hash: manifest?.snapshot.hash,
    revision: manifest?.snapshot.revision,
    totalKey: manifest?.snapshot.totalKey,
    liveKeys: manifest?.snapshot.liveKeys,
    totalSize: manifest?.snapshot.totalSize,
    cluster: manifest && {
      etcdClusterId: formatId(manifest.cluster.etcdClusterId),
      kubeSystemUid: manifest.cluster.kubeSystemUid,
      kubernetesVersion: manifest.cluster.kubernetesVersion,
      openshiftVersion: manifest.cluster.openshiftVersion,
      openshift: manifest.cluster.openshift,
    },
    member: manifest && { ...manifest.member, id: formatId(manifest.member.id) },
    etcdVersion: manifest?.etcd.version,
    staticPods: manifest?.resources?.staticPods,
    layout: manifest?.resources?.layout,
    encryption: manifest?.encryption,
    earliestCertificateExpiry: manifest?.certificates?.earliestExpiry.toISOString(),
    verifiedAt: manifest?.verified?.at.toISOString(),
    warnings: manifest?.warnings,
  };
}
