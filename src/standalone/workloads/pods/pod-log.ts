import { open, type FileHandle } from 'node:fs/promises';
import type { Time } from '../../../base/index.ts';
import { pause } from '../../../controller/index.ts';

/** What of a log is asked for. */
export interface LogRequest {
  /** How many of the last lines; undefined for all. */
  readonly tailLines?: number | undefined;
  /** At most so many bytes. */
  readonly limitBytes?: number | undefined;
  /** Whether to wait for what is still written, until the container has ended. */
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
}

export interface LogSource {
  readonly path: string;
  readonly time: Time;
  /** Asked before each reading to the end, so that nothing of a container that has ended is missed. */
  readonly hasEnded: () => boolean;
}

const CHUNK = 64 * 1024;
const LOOK_AGAIN_MS = 200;
const NEWLINE = 0x0a;

/** A container's log, from its start or its last lines on. Ends when the signal aborts. */
export async function* readPodLog(source: LogSource, request: LogRequest): AsyncGenerator<Uint8Array, void> {
  const file = await open(source.path, 'r');
  try {
    let left = request.limitBytes ?? Infinity;
    let at = request.tailLines === undefined ? 0 : await startOfLastLines(file, request.tailLines);
    while (left > 0 && !isAborted(request.signal)) {
      const isWhole = request.follow !== true || source.hasEnded();
      // A log that has been shortened meanwhile goes on at its end.
      at = Math.min(at, (await file.stat()).size);
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, Math.min(CHUNK, left), at);
        if (bytesRead === 0) break;
        at += bytesRead;
        left -= bytesRead;
        yield buffer.subarray(0, bytesRead);
        if (left <= 0 || isAborted(request.signal)) return;
      }
      if (isWhole) return;
      await pause(source.time, LOOK_AGAIN_MS, request.signal);
    }
  } finally {
    await file.close();
  }
}

async function startOfLastLines(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  if (lines === 0) return size;
  let seen = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(end - CHUNK, 0);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start);
    for (let index = bytesRead - 1; index >= 0; index--) {
      // The newline at the very end closes the last line and begins none.
      if (buffer[index] !== NEWLINE || start + index === size - 1) continue;
      seen += 1;
      if (seen === lines) return start + index + 1;
    }
    end = start;
  }
  return 0;
}

/** Asked anew, because it may have changed while the reader was away. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
