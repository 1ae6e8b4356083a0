import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/kit/temporary-folder.ts';
import { trimLog } from './log-limit.ts';

const LIMIT = 4096;
const NOTE = "[... lines are missing here: a container's log holds at most 4096 bytes ...]";

async function logOf(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'log');
  await writeFile(path, text);
  return path;
}

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('');

it('leaves a log alone that is within its limit', async () => {
  const path = await logOf('x'.repeat(LIMIT));
  await trimLog(path, LIMIT);
  expect(await readFile(path, 'utf8')).toBe('x'.repeat(LIMIT));
});

it('keeps the first and the last lines of a longer one, whole, and says so between them', async () => {
  const path = await logOf(lines(0, 2000));
  await trimLog(path, LIMIT);
  const kept = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const cut = kept.indexOf(NOTE);
  expect(kept[0]).toBe('line 0');
  expect(kept.at(-1)).toBe('line 1999');
  expect(kept.slice(0, cut)).toEqual(lines(0, cut).trimEnd().split('\n'));
  const last = kept.length - cut - 1;
  expect(kept.slice(cut + 1)).toEqual(
    lines(2000 - last, 2000)
      .trimEnd()
      .split('\n'),
  );
  expect((await readFile(path)).length).toBeLessThanOrEqual(LIMIT);
});

it('can be repeated as the log goes on growing', async () => {
  const path = await logOf('');
  for (let at = 0; at < 5000; at += 100) {
    await appendFile(path, lines(at, at + 100));
    await trimLog(path, LIMIT);
    expect((await readFile(path)).length).toBeLessThanOrEqual(LIMIT);
  }
  const kept = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(kept.filter((line) => line === NOTE)).toHaveLength(1);
  expect([kept[0], kept.at(-1)]).toEqual(['line 0', 'line 4999']);
});

it('cuts a line that has no end', async () => {
  const path = await logOf('y'.repeat(10 * LIMIT));
  await trimLog(path, LIMIT);
  const text = await readFile(path, 'utf8');
  expect(text.length).toBeLessThanOrEqual(LIMIT);
  expect(text).toContain(NOTE);
});
