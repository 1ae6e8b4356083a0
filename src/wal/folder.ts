import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, openForReading, PRIVATE_FILE_MODE, syncFolder, systemCode, type OpenFile } from '../base/index.ts';
import { RecordEncoder } from './encoder.ts';
import { WalError } from './errors.ts';
import {
  decodeRaftSnapshotName,
  decodeSegmentName,
  encodeRaftSnapshotName,
  encodeSegmentName,
  type RaftSnapshotName,
} from './file-names.ts';
import { encodeRaftSnapshot, type RaftSnapshot } from './raft-snapshot.ts';
import type { RecordBody } from './record.ts';
import type { WalSegment } from './segment-bytes.ts';
import { summarizeWal, type SummaryOptions, type WalSummary } from './summary.ts';

/** What etcd gives a new segment; it reserves the room on the disk itself when it opens the log (fileutil.ZeroToEnd). */
export const SEGMENT_BYTES = 64_000_000;

/** The open segments of a log. Close it when done. */
export interface OpenWal {
  readonly segments: readonly WalSegment[];
  close(): void;
}

/**
 * Opens the segments of `member/wal` for reading, in order.
 *
 * @throws WalError `WAL_MISSING` if the folder or every segment is missing, `WAL_READ_FAILED` if the system refuses
 */
export async function openWal(folder: string): Promise<OpenWal> {
  const names = await segmentNames(folder);
  if (names.length === 0) {
    throw new WalError('WAL_MISSING', `${folder} holds no write-ahead log`, {
      hint: `Give the data directory of an etcd member; its log lies in member/wal, or where --wal-dir says.`,
      subject: folder,
    });
  }
  const files: OpenFile[] = [];
  const close = (): void => files.forEach((file) => file.close());
  try {
    for (const name of names) files.push(openForReading(join(folder, name)));
  } catch (cause) {
    close();
    throw readFailed(folder, cause);
  }
  return { segments: names.flatMap((name, index) => segmentOf(name, files[index])), close };
}

function segmentOf(name: string, source: OpenFile | undefined): readonly WalSegment[] {
  return source === undefined ? [] : [{ name, source }];
}

async function segmentNames(folder: string): Promise<readonly string[]> {
  const entries = await list(folder);
  return entries.filter((name) => decodeSegmentName(name) !== undefined).sort();
}

/**
 * Sums up the log in a folder; see {@link summarizeWal}. Nobody should write to it meanwhile: a running member's log
 * seems torn at times.
 *
 * @throws WalError as {@link openWal} does; the signal's reason if it aborts
 */
export async function summarizeWalFolder(folder: string, options: SummaryOptions = {}): Promise<WalSummary> {
  const wal = await openWal(folder);
  try {
    return summarizeWal(wal.segments, options);
  } finally {
    wal.close();
  }
}

/** The raft snapshots in `member/snap`, newest first. */
export async function listRaftSnapshots(
  folder: string,
): Promise<readonly (RaftSnapshotName & { readonly name: string })[]> {
  const names = (await list(folder)).sort().reverse();
  return names.flatMap((name) => {
    const decoded = decodeRaftSnapshotName(name);
    return decoded === undefined ? [] : [{ ...decoded, name }];
  });
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw readFailed(folder, cause);
  }
}

function readFailed(path: string, cause: unknown): WalError {
  return new WalError('WAL_READ_FAILED', `cannot read ${path}: ${messageOf(cause)}`, {
    hint: 'Run as root on the host of the member, and check the disk; the system log tells more.',
    subject: path,
    cause,
  });
}

/**
 * Writes the first segment of a new log into an existing folder, 64 MB long, and flushes file and folder to the disk.
 *
 * @param bodies - the records after the leading checksum, which is added; the first must be the metadata
 * @throws WalError `WAL_EXISTS` if the segment exists, `WAL_WRITE_FAILED` if the system refuses
 */
export async function createWal(folder: string, bodies: readonly RecordBody[]): Promise<void> {
  if (bodies[0]?.kind !== 'metadata') throw new TypeError('a log begins with its metadata record');
  const bytes = new RecordEncoder().encodeAll([{ kind: 'crc' }, ...bodies]);
  await createFile(folder, encodeSegmentName({ sequence: 0n, firstIndex: 0n }), async (file) => {
    await file.writeFile(bytes);
    await file.truncate(Math.max(SEGMENT_BYTES, bytes.length));
  });
}

/**
 * Writes a `.snap` file into an existing folder and flushes both to the disk.
 *
 * @throws WalError `WAL_EXISTS` if it exists, `WAL_WRITE_FAILED` if the system refuses
 */
export async function createRaftSnapshot(folder: string, snapshot: RaftSnapshot): Promise<void> {
  await createFile(folder, encodeRaftSnapshotName(snapshot), (file) => file.writeFile(encodeRaftSnapshot(snapshot)));
}

async function createFile(folder: string, name: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const path = join(folder, name);
  try {
    const file = await open(path, 'wx', PRIVATE_FILE_MODE);
    try {
      await fill(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(folder);
  } catch (cause) {
    const code = systemCode(cause) === 'EEXIST' ? 'WAL_EXISTS' : 'WAL_WRITE_FAILED';
    throw new WalError(code, `cannot write ${path}: ${messageOf(cause)}`, {
      hint: code === 'WAL_EXISTS' ? 'Give a folder that does not exist yet.' : 'Check the free space and the rights.',
      subject: path,
      cause,
    });
  }
}
