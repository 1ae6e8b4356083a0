import { formatId } from '../../base/index.ts';
import type { RestoreMemberReport } from '../../operations/index.ts';
import type { Terminal } from '../environment.ts';
import { toJson } from './json.ts';

/** What was made, and the etcd command line that starts from it. */
export function showRestoredMember(
  report: RestoreMemberReport,
  format: 'text' | 'json',
  { stdout }: { readonly stdout: Terminal },
): void {
  const { plan } = report;
  if (format === 'json') {
    stdout.write(`${toJson(restoredDocument(report), 2)}\n`);
    return;
  }
  stdout.write(`restored ${report.source}\n`);
  stdout.write(`  data directory  ${report.dataDir} for etcd ${plan.target}\n`);
  if (!report.walDir.startsWith(report.dataDir)) stdout.write(`  log directory   ${report.walDir}\n`);
  stdout.write(
    `  member          ${formatId(plan.identity.memberId)} of the new cluster ${formatId(plan.identity.clusterId)}\n`,
  );
  stdout.write(`  revision        ${revisionLine(report)}\n`);
  const others = plan.identity.members.length - 1;
  if (others > 0) {
    stdout.write(
      `next: do the same for each of the ${others + 1} members, with the same backup, --initial-cluster and token; then start them\n`,
    );
    if (report.bump !== undefined) stdout.write(`  and with: --bump-revision ${report.bump.bump} --mark-compacted\n`);
  } else stdout.write(`next: start etcd with --data-dir ${report.dataDir} and the same name and peer URLs\n`);
}

function revisionLine({ plan, bump }: RestoreMemberReport): string {
  if (bump === undefined) return `${plan.revision}, as in the snapshot`;
  return `${plan.revision}, raised by ${bump.bump} from ${plan.snapshotRevision}: ${bump.reason}`;
}

function restoredDocument({ source, dataDir, walDir, plan, bump, findings }: RestoreMemberReport): unknown {
  return {
    source,
    dataDir,
    walDir,
    etcd: plan.target,
    clusterId: formatId(plan.identity.clusterId),
    memberId: formatId(plan.identity.memberId),
    members: plan.identity.members.map(({ id, name, peerUrls }) => ({ id: formatId(id), name, peerUrls })),
    snapshotRevision: plan.snapshotRevision,
    revision: plan.revision,
    bump: bump && { by: bump.bump, reason: bump.reason, guessed: bump.guessed },
    findings,
  };
}
