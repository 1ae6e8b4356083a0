import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

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

export interface OpenFile extends RandomAccess {
  close(): void;
}

/** Opens a file for reading; its size is the size at this moment. Throws Node's system error (`ENOENT`, `EACCES` …). */
export function openForReading(path: string): OpenFile {
  const fd = openSync(path, 'r');
  const size = fstatSync(fd).size;
  return {
    size,
    read(target, position) {
      let done = 0;
      while (done < target.length) {
        const count = readSync(fd, target, done, target.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    },
    close: () => closeSync(fd),
  };
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
