import { formatBytes } from '../../base/index.ts';
import type { PruneReport } from '../../operations/index.ts';
import type { Terminal } from '../environment.ts';
import { toJson } from './json.ts';

/** One line a backup: kept or removed, and why; then what was freed. */
export function showPrune(
  report: PruneReport,
  format: 'text' | 'json',
  { stdout }: { readonly stdout: Terminal },
): void {
  if (format === 'json') {
    stdout.write(`${toJson(report, 2)}\n`);
    return;
  }
  for (const line of pruneLines(report)) stdout.write(`${line}\n`);
}

export function pruneLines(report: PruneReport): readonly string[] {
  const verb = report.dryRun ? 'would remove' : 'removed';
  const width = Math.max('keep'.length, verb.length);
  const lines = report.kept.map(({ id, reason }) => `${'keep'.padEnd(width)}  ${id}  ${reason}`);
  for (const { id, reason, bytes } of report.removed)
    lines.push(`${verb.padEnd(width)}  ${id}  ${reason} (${formatBytes(bytes)})`);
  for (const { id, message } of report.failed)
    lines.push(`FAILED${' '.repeat(Math.max(0, width - 6))}  ${id}  ${message}`);
  const freed = report.removed.reduce((sum, { bytes }) => sum + bytes, 0);
  const summary = `${report.kept.length} kept, ${report.removed.length} ${report.dryRun ? 'to remove' : 'removed'}, ${formatBytes(freed)} ${report.dryRun ? 'would be freed' : 'freed'}`;
  lines.push(report.failed.length === 0 ? summary : `${summary}; ${report.failed.length} could not be removed`);
  return lines;
}
