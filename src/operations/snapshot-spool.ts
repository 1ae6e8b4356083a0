import type { FileHandle } from 'node:fs/promises';
import { PartFile, type ProgressStage } from '../base/index.ts';
import { SnapshotHasher, type TrailerReport } from '../snapshot/index.ts';
import { storageError } from '../store/index.ts';

/** Large writes cost few system calls; two of them in flight bound the memory. */
const WRITE_BYTES = 1024 * 1024;

/** Takes the stream's chunks to the disk and hashes them on the way. */
export class SnapshotSpool {
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

  /** Waits until all bytes are on the disk and closes the file; it keeps its `.part` name. */
  async finish(): Promise<TrailerReport> {
    await this.#flush();
    await this.#writing;
    try {
      await this.#file.seal();
    } catch (error) {
      throw storageError(error, this.#file.partPath);
    }
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

/** Begins a file under its `.part` name. Throws StoreError. */
export async function createPartFile(path: string): Promise<PartFile> {
  try {
    return await PartFile.create(path);
  } catch (error) {
    throw storageError(error, path);
  }
}
