import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { guarded } from '../test/kit/programs.ts';
import { median } from './figures.ts';
import { holdfast, scratch, type Ground } from './ground.ts';
import { seconds, type Table } from './report.ts';
import { NO_ETCD } from './standalone.ts';

/** How soon `holdfast standalone` says that its API answers: on a new folder, where it makes keys, and on one that stands. */
export async function benchEngineStart(ground: Ground): Promise<readonly Table[]> {
  const trial = ['--embedded-etcd', '--etcd-binary', join(ground.release.folder, 'etcd')];
  const rows = [
    await startRow(ground, 'holdfast standalone', NO_ETCD),
    await startRow(ground, 'the same with --embedded-etcd', trial),
  ];
  return [{ name: 'engine-start', columns: ['What', 'first start', 'later start', 'load'], rows }];
}

async function startRow(ground: Ground, label: string, args: readonly string[]): Promise<readonly string[]> {
  const folder = scratch(ground, 'standalone');
  const taken = { first: [] as number[], later: [] as number[] };
  for (let run = 0; run <= ground.runs; run++) {
    await rm(folder, { recursive: true, force: true });
    const first = await start(ground, folder, args);
    const later = await start(ground, folder, args);
    // The first run does not count.
    if (run === 0) continue;
    taken.first.push(first);
    taken.later.push(later);
  }
  await rm(folder, { recursive: true, force: true });
  return [label, seconds(median(taken.first)), seconds(median(taken.later)), (loadavg()[0] ?? 0).toFixed(1)];
}

async function start(ground: Ground, folder: string, args: readonly string[]): Promise<number> {
  const places = ['--data-dir', join(folder, 'data'), '--default-folder', join(folder, 'default')];
  const ports = ['--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0'];
  const [program = '', ...rest] = holdfast(ground, 'standalone', ...places, ...ports, ...args);
  const before = performance.now();
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
  guarded(child);
  const ended = once(child, 'exit');
  const line = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  const taken = (performance.now() - before) / 1000;
  if (line === undefined) throw new Error('holdfast standalone has ended instead of starting');
  child.kill('SIGTERM');
  await ended;
  return taken;
}
