import { mkdir, rm } from 'node:fs/promises';
import { PROGRAM_VARIABLE } from '../test/kit/holdfast.ts';
import { RunningStandalone } from '../test/kit/running-standalone.ts';
import { scratch, type Ground } from './ground.ts';

/** Runs `holdfast standalone` on new data while `work` lasts; nothing stays behind. */
export async function withStandalone<T>(
  ground: Ground,
  args: readonly string[],
  work: (running: RunningStandalone) => Promise<T>,
): Promise<T> {
  process.env[PROGRAM_VARIABLE] = ground.program;
  const folder = scratch(ground, 'standalone');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const running = await RunningStandalone.start({ folder, args: ['--enable-backups', ...args] });
  try {
    return await work(running);
  } finally {
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of an etcd that nobody asks: what is measured then is the engine alone. */
export const NO_ETCD = ['--endpoints', 'http://127.0.0.1:1', '--snapshot-only'];
