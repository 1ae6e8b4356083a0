import { PartFile, type ProgressStage } from '../../base/index.ts';
import { SnapshotHasher, type TrailerReport } from '../../snapshot/index.ts';
import { storageError } from '../../store/index.ts';

/** Large enough for few system calls, small enough to be still in the processor's cache when it is hashed and written. */
const WRITE_BYTES = 256 * 1024;

/** Bytes after which the disk is told to start with them, so that little is left to wait for when the stream ends. */
const FLUSH_BYTES = 64 * 1024 * 1024;

/**
 * Takes the stream's chunks to the disk and hashes them on the way. They are copied into two buffers that take turns,
 * one being filled while the other is written: that bounds the memory, and takes a third less of the system's time
 * than handing it the many small chunks.
 */
export class SnapshotSpool {
  readonly #file: PartFile;
  readonly #stage: ProgressStage;
  readonly #hasher = new SnapshotHasher();
  #filling = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #resting = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #filled = 0;
  #unflushed = 0;
  #writing: Promise<void> = Promise.resolve();
  #flushing: Promise<void> | undefined;

  constructor(file: PartFile, stage: ProgressStage) {
    this.#file = file;
    this.#stage = stage;
  }

  /** Gives back a promise only when the stream has to wait for the disk; the chunk's memory is free once it resolves. */
  take(chunk: Uint8Array): void | Promise<void> {
    this.#stage.advance(chunk.length);
    if (this.#filled + chunk.length > WRITE_BYTES) return this.#takeInPieces(chunk);
    this.#fill(chunk);
  }

  /** Waits until all bytes are on the disk and closes the file; it keeps its `.part` name. */
  async finish(): Promise<TrailerReport> {
    await this.#write();
    await this.#writing;
    try {
      await this.#flushing;
      await this.#file.seal();
    } catch (error) {
      throw storageError(error, this.#file.partPath);
    }
    return this.#hasher.finish();
  }

  async #takeInPieces(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + WRITE_BYTES - this.#filled);
      this.#fill(piece);
      at += piece.length;
      if (this.#filled === WRITE_BYTES) await this.#write();
    }
  }

  #fill(piece: Uint8Array): void {
    this.#filling.set(piece, this.#filled);
    this.#filled += piece.length;
  }

  /** Starts the next write as soon as the one before it is done; waits only for that one. */
  async #write(): Promise<void> {
    const bytes = this.#filling.subarray(0, this.#filled);
    this.#hasher.update(bytes);
    await this.#writing;
    [this.#filling, this.#resting] = [this.#resting, this.#filling];
    this.#filled = 0;
    this.#writing = this.#toDisk(bytes).catch((error: unknown) => {
      throw storageError(error, this.#file.partPath);
    });
    // A failure is met by the next write; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  async #toDisk(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) done += (await this.#file.handle.write(bytes, done)).bytesWritten;
    this.#unflushed += bytes.length;
    if (this.#unflushed < FLUSH_BYTES) return;
    // The system tells of a failed flush only once, so that the one before must be heard, not left to seal().
    await this.#flushing;
    this.#unflushed = 0;
    this.#flushing = this.#file.handle.datasync();
    this.#flushing.catch(() => undefined);
  }
}

/** Begins a file under its `.part` name. Throws StoreError. */
export async function createPartFile(path: string): Promise<PartFile> {
  try {
    return await PartFile.create(path);
  } catch (error) {
    throw storageError(error, path);
  }
}
