import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/kit/temporary-folder.ts';
import { systemTime } from '../../../base/index.ts';
import { attemptFiles } from '../runtime/attempt-files.ts';
import { readPodLog, type LogRequest } from './pod-log.ts';
import { terminationMessage } from './termination-message.ts';

const signal = new AbortController().signal;

async function logOf(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'log');
  await writeFile(path, text);
  return path;
}

async function read(path: string, request: Partial<LogRequest> = {}, hasEnded = (): boolean => true): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readPodLog({ path, time: systemTime, hasEnded }, { signal, ...request }))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a log', () => {
  it.each([
    [undefined, 'a\nb\nc\n'],
    [0, ''],
    [1, 'c\n'],
    [2, 'b\nc\n'],
    [9, 'a\nb\nc\n'],
  ])('gives its last %s lines', async (tailLines, expected) => {
    expect(await read(await logOf('a\nb\nc\n'), { tailLines })).toBe(expected);
  });

  it('gives a last line that has no end', async () => {
    expect(await read(await logOf('a\nb'), { tailLines: 1 })).toBe('b');
  });

  it('gives the last lines of much', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `line ${index}\n`);
    expect(await read(await logOf(lines.join('')), { tailLines: 20_000 })).toBe(lines.slice(-20_000).join(''));
  });

  it('gives no more bytes than were asked for', async () => {
    expect(await read(await logOf('abcdef'), { limitBytes: 4 })).toBe('abcd');
  });

  it('is followed to its end, and misses nothing of it', async () => {
    const path = await logOf('a\n');
    let hasEnded = false;
    const all = read(path, { follow: true }, () => hasEnded);
    await appendFile(path, 'b\n');
    await truncate(path, 4);
    await appendFile(path, 'c\n');
    hasEnded = true;
    expect(await all).toBe('a\nb\nc\n');
  });

  it('is followed until nobody wants it any more', async () => {
    const stop = new AbortController();
    const all = read(await logOf('a\n'), { follow: true, signal: stop.signal }, () => false);
    stop.abort();
    expect(['', 'a\n']).toContain(await all);
  });
});

describe('a last word', () => {
  it('is the end of its file, or of the log where the pod wants it so and it failed', async () => {
    const files = attemptFiles(await temporaryFolder());
    expect(await terminationMessage(files, 'File', 1)).toBe('');
    await writeFile(files.log, Array.from({ length: 100 }, (_, index) => `${index}\n`).join(''));
    await writeFile(files.termination, '');
    expect(await terminationMessage(files, 'File', 1)).toBe('');
    expect(await terminationMessage(files, 'FallbackToLogsOnError', 0)).toBe('');
    const lines = (await terminationMessage(files, 'FallbackToLogsOnError', 1)).trimEnd().split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([80, '20', '99']);
    await writeFile(files.termination, `é${'x'.repeat(4095)}`);
    expect(await terminationMessage(files, 'FallbackToLogsOnError', 1)).toBe('x'.repeat(4095));
  });
});
