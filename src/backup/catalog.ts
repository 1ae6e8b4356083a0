import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes, messageOf, systemCode, type Finding } from '../base/index.ts';
import { eachBounded, scanFolder, type StoredFile } from '../store/index.ts';
import type { backupFindings } from './errors.ts';
import { groupFiles, type FileGroup } from './groups.ts';
import { readManifest, strangeness } from './manifest-file.ts';
import type { Manifest } from './manifest.ts';
import { formatBackupFileName, parseTimestamp, type FileKind } from './names.ts';

/**
 * What a listing can say of a backup without reading its large files.
 *
 * - `good`: verified when it was made, and every file its manifest names is there with the size recorded
 * - `dirty`: the same, but forced while its checks warned
 * - `unverified`: it has a manifest, but was never verified, or something disagrees with the manifest
 * - `foreign`: a snapshot of the right name without a manifest, with resources or without: cluster-backup.sh or etcdctl made it
 * - `incomplete`: everything else: a run that died, a lone file
 */
export type BackupState = 'good' | 'dirty' | 'unverified' | 'foreign' | 'incomplete';

/** One file of a backup. */
export interface BackupFile {
  /** `part`: one that never got its final name. */
  readonly kind: FileKind | 'part';
  /** Where it lies; the resources may lie in another folder than the rest. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** One backup of a repository. */
export interface Backup {
  /** Unique and stable in its repository: `<timestamp>` or `<sub-folder>/<timestamp>`; a dirty one's ends in the marker. */
  readonly id: string;
  /** The folder that holds it: the repository or a direct sub-folder of it. */
  readonly folder: string;
  /** The sub-folder's name; absent for backups in the repository's root. */
  readonly subfolder: string | undefined;
  /** As in the file names: local time of the host that wrote it. */
  readonly timestamp: string;
  /** The manifest's time; without a readable manifest the timestamp read as this host's local time. */
  readonly created: Date;
  readonly files: readonly BackupFile[];
  /** The sum of its files' sizes. */
  readonly bytes: number;
  /** Absent where there is none that can be read. */
  readonly manifest: Manifest | undefined;
  readonly state: BackupState;
  /** What is wrong with it, a sentence each; empty for a good one. */
  readonly problems: readonly string[];
}

/** A repository's backups, and what could not be looked into. */
export interface Catalog {
  /** Newest first; of equal times the greater id first. */
  readonly backups: readonly Backup[];
  readonly findings: readonly Finding[];
}

export interface CatalogOptions {
  /** Where `--resources-dir` put the archives; looked into for archives that lie neither in their backup's folder nor where its manifest says. */
  readonly resourcesDir?: string | undefined;
  /** Only the backups of this recurring Backup. Default: all. */
  readonly series?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists the backups in a folder and in its direct sub-folders. Reads names, sizes and manifests, no more. A damaged
 * manifest or an unreadable sub-folder does not break the listing.
 *
 * @throws StoreError if the folder itself cannot be read
 */
export async function scanRepository(folder: string, options: CatalogOptions = {}): Promise<Catalog> {
  const { signal, resourcesDir, series } = options;
  const scan = await scanFolder(folder, { signal });
  const backups: Backup[] = [];
  await eachBounded(groupFiles(scan.files), signal, async (group) => {
    const backup = await describe(group, resourcesDir);
    if (series === undefined || backup.manifest?.resource?.series === series) backups.push(backup);
  });
  backups.sort((a, b) => b.created.getTime() - a.created.getTime() || (a.id < b.id ? 1 : -1));
  const code = 'BACKUP_FOLDER_UNREADABLE' satisfies keyof typeof backupFindings;
  const findings = scan.unreadable.map(({ path, reason }) => ({
    severity: 'warning' as const,
    code,
    where: path,
    message: `${path} cannot be looked into (${reason})`,
  }));
  return { backups, findings };
}

/**
 * Exactly the files that removing the backup may remove, in the order to remove them: the snapshot first, so that a
 * removal cut short leaves nothing that looks complete, and the manifest last, since it knows where the rest lies.
 */
export function filesOf(backup: Backup): readonly string[] {
  const rank = { snapshot: 0, resources: 1, part: 2, manifest: 3 } as const;
  return backup.files.toSorted((a, b) => rank[a.kind] - rank[b.kind]).map(({ path }) => path);
}

async function describe(group: FileGroup, resourcesDir: string | undefined): Promise<Backup> {
  const { manifest, problem } = await manifestOf(group);
  const { snapshot, manifest: manifestFile } = group.final;
  const resources = await findResources(group, manifest, resourcesDir);
  const files: BackupFile[] = [];
  if (snapshot !== undefined) files.push(described('snapshot', snapshot));
  if (resources !== undefined) files.push(described('resources', resources));
  if (manifestFile !== undefined) files.push(described('manifest', manifestFile));
  for (const part of Object.values(group.parts)) files.push(described('part', part));
  const found = { snapshot, resources };
  const { state, problems } =
    manifest === undefined ? judgeWithoutManifest(group, found, problem) : judge(group, manifest, found);
  return {
    id: group.id,
    folder: group.folder,
    subfolder: group.subfolder,
    timestamp: group.timestamp,
    created: manifest?.created ?? parseTimestamp(group.timestamp) ?? new Date(0),
    files,
    bytes: files.reduce((total, { size }) => total + size, 0),
    manifest,
    state,
    problems,
  };
}

function described(kind: BackupFile['kind'], { path, size }: BackupFile | StoredFile): BackupFile {
  return { kind, path, size };
}

async function manifestOf(group: FileGroup): Promise<{ readonly manifest?: Manifest; readonly problem?: string }> {
  const file = group.final.manifest;
  if (file === undefined) return {};
  try {
    return { manifest: await readManifest(file.path) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** The archive: where the manifest says, beside the snapshot, or in the folder given; always under its exact name. */
async function findResources(
  group: FileGroup,
  manifest: Manifest | undefined,
  resourcesDir: string | undefined,
): Promise<BackupFile | undefined> {
  const name = formatBackupFileName('resources', group.timestamp, group.dirty);
  const recorded = manifest?.resources?.folder;
  const elsewhere = recorded === undefined ? undefined : await fileAt(join(recorded, name));
  if (elsewhere !== undefined) return elsewhere;
  const beside = group.final.resources;
  if (beside !== undefined) return described('resources', beside);
  // A snapshot taken alone has no archive; one of its name elsewhere is another repository's.
  const expected = manifest === undefined ? group.final.snapshot !== undefined : manifest.resources !== undefined;
  return expected && resourcesDir !== undefined ? fileAt(join(resourcesDir, name)) : undefined;
}

async function fileAt(path: string): Promise<BackupFile | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? { kind: 'resources', path, size: found.size } : undefined;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

interface Judgement {
  readonly state: BackupState;
  readonly problems: readonly string[];
}

interface FoundFiles {
  readonly snapshot: StoredFile | undefined;
  readonly resources: BackupFile | undefined;
}

function judge(group: FileGroup, manifest: Manifest, found: FoundFiles): Judgement {
  const problems = strangeness(manifest, group);
  const { resources } = manifest;
  if (found.snapshot === undefined) problems.push('its snapshot is missing');
  else problems.push(...sizeProblem('snapshot', found.snapshot.size, manifest.snapshot.size));
  if (resources !== undefined && found.resources === undefined) {
    const where = resources.folder === undefined ? '' : ` from ${resources.folder}`;
    problems.push(`its static pod resources are missing${where}`);
  } else if (resources !== undefined && found.resources !== undefined) {
    problems.push(...sizeProblem('static pod resources', found.resources.size, resources.size));
  }
  if (found.snapshot === undefined) return { state: 'incomplete', problems };
  if (manifest.verified === undefined) problems.push('it was never verified');
  if (problems.length > 0) return { state: 'unverified', problems };
  return { state: group.dirty ? 'dirty' : 'good', problems: manifest.dirty.map((why) => `it was forced: ${why}`) };
}

function sizeProblem(what: string, found: number, recorded: number): string[] {
  if (found === recorded) return [];
  return [`its ${what}: ${found} bytes (${formatBytes(found)}), ${recorded} bytes when it was made`];
}

function judgeWithoutManifest(group: FileGroup, found: FoundFiles, problem: string | undefined): Judgement {
  if (problem !== undefined)
    return found.snapshot === undefined
      ? { state: 'incomplete', problems: [problem, 'its snapshot is missing'] }
      : { state: 'unverified', problems: [problem] };
  const writing = Object.keys(group.parts).length > 0;
  if (found.snapshot !== undefined && !writing) {
    const problems = ['it has no manifest: another tool made it'];
    if (found.resources === undefined) problems.push('it has no static pod resources');
    return { state: 'foreign', problems };
  }
  if (group.parts.manifest !== undefined)
    return { state: 'incomplete', problems: ['it is being published, or that was interrupted; the next run ends it'] };
  if (writing) return { state: 'incomplete', problems: ['it is being written, or the run that wrote it died'] };
  return { state: 'incomplete', problems: ['it has no manifest, and no snapshot'] };
}
