import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD_FAILURE_VARIABLE } from './holdfast.ts';
import { RELEASES_VARIABLE } from './releases.ts';
import { runCommand } from './run-command.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const MINUTES = 60_000;

/** Runs once before the integration tests: provides etcd's releases and builds the program. */
export async function setup(): Promise<void> {
  if (process.env[RELEASES_VARIABLE] === undefined) process.env[RELEASES_VARIABLE] = await provideReleases();
  if (await isBuilt()) return;
  const built = await runCommand([process.execPath, 'scripts/build.mjs'], { cwd: PROJECT, timeoutMs: 2 * MINUTES });
  // Tests that do not run the program can still say something; those that do must not meet an older one.
  if (built.code !== 0) process.env[BUILD_FAILURE_VARIABLE] = built.stderr;
}

/** Whether the program is newer than all that it is made of. Building replaces a program that other tests may be running. */
async function isBuilt(): Promise<boolean> {
  const built = await modified('dist/holdfast.js');
  const sources = await Promise.all(['src', 'demo', 'test/kit'].map(filesBelow));
  const times = await Promise.all([...sources.flat(), 'scripts/build.mjs', 'package.json'].map(modified));
  return built > Math.max(...times);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(PROJECT, folder), { recursive: true }).catch(() => []);
  return entries.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

async function modified(path: string): Promise<number> {
  const found = await stat(join(PROJECT, path)).catch(() => undefined);
  return found?.mtimeMs ?? 0;
}

async function provideReleases(): Promise<string> {
  const provided = await runCommand([process.execPath, 'scripts/provide-etcd.mjs', 'tested'], {
    cwd: PROJECT,
    timeoutMs: 10 * MINUTES,
  });
  if (provided.code !== 0) throw new Error(`etcd cannot be provided:\n${provided.stderr}`);
  return provided.stdout;
}
