import type { FileHandle } from 'node:fs/promises';
import { HoldfastError, PartFile, type ProgressStage } from '../base/index.ts';
import { connectMember, EtcdError, streamSnapshot, type EtcdConfig, type SnapshotCandidate } from '../etcd/index.ts';
import { SnapshotHasher, type TrailerReport } from '../snapshot/index.ts';
import { storageError } from '../store/index.ts';
import { OperationError } from './errors.ts';
import type { Surroundings } from './surroundings.ts';

/** A snapshot as it came: on the disk under its `.part` name, and equal to the checksum that etcd sent behind it. */
export interface SavedSnapshot {
  readonly file: PartFile;
  /** The member it came from. */
  readonly candidate: SnapshotCandidate;
  /** Bytes in the file, the checksum's 32 included. */
  readonly size: number;
  /** SHA-256 of the whole file, hexadecimal. */
  readonly sha256: string;
  /** SHA-256 of the database, hexadecimal: the one that etcd sent. */
  readonly contentSha256: string;
  /** Since etcd 3.6. */
  readonly storageVersion: string | undefined;
}

export interface SaveSnapshotRequest {
  /** The file's final name; it is written to `<path>.part`. */
  readonly path: string;
  /** Best first; the next one is tried when one fails. */
  readonly candidates: readonly SnapshotCandidate[];
  readonly config: EtcdConfig;
  /** How long a member may be silent, milliseconds. */
  readonly idleTimeoutMs: number;
}

/**
 * Streams a snapshot to the disk from the first candidate that delivers a whole one. The stream is spooled as fast as
 * it comes, since etcd holds a read transaction open for all of it.
 *
 * @throws the last candidate's failure, with the others' told in the log; StoreError where the disk refuses. Nothing is
 * left behind then.
 */
export async function saveSnapshot(request: SaveSnapshotRequest, surroundings: Surroundings): Promise<SavedSnapshot> {
  const { log, signal } = surroundings;
  const [first, ...others] = request.candidates;
  if (first === undefined) throw new TypeError('a snapshot needs at least one candidate');
  let candidate = first;
  for (;;) {
    log.info(`taking the snapshot from ${candidate.endpoint.url}, ${candidate.reason}`);
    try {
      return await saveFrom(candidate, request, surroundings);
    } catch (error) {
      const next = others.shift();
      if (next === undefined || signal.aborted || !isWorthAnotherMember(error)) throw error;
      log.warn(`${(error as Error).message}; trying ${next.endpoint.url} instead`);
      candidate = next;
    }
  }
}

/** A full disk stays full; a member that fails or sends damaged bytes has sisters. */
function isWorthAnotherMember(error: unknown): boolean {
  return error instanceof EtcdError || (error instanceof HoldfastError && error.code === 'OPERATION_NOT_GOOD');
}

async function saveFrom(
  candidate: SnapshotCandidate,
  request: SaveSnapshotRequest,
  surroundings: Surroundings,
): Promise<SavedSnapshot> {
  const { endpoint, status } = candidate;
  const file = await createPart(request.path);
  const stage = surroundings.progress.begin(`snapshot from ${endpoint.url}`, Number(status.dbSize));
  const member = connectMember(endpoint, request.config);
  try {
    const spool = new Spool(file, stage);
    const { storageVersion } = await streamSnapshot(member, {
      signal: surroundings.signal,
      idleTimeoutMs: request.idleTimeoutMs,
      onChunk: (chunk) => spool.take(chunk),
    });
    const trailer = await spool.finish();
    await sealed(file);
    if (trailer.state !== 'good') throw checksumDiffers(endpoint.url, trailer);
    const { size, sha256, sha256OfContent } = trailer;
    return { file, candidate, size, sha256, contentSha256: sha256OfContent, storageVersion };
  } catch (error) {
    await file.discard();
    throw error;
  } finally {
    stage.end();
    member.close();
  }
}

async function createPart(path: string): Promise<PartFile> {
  try {
    return await PartFile.create(path);
  } catch (error) {
    throw storageError(error, path);
  }
}

async function sealed(file: PartFile): Promise<void> {
  try {
    await file.seal();
  } catch (error) {
    throw storageError(error, file.partPath);
  }
}

function checksumDiffers(url: string, { sha256OfContent, trailer }: TrailerReport): OperationError {
  return new OperationError(
    'OPERATION_NOT_GOOD',
    `the snapshot from ${url} was damaged on its way: its SHA-256 is ${sha256OfContent}, etcd sent ${trailer ?? 'none'}`,
    {
      subject: url,
      hint: 'Run it again; if this repeats, suspect the network path or the memory of one of the two hosts.',
    },
  );
}

/** Large writes cost few system calls; two of them in flight bound the memory. */
const WRITE_BYTES = 1024 * 1024;

/** Takes the stream's chunks to the disk and hashes them on the way. */
class Spool {
  readonly #file: PartFile;
  readonly #stage: ProgressStage;
  readonly #hasher = new SnapshotHasher();
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: PartFile, stage: ProgressStage) {
    this.#file = file;
    this.#stage = stage;
  }

  /** Gives back a promise only when the stream has to wait for the disk. */
  take(chunk: Uint8Array): void | Promise<void> {
    this.#stage.advance(chunk.length);
    this.#hasher.update(chunk);
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    return this.#waitingBytes < WRITE_BYTES ? undefined : this.#flush();
  }

  async finish(): Promise<TrailerReport> {
    await this.#flush();
    await this.#writing;
    return this.#hasher.finish();
  }

  /** Starts the next write as soon as the one before it is done; waits only for that one. */
  async #flush(): Promise<void> {
    await this.#writing;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#writing = writeWhole(this.#file.handle, batch).catch((error: unknown) => {
      throw storageError(error, this.#file.partPath);
    });
    // A failure is met by the next flush; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}

/** `writev` may write less than all of it. */
async function writeWhole(handle: FileHandle, batch: readonly Uint8Array[]): Promise<void> {
  let rest = batch;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest);
    rest = without(rest, bytesWritten);
  }
}

function without(batch: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written;
  const rest: Uint8Array[] = [];
  for (const chunk of batch) {
    if (left >= chunk.length) left -= chunk.length;
    else {
      rest.push(chunk.subarray(left));
      left = 0;
    }
  }
  return rest;
}
