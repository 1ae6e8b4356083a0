import { closeSync, constants, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { PRIVATE_FILE_MODE } from './durable-file.ts';

/** Bytes that can be read at any position. Formats read through this, so they know nothing of files. */
export interface RandomAccess {
  /** Bytes in all. */
  readonly size: number;
  /**
   * Reads into `target` from `position`.
   *
   * @returns how many bytes were read: fewer than `target.length` only at the end
   */
  read(target: Uint8Array, position: number): number;
}

/** Bytes that can be changed at any position, and grow by writes behind their end. */
export interface WritableAccess extends RandomAccess {
  /** Writes all of `bytes` at `position`; a gap between the old end and `position` becomes zeros. */
  write(bytes: Uint8Array, position: number): void;
  /** Returns once everything written so far survives a power cut. */
  sync(): void;
}

export interface OpenFile extends RandomAccess {
  close(): void;
}

export interface OpenWritableFile extends WritableAccess {
  close(): void;
}

/** Opens a file for reading; its size is the size at this moment. Throws Node's system error (`ENOENT`, `EACCES` …). */
export function openForReading(path: string): OpenFile {
  const fd = openSync(path, 'r');
  const size = fstatSync(fd).size;
  return {
    size,
    read: (target, position) => readFully(fd, target, position),
    close: () => closeSync(fd),
  };
}

/**
 * Opens a file for reading and writing; nothing is locked. Throws Node's system error (`ENOENT`, `EACCES` …).
 *
 * @param options.create - make the file, mode 0600, and throw `EEXIST` where there is one. Default: false
 */
export function openForWriting(path: string, options: { readonly create?: boolean } = {}): OpenWritableFile {
  const create = options.create === true ? constants.O_CREAT | constants.O_EXCL : 0;
  const fd = openSync(path, constants.O_RDWR | create, PRIVATE_FILE_MODE);
  let size = fstatSync(fd).size;
  return {
    get size() {
      return size;
    },
    read: (target, position) => readFully(fd, target, position),
    write(bytes, position) {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(fd, bytes, done, bytes.length - done, position + done);
        size = Math.max(size, position + done);
      }
    },
    sync: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  };
}

function readFully(fd: number, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.length) {
    const count = readSync(fd, target, done, target.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Bytes in memory as {@link RandomAccess}. */
export function inMemory(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    read(target, position) {
      const part = bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
  };
}
