import { basename } from 'node:path';
import type { Backup, ManifestResources, ManifestSnapshot } from '../backup/index.ts';
import { hasErrors, type Finding } from '../base/index.ts';
import { verifyArchive, type ArchiveReport } from '../host/index.ts';
import { checkEncryptionChanges, checkEncryptionKeys } from './check-encryption.ts';
import { inspectSnapshotFile, type SnapshotInspection } from './inspect/inspect-snapshot.ts';
import type { Surroundings } from './surroundings.ts';

/** What an examination of one backup showed. */
export interface BackupVerification {
  readonly id: string;
  /** The folder that holds it. */
  readonly folder: string;
  readonly good: boolean;
  /** Undefined where there is no snapshot. */
  readonly snapshot: SnapshotInspection | undefined;
  /** Undefined where there is no archive. */
  readonly resources: { readonly path: string; readonly archive: ArchiveReport } | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Reads a backup from end to end and reports every problem: the snapshot's bytes, structure and sense, the archive, both
 * against the manifest, and the encryption keys.
 *
 * @throws StoreError or HostError where a file cannot be read at all, KubeError for an encryption configuration that
 * cannot be understood; never because of damage
 */
export async function verifyBackup(
  backup: Backup,
  surroundings: Pick<Surroundings, 'signal' | 'progress' | 'inspectWorker'>,
): Promise<BackupVerification> {
  const findings: Finding[] = aboutTheWhole(backup);
  const snapshotFile = backup.files.find(({ kind }) => kind === 'snapshot');
  const resourcesFile = backup.files.find(({ kind }) => kind === 'resources');
  const snapshot = snapshotFile && (await inspectSnapshotFile(snapshotFile.path, { hash: true }, surroundings));
  if (snapshot !== undefined) {
    findings.push(
      ...snapshot.findings,
      ...(backup.manifest === undefined ? [] : compareSnapshot(snapshot, backup.manifest.snapshot)),
    );
  }
  const archive = resourcesFile && (await readArchive(resourcesFile.path, backup, surroundings));
  if (resourcesFile !== undefined && archive !== undefined) {
    findings.push(
      ...archive.findings,
      ...(backup.manifest?.resources === undefined
        ? []
        : compareResources(resourcesFile.path, archive, backup.manifest.resources)),
    );
  }
  if (snapshot?.walk !== undefined)
    findings.push(
      ...(await checkEncryptionKeys(snapshot, archive?.files, surroundings)).findings,
      ...checkEncryptionChanges(snapshot),
    );
  return {
    id: backup.id,
    folder: backup.folder,
    good: snapshot !== undefined && !hasErrors(findings),
    snapshot,
    resources: resourcesFile && archive && { path: resourcesFile.path, archive },
    findings,
  };
}

/** Where OpenShift and the others keep the configuration whose keys open encrypted values, by its usual names. */
const USUAL_CONFIG_NAME =
  /(?:^|\/)(?:encryption-config|encryption-config\.json|encryption[-_]?(?:provider[-_]?)?config(?:uration)?\.ya?ml|enc\.ya?ml)$/;

function readArchive(
  path: string,
  { manifest }: Backup,
  { signal, progress }: Pick<Surroundings, 'signal' | 'progress'>,
): Promise<ArchiveReport> {
  const named = manifest && new Set(manifest.encryption.configFiles);
  const stage = progress.begin(`examining ${path}`);
  const want = (name: string): boolean => (named === undefined ? USUAL_CONFIG_NAME.test(name) : named.has(name));
  return verifyArchive(path, { signal, want, onBytes: (bytes) => stage.advance(bytes) }).finally(() => stage.end());
}

/** What the listing already knows: files that are missing, a manifest that cannot be read. */
function aboutTheWhole(backup: Backup): Finding[] {
  const where = backup.folder;
  const has = (kind: Backup['files'][number]['kind']): boolean => backup.files.some((file) => file.kind === kind);
  const findings: Finding[] = [];
  if (!has('snapshot')) findings.push(missing(where, `the backup ${backup.id} has no snapshot`));
  if (backup.manifest?.resources !== undefined && !has('resources')) {
    const { file, folder } = backup.manifest.resources;
    findings.push(missing(folder ?? where, `${file}, which the manifest names, is not in ${folder ?? where}`));
  }
  if (backup.manifest === undefined && has('manifest')) {
    findings.push({
      severity: 'error',
      code: 'BACKUP_MANIFEST_UNREADABLE',
      where,
      message: backup.problems.join('; '),
      hint: 'The other files may be whole: verify them by name, without the manifest beside them.',
    });
  }
  if (backup.manifest === undefined && has('snapshot') && !has('resources')) {
    findings.push({
      severity: 'warning',
      code: 'BACKUP_RESOURCES_ABSENT',
      where,
      message: `there are no static pod resources beside the snapshot of ${backup.id}`,
    });
  }
  return findings;
}

function missing(where: string, message: string): Finding {
  return {
    severity: 'error',
    code: 'BACKUP_FILE_MISSING',
    where,
    message,
    hint: 'Put the file back, or give its folder by --resources-dir; otherwise use another backup.',
  };
}

export function compareSnapshot(found: SnapshotInspection, recorded: ManifestSnapshot): readonly Finding[] {
  const status = found.walk?.status;
  return differences(found.path, [
    ['size', found.size, recorded.size],
    ['SHA-256', found.hashes?.sha256, recorded.sha256],
    ['SHA-256 of the database', found.hashes?.sha256OfContent, recorded.contentSha256],
    ['hash', status?.hash, recorded.hash],
    ['revision', status?.revision, recorded.revision],
    ['totalKey', status?.totalKey, recorded.totalKey],
    ['liveKeys', status?.liveKeys, recorded.liveKeys],
    ['totalSize', status?.totalSize, recorded.totalSize],
  ]);
}

function compareResources(path: string, found: ArchiveReport, recorded: ManifestResources): readonly Finding[] {
  const revisions = (pods: readonly { readonly name: string; readonly revision?: number | undefined }[]): string =>
    pods.flatMap(({ name, revision }) => (revision === undefined ? [] : [`${name} ${revision}`])).join(', ');
  return differences(path, [
    ['size', found.size, recorded.size],
    ['SHA-256', found.sha256, recorded.sha256],
    ['number of entries', found.entries.length, recorded.entries],
    ['static pod revisions', revisions(found.revisions), revisions(recorded.staticPods)],
  ]);
}

type Figure = string | number | bigint | undefined;

function differences(
  path: string,
  figures: readonly (readonly [what: string, found: Figure, recorded: Figure])[],
): readonly Finding[] {
  return figures
    .filter(([, found, recorded]) => found !== recorded)
    .map(([what, found, recorded]) => ({
      severity: 'error',
      code: 'BACKUP_FILE_DIFFERS',
      where: path,
      message: `the ${what} of ${basename(path)} is ${String(found ?? 'unknown')}; the manifest says ${String(recorded)}`,
    }));
}
