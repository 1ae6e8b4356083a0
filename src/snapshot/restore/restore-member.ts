import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  HoldfastError,
  messageOf,
  openForReading,
  openForWriting,
  PRIVATE_FOLDER_MODE,
  silentProgress,
  syncFolder,
  systemCode,
  type OpenFile,
  type Progress,
} from '../../base/index.ts';
import { createRaftSnapshot, createWal } from '../../wal/index.ts';
import { contentSize } from '../trailer.ts';
import { copyDatabase } from './copy-database.ts';
import { applyChanges, readFailed } from './database.ts';
import { RestoreError } from './errors.ts';
import { NewFolder } from './new-folder.ts';
import { planRestore, type RestorePlan, type RestorePlanOptions } from './plan-restore.ts';

export interface RestoreMemberOptions extends RestorePlanOptions {
  /** A verified snapshot, or a copy of `member/snap/db`. It is only read. */
  readonly snapshotPath: string;
  /** The data directory to make. It may exist if it is empty. */
  readonly dataDir: string;
  /** Where the write-ahead log goes. Default: `member/wal` in the data directory. */
  readonly walDir?: string | undefined;
  /** Letters, digits and hyphens; names what is unfinished, so that two runs do not meet. */
  readonly id: string;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A data directory that is ready for etcd. */
export interface RestoredMember {
  readonly dataDir: string;
  readonly walDir: string;
  readonly plan: RestorePlan;
  /** Whether the database shares its blocks with the snapshot until one of them changes. */
  readonly copied: 'reflink' | 'copy';
}

/**
 * Makes the data directory of a new cluster's member from a snapshot, as `etcdutl snapshot restore` does. It is built
 * under another name, flushed to the disk and renamed at the end: whenever it is interrupted, the target is as before
 * and only the part remains. With a log elsewhere there are two renames, the data directory's first; a power cut between
 * them leaves the log under its `.part` name.
 *
 * @throws RestoreError, BoltError, WalError; the signal's reason if it aborts. Then nothing remains
 */
export async function restoreMember(options: RestoreMemberOptions): Promise<RestoredMember> {
  if (!/^[a-z0-9-]+$/i.test(options.id)) throw new TypeError(`id must be letters, digits and hyphens: ${options.id}`);
  const plan = withSnapshot(options.snapshotPath, (snapshot) => planRestore(snapshot, options));
  const places = await planPlaces(options);
  try {
    const copied = await build(plan, places, options);
    options.signal?.throwIfAborted();
    await publish(places.folders);
    return { dataDir: places.dataDir, walDir: places.walDir, plan, copied };
  } catch (error) {
    for (const folder of places.folders) await folder.discard();
    if (error instanceof HoldfastError || options.signal?.aborted === true) throw error;
    throw writeFailed(places.dataDir, error);
  }
}

/** All of them or none: if one cannot be published, those before it go back to their parts. */
async function publish(folders: readonly NewFolder[]): Promise<void> {
  try {
    for (const folder of folders) await folder.publish();
  } catch (error) {
    for (const folder of folders) await folder.withdraw();
    throw error;
  }
}

function withSnapshot<R>(path: string, use: (snapshot: OpenFile) => R): R {
  let file: OpenFile;
  try {
    file = openForReading(path);
  } catch (cause) {
    throw readFailed(path, cause);
  }
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/** Final paths, and where things are built meanwhile. */
interface Places {
  readonly dataDir: string;
  readonly walDir: string;
  /** To be published in this order. */
  readonly folders: readonly NewFolder[];
  readonly snapPart: string;
  readonly walPart: string;
}

async function planPlaces({ dataDir: given, walDir: givenWal, id }: RestoreMemberOptions): Promise<Places> {
  const dataDir = resolve(given);
  const walDir = resolve(givenWal ?? join(dataDir, 'member', 'wal'));
  const data = await NewFolder.plan(dataDir, id, '--data-dir');
  const snapPart = join(data.part, 'member', 'snap');
  const inside = relative(dataDir, walDir);
  if (inside === '' || walDir === join(dataDir, 'member') || `${dataDir}${sep}`.startsWith(`${walDir}${sep}`)) {
    throw new RestoreError('RESTORE_TARGET_EXISTS', `the log cannot go to ${walDir}, which holds the data directory`, {
      hint: 'Give another --wal-dir, or leave it out.',
      subject: walDir,
    });
  }
  if (inside.split(sep)[0] !== '..') {
    return { dataDir, walDir, folders: [data], snapPart, walPart: join(data.part, inside) };
  }
  const wal = await NewFolder.plan(walDir, id, '--wal-dir');
  // The database first: etcd 3.4 and 3.5 start from a log alone as an empty cluster, and say nothing of it; from the
  // database alone, with the flags of the restore, they start with all the data.
  return { dataDir, walDir, folders: [data, wal], snapPart, walPart: wal.part };
}

async function build(
  plan: RestorePlan,
  places: Places,
  options: RestoreMemberOptions,
): Promise<RestoredMember['copied']> {
  for (const folder of places.folders) await folder.create();
  await mkdir(places.snapPart, { recursive: true, mode: PRIVATE_FOLDER_MODE });
  await mkdir(places.walPart, { recursive: true, mode: PRIVATE_FOLDER_MODE });
  const database = join(places.snapPart, 'db');
  const copied = await copy(database, options);
  change(database, plan, options);
  await createRaftSnapshot(places.snapPart, plan.raft.snapshot);
  await createWal(places.walPart, plan.raft.log);
  await syncFolders(places);
  return copied;
}

async function copy(database: string, options: RestoreMemberOptions): Promise<RestoredMember['copied']> {
  const { snapshotPath, progress = silentProgress, signal } = options;
  const size = withSnapshot(snapshotPath, (snapshot) => contentSize(snapshot.size));
  const stage = progress.begin(`database from ${snapshotPath}`, size);
  try {
    return await copyDatabase(snapshotPath, database, { size, stage, signal });
  } finally {
    stage.end();
  }
}

function change(database: string, plan: RestorePlan, { signal }: RestoreMemberOptions): void {
  const file = openForWriting(database);
  try {
    applyChanges(file, plan.changes, { signal });
  } finally {
    file.close();
  }
}

/** From the innermost folder up to each part. */
async function syncFolders({ folders, snapPart, walPart }: Places): Promise<void> {
  const parts = folders.map(({ part }) => part);
  for (const leaf of [snapPart, walPart]) {
    for (let folder = leaf; ; folder = dirname(folder)) {
      await syncFolder(folder);
      if (parts.includes(folder)) break;
    }
  }
}

function writeFailed(path: string, cause: unknown): RestoreError {
  const full = systemCode(cause) === 'ENOSPC' || systemCode(cause) === 'EDQUOT';
  return new RestoreError('RESTORE_WRITE_FAILED', `cannot make the data directory ${path}: ${messageOf(cause)}`, {
    hint: full
      ? `Free space on the file system of ${path}; it has to hold the whole database and 64 MB.`
      : `Check that ${dirname(path)} exists on a writable file system and that this user may write there.`,
    subject: path,
    cause,
  });
}
