import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatTimestamp } from '../../backup/index.ts';
import { silentLog, silentProgress } from '../../base/index.ts';
import type { Surroundings } from '../surroundings.ts';
import { chooseTimestamp } from './timestamp.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-timestamp-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A clock that is read a second later each time. */
function tickingClock(start: Date): Surroundings['clock'] {
  let reads = 0;
  return { now: () => new Date(start.getTime() + 1000 * reads++ + 999), monotonicMs: () => 0 };
}

function surroundings(start: Date): Surroundings {
  return {
    clock: tickingClock(start),
    log: silentLog,
    progress: silentProgress,
    signal: new AbortController().signal,
    tool: { name: 'holdfast', version: '0' },
    runFolder: folder,
    inspectWorker: undefined,
  };
}

it('a name that is taken, finished or not, is passed over for the next second', async () => {
  const start = new Date(2026, 10, 22, 15, 44, 0);
  await writeFile(join(folder, `snapshot_${formatTimestamp(start)}.db`), '');
  await writeFile(
    join(folder, `static_kuberesources_${formatTimestamp(new Date(start.getTime() + 1000))}.tar.gz.part`),
    '',
  );
  const { timestamp } = await chooseTimestamp(() => [folder], false, surroundings(start));
  expect(timestamp).toBe('2026-11-22_154402');
});

it('a dirty backup has names of its own', async () => {
  const start = new Date(2026, 10, 22, 15, 44, 0);
  await writeFile(join(folder, `snapshot_${formatTimestamp(start)}.db`), '');
  expect((await chooseTimestamp(() => [folder], true, surroundings(start))).timestamp).toBe('2026-11-22_154400');
});
