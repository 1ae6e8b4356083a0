import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../base/index.ts';
import { acquireLock } from './index.ts';

/**
 * What each process does: takes the lock a few times, and whenever it holds it makes sure that nobody else who lives is
 * inside. At last it is killed while it holds the lock, by SIGKILL, so that nothing of it gets to clean up.
 */
const CONTENDER = `
  import { readFileSync, rmSync, writeFileSync } from 'node:fs';
  import { acquireLock } from './index.ts';
  const [path, inside, rounds] = process.argv.slice(2);
  const clock = { now: () => new Date(), monotonicMs: () => 0 };
  const lives = (pid) => { try { process.kill(pid, 0); return readFileSync('/proc/' + pid + '/stat', 'utf8').split(') ').at(-1)[0] !== 'Z'; } catch { return false; } };
  for (let round = 1; ; ) {
    let lock;
    try {
      lock = await acquireLock(path, { purpose: 'test', clock });
    } catch (error) {
      if (error.code !== 'STORE_LOCKED') { console.log('FAILED ' + error.stack); process.exit(1); }
      await new Promise((resolve) => setTimeout(resolve, 2));
      continue;
    }
    try {
      writeFileSync(inside, String(process.pid), { flag: 'wx' });
    } catch {
      const other = Number(readFileSync(inside, 'utf8'));
      if (lives(other)) console.log('TWO INSIDE: ' + process.pid + ' and ' + other);
      writeFileSync(inside, String(process.pid));
    }
    await lock.assertHeld();
    console.log('held');
    if (round++ >= Number(rounds)) process.kill(process.pid, 'SIGKILL');
    rmSync(inside);
    await lock.release();
  }
`;
const LANES = 3;
const PROCESSES_A_LANE = 4;
const ROUNDS = 3;

let folder = '';
let program = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-contenders-'));
  program = join(folder, 'contender.mjs');
  await build({
    stdin: { contents: CONTENDER, resolveDir: import.meta.dirname, loader: 'js' },
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@node-rs/crc32'],
  });
}, 30_000);
afterAll(() => rm(folder, { recursive: true }));

it('processes that die holding the lock never let two in, and never keep the next one out', async () => {
  const path = join(folder, '.holdfast.lock');
  const lane = async (): Promise<string[]> => {
    const lines: string[] = [];
    for (let index = 0; index < PROCESSES_A_LANE; index++) {
      const child = spawn(process.execPath, [program, path, join(folder, 'inside'), String(ROUNDS)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const output = text(child.stdout);
      const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      expect(signal).toBe('SIGKILL');
      lines.push(...(await output).trim().split('\n'));
    }
    return lines;
  };
  const lines = (await Promise.all(Array.from({ length: LANES }, lane))).flat();
  expect(lines.filter((line) => line !== 'held')).toEqual([]);
  expect(lines).toHaveLength(LANES * PROCESSES_A_LANE * ROUNDS);
  const lock = await acquireLock(path, { purpose: 'test', clock: systemClock });
  await lock.release();
  expect((await readdir(folder)).filter((name) => name.endsWith('.after'))).toEqual([]);
}, 60_000);
