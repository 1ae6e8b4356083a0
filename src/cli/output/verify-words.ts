import { basename } from 'node:path';
import { formatBytes } from '../../base/index.ts';
import type { BackupVerification, SnapshotInspection, VerifyReport } from '../../operations/index.ts';
import type { Terminal } from '../environment.ts';
import { toJson } from './json.ts';
import { findingLines } from './show-error.ts';

/** What was examined, whether it is good, and every problem. */
export function showVerification(
  report: VerifyReport,
  format: 'text' | 'json',
  { stdout }: { readonly stdout: Terminal },
): void {
  if (format === 'json') {
    stdout.write(
      `${toJson({ path: report.path, good: report.good, backups: report.backups.map(verificationDocument) }, 2)}\n`,
    );
    return;
  }
  for (const backup of report.backups) stdout.write(`${verificationLines(backup).join('\n')}\n`);
  if (report.backups.length > 1) {
    const good = report.backups.filter((backup) => backup.good).length;
    stdout.write(`${good} of ${report.backups.length} backups are good\n`);
  }
}

function verificationLines({ id, good, snapshot, resources, findings }: BackupVerification): readonly string[] {
  const lines = [`${id}: ${good ? 'good' : 'NOT GOOD'}`];
  if (snapshot !== undefined) lines.push(`  snapshot   ${snapshotLine(snapshot)}`);
  if (resources !== undefined) {
    const { archive, path } = resources;
    lines.push(`  resources  ${basename(path)}: ${formatBytes(archive.size)}, ${archive.entries.length} entries`);
  }
  return [...lines, ...findings.map((finding) => findingLines(finding, '  '))];
}

const trailerWords = {
  good: 'SHA-256 matches',
  mismatch: 'SHA-256 DIFFERS',
  absent: 'no SHA-256 (a raw copy)',
  unchecked: 'SHA-256 not compared',
} as const;

function snapshotLine({ path, size, walk, trailer }: SnapshotInspection): string {
  const figures =
    walk === undefined
      ? 'not an etcd database'
      : `revision ${walk.status.revision}, ${walk.status.totalKey} keys, hash ${walk.status.hash.toString(16)}`;
  return `${basename(path)}: ${formatBytes(size)}, ${figures}, ${trailerWords[trailer]}`;
}

function verificationDocument({ id, folder, good, snapshot, resources, findings }: BackupVerification): unknown {
  return {
    id,
    folder,
    good,
    snapshot: snapshot && {
      path: snapshot.path,
      size: snapshot.size,
      sha256: snapshot.hashes?.sha256,
      trailer: snapshot.trailer,
      ...snapshot.walk?.status,
    },
    resources: resources && {
      path: resources.path,
      size: resources.archive.size,
      sha256: resources.archive.sha256,
      entries: resources.archive.entries.length,
    },
    findings,
  };
}
