import { constants } from 'node:fs';
import { open, readFile, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PART_SUFFIX, PartFile, syncFolder, systemCode, type Log } from '../../base/index.ts';
import { damaged, newer } from './failures.ts';
import { decodeFrame, encodeFrame, FRAME_HEADER_BYTES, hasFrameBehind } from './frame.ts';
import {
  CHANGES_OPENING,
  LOG_VERSION,
  parseChanges,
  parseHeading,
  parseStanding,
  type LogEntry,
  type LogHeading,
} from './log-record.ts';

/** What a log file holds, in the order in which it was written. */
export interface LogContent {
  readonly heading: LogHeading;
  readonly entries: readonly LogEntry[];
  /** Where the last whole frame ends; what lies behind it was torn while it was written and never acknowledged. */
  readonly end: number;
}

const CHUNK_BYTES = 1024 * 1024;

/** Removes what a killed process left of a file that it had not finished. */
export async function discardUnfinishedLog(path: string): Promise<void> {
  await unlinkIfThere(path + PART_SUFFIX);
}

/** The file that makes writes durable. Not for use by two callers at once. */
export class LogFile {
  readonly path: string;
  #handle: FileHandle;
  #size: number;
  #suspect = false;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.#handle = handle;
    this.#size = size;
  }

  /** Opens a file that stands, and cuts off what {@link readLog} has found torn. */
  static async open(path: string, end: number): Promise<LogFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      if ((await handle.stat()).size > end) {
        await handle.truncate(end);
        await handle.sync();
      }
      return new LogFile(path, handle, end);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Makes a new file of these payloads, durably, or replaces the one of that name. */
  static async create(path: string, payloads: Iterable<Uint8Array>): Promise<LogFile> {
    const size = await writeAside(path, payloads);
    await rename(path + PART_SUFFIX, path);
    await syncFolder(dirname(path));
    return LogFile.open(path, size);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Whether the end of the file is not known for sure, since a write or a flush has failed. Nothing may be appended then
   * before {@link rewrite} has succeeded: what the kernel says of a file after a failed flush cannot be trusted.
   */
  get isSuspect(): boolean {
    return this.#suspect;
  }

  /** Appends one frame. Once this resolves, it survives a power cut; if it throws, the file is as it was, or suspect. */
  async append(payload: Uint8Array): Promise<void> {
    if (this.#suspect) throw new TypeError('the log has to be rewritten first');
    const frame = encodeFrame(payload);
    try {
      await writeAll(this.#handle, frame, this.#size);
    } catch (error) {
      await this.#cutBack();
      throw error;
    }
    try {
      await this.#handle.datasync();
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
    this.#size += frame.length;
  }

  /** Begins the file anew with these payloads; the old one stands until the new one is on the disk. */
  async rewrite(payloads: Iterable<Uint8Array>): Promise<void> {
    const size = await writeAside(this.path, payloads);
    const handle = await open(this.path + PART_SUFFIX, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      await rename(this.path + PART_SUFFIX, this.path);
    } catch (error) {
      await handle.close();
      throw error;
    }
    const old = this.#handle;
    this.#handle = handle;
    this.#size = size;
    // Until the folder is flushed, a power cut could bring the old file back, without what is appended from now on.
    this.#suspect = true;
    await old.close().catch(() => undefined);
    await syncFolder(dirname(this.path));
    this.#suspect = false;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #cutBack(): Promise<void> {
    try {
      await this.#handle.truncate(this.#size);
    } catch {
      this.#suspect = true;
    }
  }
}

/**
 * Reads a log file.
 *
 * @returns undefined where there is none
 * @throws StandaloneError STANDALONE_STORE_DAMAGED, STANDALONE_STORE_NEWER; Node's system error where it cannot be read
 */
export async function readLog(path: string, log: Log): Promise<LogContent | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const heading = readHeading(path, bytes);
  const entries: LogEntry[] = [];
  let at = heading.end;
  for (let index = 0; index < heading.content.objects; index++) {
    const payload = decodeFrame(bytes, at);
    const standing = payload === undefined ? undefined : parseStanding(payload);
    if (payload === undefined || standing === undefined) throw damaged(path, at);
    entries.push(standing);
    at += FRAME_HEADER_BYTES + payload.length;
  }
  for (let payload = decodeFrame(bytes, at); payload !== undefined; payload = decodeFrame(bytes, at)) {
    const changes = parseChanges(payload);
    if (changes === undefined) throw damaged(path, at);
    entries.push(...changes);
    at += FRAME_HEADER_BYTES + payload.length;
  }
  if (at < bytes.length) {
    if (hasFrameBehind(bytes, at, CHANGES_OPENING)) throw damaged(path, at);
    log.warn('dropping the end of the log, which was torn while it was written', { path, bytes: bytes.length - at });
  }
  return { heading: heading.content, entries, end: at };
}

function readHeading(path: string, bytes: Buffer): { readonly content: LogHeading; readonly end: number } {
  const payload = decodeFrame(bytes, 0);
  const content = payload === undefined ? undefined : parseHeading(payload);
  if (payload === undefined || content === undefined) throw damaged(path, 0);
  if (content.version > LOG_VERSION) throw newer(path, content.version);
  return { content, end: FRAME_HEADER_BYTES + payload.length };
}

/** Writes `<path>.part` and flushes it; gives back its size. */
async function writeAside(path: string, payloads: Iterable<Uint8Array>): Promise<number> {
  await discardUnfinishedLog(path);
  const part = await PartFile.create(path);
  try {
    let size = 0;
    for (const chunk of chunks(payloads)) {
      await writeAll(part.handle, chunk, size);
      size += chunk.length;
    }
    await part.seal();
    return size;
  } catch (error) {
    await part.discard();
    throw error;
  }
}

function* chunks(payloads: Iterable<Uint8Array>): Iterable<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const payload of payloads) {
    const frame = encodeFrame(payload);
    waiting.push(frame);
    bytes += frame.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
