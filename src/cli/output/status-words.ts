import { formatBytes } from '../../base/index.ts';
import type { StatusReport } from '../../operations/index.ts';
import type { Terminal } from '../environment.ts';
import { toJson } from './json.ts';
import { findingLines } from './show-error.ts';
import { formatTable } from './table.ts';

/** The figures under etcdutl's own names, and `liveKeys`. */
export function showStatus(
  report: StatusReport,
  format: 'table' | 'json',
  output: { readonly stdout: Terminal; readonly stderr: Terminal },
): void {
  const { hash, revision, totalKey, totalSize, version, liveKeys } = report.status;
  for (const finding of report.findings)
    if (finding.severity === 'warning') output.stderr.write(`${findingLines(finding, '')}\n`);
  if (format === 'json') {
    output.stdout.write(`${toJson({ hash, revision, totalKey, totalSize, version, liveKeys })}\n`);
    return;
  }
  const header = ['HASH', 'REVISION', 'TOTAL KEYS', 'LIVE KEYS', 'TOTAL SIZE', 'VERSION'];
  const row = [
    hash.toString(16),
    revision.toString(),
    `${totalKey}`,
    `${liveKeys}`,
    formatBytes(totalSize),
    version === '' ? '-' : version,
  ];
  output.stdout.write(`${formatTable(header, [row])}\n`);
}
