import { lstat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  HoldfastError,
  PART_SUFFIX,
  renameWithoutReplacing,
  syncFolder,
  systemCode,
  type Finding,
} from '../base/index.ts';
import { REPOSITORY_LOCK_NAME, scanFolder, storageError } from '../store/index.ts';
import { BackupError, type backupFindings } from './errors.ts';
import { groupFiles, type FileGroup } from './groups.ts';
import { readManifest, strangeness } from './manifest-file.ts';
import type { Manifest } from './manifest.ts';
import { formatBackupFileName, type FileKind } from './names.ts';

/**
 * What a killed run leaves, and how the next one ends it.
 *
 * A run writes and flushes `snapshot….part`, then `static_kuberesources….part`, verifies both, and only then writes and
 * flushes `backup….json.part`. That file is the commit: before it is whole nothing has a final name, and the parts are
 * of no use; after it the backup is complete, and all that remains is to rename the three, in the same order. So a
 * manifest that decodes and finds its files, each under one name or the other, is rolled forward; anything else is
 * discarded. The caller holds the repository's lock, so no run of ours is alive.
 */

/** One file on its way to its final name. */
export interface PublishStep {
  readonly kind: FileKind;
  readonly partPath: string;
  readonly finalPath: string;
  /**
   * - `part`: to be renamed
   * - `both`: the kill came between the two halves of a rename (link, unlink); the `.part` is to be removed
   * - `final`: done
   */
  readonly stage: 'part' | 'both' | 'final';
  /** What the manifest records, to be compared with the file's bytes; absent for the manifest itself. */
  readonly sha256?: string;
}

/** A complete backup whose publishing was interrupted. */
export interface UnfinishedPublish {
  readonly id: string;
  readonly folder: string;
  readonly timestamp: string;
  readonly dirty: boolean;
  readonly manifest: Manifest;
  /** In the order of publishing: snapshot, resources, manifest. */
  readonly steps: readonly PublishStep[];
  /** What to remove instead, in order, if the bytes of a step do not have their recorded SHA-256. */
  readonly discard: readonly string[];
}

export interface Unfinished {
  /** `.part` files of dead runs, in the order to remove them. */
  readonly discard: readonly string[];
  /** Backups to finish with {@link finishPublish}, once the caller has compared each step's SHA-256. */
  readonly complete: readonly UnfinishedPublish[];
  readonly findings: readonly Finding[];
}

export interface UnfinishedOptions {
  /** Where `--resources-dir` puts archives, for parts that no manifest speaks of yet. */
  readonly resourcesDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks for what dead runs left in a repository and its direct sub-folders. Call it only while holding the repository's
 * lock. Sub-folders with a lock of their own are left alone, and so is what cluster-backup.sh is writing.
 *
 * @throws StoreError if the folder cannot be read
 */
export async function findUnfinished(folder: string, options: UnfinishedOptions = {}): Promise<Unfinished> {
  const { signal, resourcesDir } = options;
  const scan = await scanFolder(folder, { signal });
  const locked = new Set(scan.files.filter(({ name }) => name === REPOSITORY_LOCK_NAME).map((lock) => lock.subfolder));
  const discard: string[] = [];
  const complete: UnfinishedPublish[] = [];
  const findings: Finding[] = [];
  for (const group of groupFiles(scan.files)) {
    signal?.throwIfAborted();
    if (Object.keys(group.parts).length === 0) continue;
    if (group.subfolder !== undefined && locked.has(group.subfolder)) continue;
    if (isForeignAtWork(group)) {
      findings.push(foreignPart(group));
      continue;
    }
    const publish = await readPublish(group);
    if (publish === undefined) discard.push(...(await partsToDiscard(group, resourcesDir)));
    else complete.push(publish);
  }
  return { discard, complete, findings };
}

/**
 * Gives the files of an interrupted backup their final names, in order and durably; it may be interrupted again at any
 * point. Compare each step's SHA-256 first.
 *
 * @throws BackupError `BACKUP_PUBLISH_CONFLICT` if a final name has been taken meanwhile; StoreError if a rename fails
 */
export async function finishPublish(publish: UnfinishedPublish): Promise<void> {
  for (const { stage, partPath, finalPath } of publish.steps) {
    try {
      if (stage === 'part') await renameWithoutReplacing(partPath, finalPath);
      else if (stage === 'both') await unlink(partPath);
      await syncFolder(dirname(finalPath));
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw storageError(error, finalPath);
      throw new BackupError('BACKUP_PUBLISH_CONFLICT', `${finalPath} appeared while ${partPath} was to get that name`, {
        subject: finalPath,
        hint: `Look at both files; move ${finalPath} elsewhere and run again.`,
        cause: error,
      });
    }
  }
}

/**
 * cluster-backup.sh writes its archive first, under the final name, and etcdctl then writes `snapshot….db.part`; a run
 * of ours never has an archive with its final name beside a snapshot without one.
 */
function isForeignAtWork({ final, parts }: FileGroup): boolean {
  const ours = parts.manifest ?? final.manifest ?? parts.resources ?? final.snapshot;
  return ours === undefined && parts.snapshot !== undefined && final.resources !== undefined;
}

function foreignPart(group: FileGroup): Finding {
  const where = group.parts.snapshot?.path ?? group.folder;
  return {
    severity: 'note',
    code: 'BACKUP_FOREIGN_PART' satisfies keyof typeof backupFindings,
    where,
    message: `${where} is left alone: cluster-backup.sh is writing it, or died while it did`,
    hint: 'Remove it and the archive beside it by hand if no cluster-backup.sh is running.',
  };
}

/** The parts of one group. The manifest's goes last, since it may be the only one to know where the archive's lies. */
async function partsToDiscard(group: FileGroup, resourcesDir: string | undefined): Promise<string[]> {
  const { parts } = group;
  const folders = [resourcesDir, await recordedFolder(group)].filter((each) => each !== undefined);
  const name = formatBackupFileName('resources', group.timestamp, group.dirty) + PART_SUFFIX;
  const elsewhere: string[] = [];
  for (const path of new Set(folders.map((each) => join(each, name))))
    // An archive is begun after its snapshot: without one of ours here, a part there is another repository's.
    if (path !== parts.resources?.path && (parts.snapshot ?? parts.manifest) !== undefined && (await fileAt(path)))
      elsewhere.push(path);
  const here = [parts.resources, parts.snapshot, parts.manifest].flatMap((part) => part?.path ?? []);
  return [...elsewhere, ...here];
}

async function recordedFolder(group: FileGroup): Promise<string | undefined> {
  return (await readPart(group))?.resources?.folder;
}

/** The manifest that was to be published; undefined where there is none, or it is not whole, or not this backup's. */
async function readPart(group: FileGroup): Promise<Manifest | undefined> {
  if (group.parts.manifest === undefined) return undefined;
  try {
    const manifest = await readManifest(group.parts.manifest.path);
    return strangeness(manifest, group).length === 0 ? manifest : undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return undefined;
    throw error;
  }
}

/** The interrupted publishing of a group; undefined where there is nothing to finish. */
async function readPublish(group: FileGroup): Promise<UnfinishedPublish | undefined> {
  if (group.final.manifest !== undefined) return undefined;
  const manifest = await readPart(group);
  if (manifest === undefined) return undefined;
  const { id, folder, timestamp, dirty } = group;
  const place = (kind: FileKind, inside: string): string => join(inside, formatBackupFileName(kind, timestamp, dirty));
  const steps = [await stepOf('snapshot', place('snapshot', folder), manifest.snapshot)];
  if (manifest.resources !== undefined) {
    const inside = manifest.resources.folder ?? folder;
    steps.push(await stepOf('resources', place('resources', inside), manifest.resources));
  }
  steps.push(await stepOf('manifest', place('manifest', folder), undefined));
  const known = steps.filter((step) => step !== undefined);
  if (known.length < steps.length) return undefined;
  const order = { resources: 0, snapshot: 1, manifest: 2 } as const;
  const discard = known
    .filter(({ stage }) => stage !== 'final')
    .sort((a, b) => order[a.kind] - order[b.kind])
    .map(({ partPath }) => partPath);
  return { id, folder, timestamp, dirty, manifest, steps: known, discard };
}

interface Recorded {
  readonly size: number;
  readonly sha256: string;
}

/** How far one file has come; undefined where it is missing, has another size, or its final name is another file's. */
async function stepOf(
  kind: FileKind,
  finalPath: string,
  recorded: Recorded | undefined,
): Promise<PublishStep | undefined> {
  const partPath = finalPath + PART_SUFFIX;
  const [part, final] = [await fileAt(partPath), await fileAt(finalPath)];
  const found = part ?? final;
  if (found === undefined || (recorded !== undefined && found.size !== recorded.size)) return undefined;
  if (part !== undefined && final !== undefined && (part.ino !== final.ino || part.dev !== final.dev)) return undefined;
  const stage = part === undefined ? 'final' : final === undefined ? 'part' : 'both';
  return { kind, partPath, finalPath, stage, ...(recorded === undefined ? {} : { sha256: recorded.sha256 }) };
}

interface FoundFile {
  readonly size: number;
  readonly ino: number;
  readonly dev: number;
}

async function fileAt(path: string): Promise<FoundFile | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found : undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw storageError(error, path);
  }
}
