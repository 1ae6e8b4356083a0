import { formatBytes } from '../../base/index.ts';
import type { BackupReport } from '../../operations/index.ts';
import type { Terminal } from '../environment.ts';
import { toJson } from './json.ts';
import { pruneLines } from './prune-words.ts';

type Output = { readonly stdout: Terminal; readonly stderr: Terminal };

/**
 * A finished backup. Standard output holds the words of OpenShift's cluster-backup.sh, which scripts read: the revisions
 * found, the JSON line, the last line; everything else goes to standard error.
 */
export function showBackup(report: BackupReport, format: 'text' | 'json', output: Output): void {
  if (format === 'json') {
    output.stdout.write(`${toJson(backupDocument(report), 2)}\n`);
    return;
  }
  showNotes(report, output.stderr);
  const { stdout } = output;
  for (const { name, path } of report.staticPods) stdout.write(`found latest ${name}: ${path}\n`);
  const { hash, revision, totalKey, totalSize } = report.manifest.snapshot;
  stdout.write(`${toJson({ hash, revision, totalKey, totalSize })}\n`);
  const what = report.manifest.resources === undefined ? 'snapshot db is' : 'snapshot db and kube resources are';
  stdout.write(`${what} successfully saved to ${report.folder}\n`);
}

function showNotes(report: BackupReport, stderr: Terminal): void {
  for (const path of Object.values(report.files)) if (path !== undefined) stderr.write(`wrote ${path}\n`);
  const { liveKeys, size } = report.manifest.snapshot;
  stderr.write(`verified: ${formatBytes(size)}, ${liveKeys} live keys, in ${formatDuration(report.durationMs)}\n`);
  if (report.manifest.encryption.keysSaved === 'in-resources' && report.manifest.resources?.folder === undefined) {
    stderr.write(
      'hint: the static pod resources hold the keys that open the snapshot; keep them apart, with --resources-dir\n',
    );
  }
  if (report.retention !== undefined) for (const line of pruneLines(report.retention)) stderr.write(`${line}\n`);
}

function formatDuration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function backupDocument(report: BackupReport): unknown {
  const { id, folder, files, findings, retention, durationMs, manifest } = report;
  const { hash, revision, totalKey, totalSize, liveKeys, size, sha256 } = manifest.snapshot;
  return {
    id,
    folder,
    files,
    hash,
    revision,
    totalKey,
    totalSize,
    liveKeys,
    size,
    sha256,
    dirty: manifest.dirty,
    staticPods: manifest.resources?.staticPods ?? [],
    encryption: manifest.encryption,
    findings,
    retention,
    durationMs: Math.round(durationMs),
  };
}
