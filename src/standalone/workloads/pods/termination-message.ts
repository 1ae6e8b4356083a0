import { open, type FileHandle } from 'node:fs/promises';
import type { Container } from '../../../apiserver/index.ts';
import { systemCode } from '../../../base/index.ts';
import type { AttemptFiles } from '../runtime/attempt-files.ts';

/** kubelet's limits (pkg/kubelet/container: MaxContainerTerminationMessageLength and its kin). */
const LONGEST_MESSAGE = 4096;
const LONGEST_LOG_PART = 2048;
const MOST_LOG_LINES = 80;

/** A container's last word: the end of its file, or of its log where it failed without one and the pod wants it so. */
export async function terminationMessage(
  files: AttemptFiles,
  policy: Container['terminationMessagePolicy'],
  exitCode: number,
): Promise<string> {
  const own = await lastBytes(files.termination, LONGEST_MESSAGE);
  if (own !== '' || policy !== 'FallbackToLogsOnError' || exitCode === 0) return own;
  const lines = (await lastBytes(files.log, LONGEST_LOG_PART)).split('\n');
  const isTerminated = lines.at(-1) === '';
  return lines.slice(-MOST_LOG_LINES - (isTerminated ? 1 : 0)).join('\n');
}

async function lastBytes(path: string, count: number): Promise<string> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = await file.stat();
    const length = Math.min(size, count);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    // A character that was cut in two at the start is left out.
    let start = 0;
    while (length < size && start < bytesRead && ((buffer[start] ?? 0) & 0xc0) === 0x80) start += 1;
    return buffer.toString('utf8', start, bytesRead);
  } finally {
    await file.close();
  }
}
