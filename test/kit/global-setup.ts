import { fileURLToPath } from 'node:url';
import { BUILD_FAILURE_VARIABLE } from './holdfast.ts';
import { RELEASES_VARIABLE } from './releases.ts';
import { runCommand } from './run-command.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const MINUTES = 60_000;

/** Runs once before the integration tests: provides etcd's releases and builds the program. */
export async function setup(): Promise<void> {
  if (process.env[RELEASES_VARIABLE] === undefined) process.env[RELEASES_VARIABLE] = await provideReleases();
  const built = await runCommand([process.execPath, 'scripts/build.mjs'], { cwd: PROJECT, timeoutMs: 2 * MINUTES });
  // Tests that do not run the program can still say something; those that do must not meet an older one.
  if (built.code !== 0) process.env[BUILD_FAILURE_VARIABLE] = built.stderr;
}

async function provideReleases(): Promise<string> {
  const provided = await runCommand([process.execPath, 'scripts/provide-etcd.mjs', 'tested'], {
    cwd: PROJECT,
    timeoutMs: 10 * MINUTES,
  });
  if (provided.code !== 0) throw new Error(`etcd cannot be provided:\n${provided.stderr}`);
  return provided.stdout;
}
