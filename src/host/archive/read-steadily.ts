import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { delay, systemCode } from '../../base/index.ts';
import { HostError } from '../errors.ts';
import { unreadable } from '../host-tree.ts';

const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 40;
/** Files up to here are read whole before anything is written about them, so that they can be read again. */
const READ_WHOLE = 4 * 1024 * 1024;
const PIECE = 256 * 1024;

/** A file's status and its bytes, which belong together. */
export interface SteadyFile {
  readonly stats: Stats;
  /** Exactly `stats.size` bytes. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** To be called in any case, also where the pieces were not read. */
  close(): Promise<void>;
}

/**
 * Reads a file that others may be writing. A small one is read again until nothing changed meanwhile; a large one is
 * passed on in pieces, and a change during that is an error, because its size has gone out already.
 *
 * @param path - as the host names it, for messages
 * @throws HostError HOST_FILE_CHANGED, HOST_PATH_UNREADABLE, at once or while the pieces are read
 */
export async function readSteadily(path: string, diskPath: string, signal?: AbortSignal): Promise<SteadyFile> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const read = await readOnce(path, diskPath, signal);
    if (read !== undefined) return read;
    if (attempt < ATTEMPTS) await delay(BETWEEN_ATTEMPTS_MS, signal);
  }
  throw changed(path);
}

async function readOnce(path: string, diskPath: string, signal?: AbortSignal): Promise<SteadyFile | undefined> {
  let handle: FileHandle;
  try {
    // Non-blocking, lest a pipe that took the file's place makes this wait for ever.
    handle = await open(diskPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // Gone, or a link by now: whoever replaces a file by rename leaves such moments.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ELOOP') return undefined;
    throw unreadable(path, error);
  }
  let keepOpen = false;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return undefined;
    if (stats.size > READ_WHOLE) {
      keepOpen = true;
      return { stats, pieces: piecesOf(handle, stats, path, signal), close: () => handle.close() };
    }
    const bytes = await handle.readFile();
    return (await isUnchanged(handle, stats, bytes.length))
      ? { stats, pieces: oneByOne(bytes), close: () => Promise.resolve() }
      : undefined;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    if (!keepOpen) await handle.close();
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- a piece in memory, in the shape of pieces from a file
async function* oneByOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* piecesOf(
  handle: FileHandle,
  stats: Stats,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  while (at < stats.size) {
    signal?.throwIfAborted();
    const piece = Buffer.allocUnsafe(Math.min(PIECE, stats.size - at));
    const { bytesRead } = await readPiece(handle, piece, at, path);
    if (bytesRead === 0) throw changed(path);
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
  if (!(await isUnchanged(handle, stats, at))) throw changed(path);
}

async function readPiece(
  handle: FileHandle,
  piece: Buffer,
  at: number,
  path: string,
): Promise<{ readonly bytesRead: number }> {
  try {
    return await handle.read(piece, 0, piece.length, at);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function isUnchanged(handle: FileHandle, before: Stats, bytesRead: number): Promise<boolean> {
  const after = await handle.stat();
  return bytesRead === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs;
}

function changed(path: string): HostError {
  return new HostError('HOST_FILE_CHANGED', `${path} kept changing, or vanished, while it was being saved`, {
    subject: path,
    hint: 'Something is writing to the control plane (a rollout, a certificate renewal): run again when it has finished.',
  });
}
