import { open, type FileHandle } from 'node:fs/promises';

const NEWLINE = 0x0a;
/** How far a cut may move to fall between two lines. */
const LINE_SEARCH = 64 * 1024;
const COPY = 1024 * 1024;

/**
 * Shortens a log that has grown beyond `limit` bytes to about three quarters of it: its first and its last lines stay, and
 * a line between them says that some are missing. The program may go on appending meanwhile; what it writes in the very
 * moment of the cut is lost.
 */
export async function trimLog(path: string, limit: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    if (size <= limit) return;
    const headEnd = await lineStart(file, Math.floor(limit / 4), 'before');
    const tailStart = await lineStart(file, size - Math.floor(limit / 2), 'after');
    const note = Buffer.from(`[... lines are missing here: a container's log holds at most ${limit} bytes ...]\n`);
    let to = headEnd + (await write(file, note, headEnd));
    let from = tailStart;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(COPY), 0, COPY, from);
      if (bytesRead === 0) break;
      to += await write(file, buffer.subarray(0, bytesRead), to);
      from += bytesRead;
    }
    await file.truncate(to);
  } finally {
    await file.close();
  }
}

/** The start of a line near an offset; the offset itself where no line begins near it. */
async function lineStart(file: FileHandle, offset: number, side: 'before' | 'after'): Promise<number> {
  const from = side === 'before' ? Math.max(offset - LINE_SEARCH, 0) : offset;
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(LINE_SEARCH), 0, LINE_SEARCH, from);
  const bytes = buffer.subarray(0, side === 'before' ? Math.min(bytesRead, offset - from) : bytesRead);
  const at = side === 'before' ? bytes.lastIndexOf(NEWLINE) : bytes.indexOf(NEWLINE);
  return at === -1 ? offset : from + at + 1;
}

async function write(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  await file.write(bytes, 0, bytes.length, position);
  return bytes.length;
}
