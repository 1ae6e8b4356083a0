import { readFile } from 'node:fs/promises';
import type { Backup } from '../../backup/index.ts';
import { hasErrors, messageOf, systemCode, type Finding } from '../../base/index.ts';
import { parseEndpoints, surveyCluster, type EtcdConfig } from '../../etcd/index.ts';
import { clusterFacts } from '../../kube/index.ts';
import { readDataDirectory, restoreMember, type RestoredMember } from '../../snapshot/index.ts';
import { storageError } from '../../store/index.ts';
import type { EtcdOverrides } from '../take-backup/backup-source.ts';
import { OperationError } from '../errors.ts';
import { inspectSnapshotFile, type SnapshotInspection } from '../inspect/inspect-snapshot.ts';
import { decideBump, parseRevisionFile, type BumpDecision, type RevisionSource } from './bump-revision.ts';
import { findBackup, type FoundBackup } from './find-backup.ts';
import type { Surroundings } from '../surroundings.ts';
import { compareSnapshot } from '../verify-backup.ts';

/** How the revision of the restored key space is chosen. `auto`: see {@link decideBump}; a number: that much is added. */
export type BumpChoice = 'auto' | 'none' | bigint;

export interface RestoreMemberRequest {
  /** A backup, one of its files, a snapshot under any name, or a copy of `member/snap/db`. */
  readonly path: string;
  readonly dataDir: string;
  readonly walDir: string | undefined;
  readonly name: string | undefined;
  readonly initialCluster: string | undefined;
  readonly initialClusterToken: string | undefined;
  readonly initialAdvertisePeerUrls: string | undefined;
  /** The etcd that is to start from the directory; undefined: the release that wrote the snapshot. */
  readonly etcdVersion: string | undefined;
  /** Go on without, or in spite of, the SHA-256 at the end. */
  readonly skipHashCheck: boolean;
  /** Undefined: `auto` for the data of a Kubernetes control plane, else `none`. */
  readonly bump: BumpChoice | undefined;
  /** Where the cluster's old data directory lies, if it is still there: its revision counts for `auto`. */
  readonly oldDataDir: string | undefined;
  /** OpenShift's record of how far the cluster had come; it counts for `auto` where it exists. */
  readonly revisionFile: string | undefined;
  /** Members that may still answer: their revision counts for `auto`. */
  readonly etcd: EtcdOverrides;
}

export interface RestoreMemberReport extends RestoredMember {
  readonly source: string;
  /** How the revision was chosen; undefined where it stays. */
  readonly bump: BumpDecision | undefined;
  /** What is worth knowing of the snapshot. */
  readonly findings: readonly Finding[];
}

type Restoring = Pick<Surroundings, 'clock' | 'log' | 'progress' | 'signal' | 'inspectWorker'>;

/**
 * Makes an etcd data directory from a backup, after the snapshot has been verified in full.
 *
 * @throws OperationError `OPERATION_NOTHING_FOUND`, `OPERATION_NOT_GOOD`; RestoreError where the target is taken, the flags
 * do not fit together or the release cannot read the snapshot; StoreError. The target is then as it was.
 */
export async function restoreMemberFrom(
  request: RestoreMemberRequest,
  surroundings: Restoring,
): Promise<RestoreMemberReport> {
  const { signal, progress, clock, log } = surroundings;
  const found = await findBackup({ path: request.path, resourcesDir: undefined, signal });
  const source = snapshotOf(found.backup);
  const inspection = await inspectSnapshotFile(source, { hash: true }, surroundings);
  const findings = judge(inspection, found.backup, request.skipHashCheck);
  for (const { severity, message, code, hint } of findings) if (severity !== 'note') log.warn(message, { code, hint });
  const bump = await chooseBump(request, found, inspection, surroundings);
  const restored = await restoreMember({
    snapshotPath: source,
    dataDir: request.dataDir,
    walDir: request.walDir,
    name: request.name,
    initialCluster: request.initialCluster,
    initialClusterToken: request.initialClusterToken,
    initialAdvertisePeerUrls: request.initialAdvertisePeerUrls,
    etcdVersion: request.etcdVersion,
    bumpRevision: bump?.bump,
    id: `${clock.now().getTime().toString(36)}-${process.pid}`,
    progress,
    signal,
  });
  return { ...restored, source, bump, findings };
}

function snapshotOf(backup: Backup): string {
  const file = backup.files.find(({ kind }) => kind === 'snapshot');
  if (file !== undefined) return file.path;
  throw new OperationError('OPERATION_NOT_GOOD', `the backup ${backup.id} has no snapshot`, {
    subject: backup.folder,
    hint: 'Put the file back, or use another backup: holdfast list shows what there is.',
  });
}

/** What `--skip-hash-check` goes on in spite of. Damage to the structure yields to nothing. */
const HASH_CODES: ReadonlySet<string> = new Set(['SNAPSHOT_HASH_MISMATCH', 'BACKUP_FILE_DIFFERS']);

function judge(inspection: SnapshotInspection, { manifest }: Backup, skipHashCheck: boolean): readonly Finding[] {
  const all = [
    ...inspection.findings,
    ...(manifest === undefined ? [] : compareSnapshot(inspection, manifest.snapshot)),
  ];
  const findings = skipHashCheck
    ? all.map((finding) => (HASH_CODES.has(finding.code) ? { ...finding, severity: 'warning' as const } : finding))
    : all;
  if (inspection.walk === undefined || hasErrors(findings)) throw notGood(inspection.path, findings);
  if (inspection.trailer === 'absent' && !skipHashCheck) throw withoutHash(inspection.path);
  return findings;
}

function notGood(path: string, findings: readonly Finding[]): OperationError {
  return new OperationError('OPERATION_NOT_GOOD', `${path} is damaged; nothing was restored`, {
    subject: path,
    hint: 'Use another backup: holdfast list shows what there is, holdfast verify examines it.',
    findings: findings.filter(({ severity }) => severity === 'error'),
  });
}

function withoutHash(path: string): OperationError {
  return new OperationError(
    'OPERATION_NOT_GOOD',
    `${path} has no SHA-256 at its end, so damage inside values would go unnoticed`,
    {
      subject: path,
      hint: "If it is a copy of a member's own database (member/snap/db), go on with --skip-hash-check. It may lack what the member had only in its write-ahead log.",
    },
  );
}

async function chooseBump(
  { bump, ...request }: RestoreMemberRequest,
  found: FoundBackup,
  { walk, census }: SnapshotInspection,
  surroundings: Restoring,
): Promise<BumpDecision | undefined> {
  const revision = walk?.status.revision ?? 0n;
  if (typeof bump === 'bigint')
    return { bump, revision: revision + bump, reason: 'as --bump-revision says', guessed: false };
  const isKubernetes = census !== undefined && clusterFacts(census).looksLikeKubernetes;
  if (bump === 'none' || (bump === undefined && !isKubernetes)) return undefined;
  const sources = [
    ...fromManifests(found),
    ...(await fromRevisionFile(request.revisionFile)),
    ...(await fromOldDataDir(request.oldDataDir, surroundings.signal)),
    ...(await fromMembers(request.etcd, surroundings)),
  ];
  return decideBump(revision, sources);
}

/** Backups of the same cluster, newer ones above all. */
function fromManifests({ backup, neighbours }: FoundBackup): readonly RevisionSource[] {
  const cluster = backup.manifest?.cluster.etcdClusterId;
  return neighbours.flatMap(({ id, manifest }) =>
    manifest === undefined || manifest.cluster.etcdClusterId !== cluster
      ? []
      : [{ what: `the manifest of ${id}`, revision: manifest.snapshot.revision, kind: 'exact' as const }],
  );
}

async function fromRevisionFile(path: string | undefined): Promise<readonly RevisionSource[]> {
  if (path === undefined) return [];
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw storageError(error, path);
  });
  const index = parseRevisionFile(text);
  return index === undefined ? [] : [{ what: path, revision: index, kind: 'raft-index', isCurrent: true }];
}

async function fromOldDataDir(dataDir: string | undefined, signal: AbortSignal): Promise<readonly RevisionSource[]> {
  if (dataDir === undefined) return [];
  const { highestRevision } = await readDataDirectory({ dataDir, signal });
  return [{ what: dataDir, revision: highestRevision, kind: 'exact', isCurrent: true }];
}

async function fromMembers(
  given: EtcdOverrides,
  { clock, signal, log }: Restoring,
): Promise<readonly RevisionSource[]> {
  if (given.endpoints === undefined) return [];
  const { cacert, cert, key, login } = given;
  const tls = (cacert ?? cert ?? key) === undefined ? {} : { tls: { cacert, cert, key } };
  const user = login === undefined ? {} : { user: { name: login.user, password: login.password } };
  const config: EtcdConfig = { clock, ...tls, ...user };
  const survey = await surveyCluster(parseEndpoints(given.endpoints, { tls: 'tls' in tls }), config, { signal });
  return survey.endpoints.flatMap(({ endpoint, status, error }): readonly RevisionSource[] => {
    if (status === undefined) {
      log.info(`${endpoint.url} does not answer, so its revision is not known: ${messageOf(error)}`);
      return [];
    }
    return [{ what: `the member at ${endpoint.url}`, revision: status.revision, kind: 'exact', isCurrent: true }];
  });
}
