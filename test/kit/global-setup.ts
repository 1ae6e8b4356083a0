import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD_FAILURE_VARIABLE, PROGRAM_VARIABLE } from './holdfast.ts';
import { RELEASES_VARIABLE } from './releases.ts';
import { runCommand } from './run-command.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
/** Inside the project, so that the program finds the native module beside it. */
const BUILDS = join(PROJECT, '.cache', 'test-builds');
const MINUTES = 60_000;

/**
 * Runs once before the integration tests: provides etcd's releases, and builds the program for this run alone, so that
 * a build beside it does not pull the program from under the tests.
 *
 * @returns what cleans up afterwards
 */
export async function setup(): Promise<() => Promise<void>> {
  if (process.env[RELEASES_VARIABLE] === undefined) process.env[RELEASES_VARIABLE] = await provideReleases();
  await mkdir(BUILDS, { recursive: true });
  const folder = await mkdtemp(join(BUILDS, 'run-'));
  const build = [process.execPath, 'scripts/build.mjs', '--outdir', folder];
  const built = await runCommand(build, { cwd: PROJECT, timeoutMs: 2 * MINUTES });
  // Tests that do not run the program can still say something.
  if (built.code !== 0) process.env[BUILD_FAILURE_VARIABLE] = built.stderr;
  process.env[PROGRAM_VARIABLE] = join(folder, 'holdfast.js');
  return () => rm(folder, { recursive: true, force: true });
}

async function provideReleases(): Promise<string> {
  const provided = await runCommand([process.execPath, 'scripts/provide-etcd.mjs', 'tested'], {
    cwd: PROJECT,
    timeoutMs: 10 * MINUTES,
  });
  if (provided.code !== 0) throw new Error(`etcd cannot be provided:\n${provided.stderr}`);
  return provided.stdout;
}
