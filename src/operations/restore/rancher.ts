import { createHash } from 'node:crypto';
import { hasErrors, type Finding } from '../../base/index.ts';
import { describeHost, readHostText, verifyArchive, type ControlPlaneHost } from '../../host/index.ts';
import { verifyBackup } from '../verify-backup.ts';
import { checkVersions } from './checks/version.ts';
import type { RestoreSurroundings } from './contracts.ts';
import { applyOverrides, finding, refused } from './errors.ts';
import { findBackup } from './find-backup.ts';
import type { InstructionsReport, RestoreHostRequest } from './requests.ts';

/**
 * k3s and RKE2 are restored by their own program: the bootstrap data in etcd is encrypted with the server's token, and only that
 * program can open it and write the certificates that belong to it (k3s pkg/etcd/etcd.go, Restore; pkg/cluster/bootstrap.go).
 * This verifies the backup, compares the token, and says what to run.
 *
 * @throws RecoveryError RECOVERY_REFUSED, HostError, OperationError
 */
export async function instructRancher(
  request: RestoreHostRequest,
  layout: 'k3s' | 'rke2',
  surroundings: RestoreSurroundings,
): Promise<InstructionsReport> {
  const { signal } = surroundings;
  const { backup } = await findBackup({ path: request.path, resourcesDir: request.resourcesDir, signal });
  const host = await describeHost({ hostRoot: request.hostRoot, layout, etcdOnly: true, signal });
  const verification = await verifyBackup(backup, surroundings);
  const dataDir = (host.etcd?.dataDir ?? `/var/lib/rancher/${layout}/server/db/etcd`).replace(
    /\/server\/db\/etcd$/,
    '',
  );
  const token = await compareTokens(host, dataDir, verification.resources?.path, signal);
  const versions = checkVersions(
    backup.id,
    { kubernetes: backup.manifest?.cluster.kubernetesVersion, openshift: undefined },
    { kubernetes: host.kubernetesVersion, openshift: undefined },
  );
  const findings = applyOverrides([...verification.findings, ...token.findings, ...versions], request.overrides);
  const snapshot = verification.snapshot?.path;
  if (hasErrors(findings) || snapshot === undefined) throw refused(findings);
  return {
    outcome: 'instructions',
    layout,
    source: backup.id,
    findings,
    why: `${layout} has to restore itself: its certificates lie encrypted in etcd, and only its own program can open them`,
    nextSteps: procedure(layout, {
      snapshot,
      dataDir,
      archive: verification.resources?.path,
      tokenIsHere: token.isHere,
    }),
  };
}

interface Procedure {
  readonly snapshot: string;
  readonly dataDir: string;
  readonly archive: string | undefined;
  readonly tokenIsHere: boolean;
}

function procedure(layout: 'k3s' | 'rke2', { snapshot, dataDir, archive, tokenIsHere }: Procedure): readonly string[] {
  const service = layout === 'k3s' ? 'k3s' : 'rke2-server';
  const place = dataDir === `/var/lib/rancher/${layout}` ? '' : ` --data-dir=${dataDir}`;
  const tokenFile = `${dataDir}/server/token`;
  const member = tokenFile.slice(1);
  const fetch = `sudo tar -xzf ${archive ?? '<archive>'} -C / ${member}`;
  return [
    `On every server: sudo systemctl stop ${service}`,
    ...(tokenIsHere || archive === undefined ? [] : [`Bring the token back: ${fetch}`]),
    `Here: sudo ${layout} server --cluster-reset --cluster-reset-restore-path=${snapshot}${place} --token="$(sudo cat ${tokenFile})"`,
    'Wait until it says "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now"; the old data stays in ' +
      `${dataDir}/server/db/etcd-old-<time>`,
    `Here: sudo systemctl start ${service}`,
    `On every other server: sudo mv ${dataDir}/server/db ${dataDir}/server/db-before-restore && sudo systemctl start ${service}`,
  ];
}

/** The token opens the bootstrap data in the snapshot: another one, and the restore ends with nothing. It is never shown. */
async function compareTokens(
  host: ControlPlaneHost,
  dataDir: string,
  archive: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly findings: readonly Finding[]; readonly isHere: boolean }> {
  const path = `${dataDir}/server/token`;
  const ours = digestOf(await readHostText(host.hostRoot, path));
  const member = path.slice(1);
  const saved =
    archive && (await verifyArchive(archive, { want: (name) => name === member, signal })).files.get(member);
  const theirs = digestOf(saved === undefined || saved === '' ? undefined : Buffer.from(saved).toString('utf8'));
  if (theirs === undefined) {
    const message = 'the token that the backup needs is not in it, so it cannot be compared with the one of this host';
    return { findings: [finding('warning', 'RECOVERY_TOKEN_UNKNOWN', path, message)], isHere: ours !== undefined };
  }
  if (ours === undefined || ours === theirs) return { findings: [], isHere: ours !== undefined };
  const message = `the token in ${path} is not the one that the backup was taken with; with it the bootstrap data in the snapshot stays closed`;
  const hint = `Bring the backup's back first: sudo tar -xzf ${archive ?? ''} -C / ${member}.`;
  return { findings: [finding('error', 'RECOVERY_TOKEN_DIFFERS', path, message, hint)], isHere: true };
}

/** `K10<hash of the authority>::<user>:<password>`: the password is what encrypts (k3s pkg/clientaccess/token.go). */
function digestOf(token: string | undefined): string | undefined {
  const password = token?.trim().split(':').at(-1);
  return password === undefined || password === '' ? undefined : createHash('sha256').update(password).digest('hex');
}
