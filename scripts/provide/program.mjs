// @ts-check
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, cachedFolder } from './cache.mjs';
import { debianArchitecture, unpackDebianPackages } from './debian.mjs';
import { Failure } from './failure.mjs';
import { run } from './run.mjs';

/**
 * One program of a Debian package, alone in a folder of the cache, after it was run once.
 *
 * @param {{ program: string, suite: string, package: string, version: readonly string[], says: RegExp }} wanted `version`
 *   are the arguments with which it tells its version, `says` finds it in that
 * @returns {Promise<import('./etcd.mjs').Release>}
 */
export async function provideProgram({ program, suite, package: name, version: args, says }) {
  const folder = await cachedFolder(join(CACHE, program, `${suite}-${debianArchitecture}`), async (unfinished) => {
    await unpackDebianPackages(suite, [name], unfinished);
    await rename(join(unfinished, 'usr', 'bin', program), join(unfinished, program));
    await rm(join(unfinished, 'usr'), { recursive: true });
  });
  const asked = await run(join(folder, program), args);
  const version = says.exec(asked.output)?.[1];
  if (version === undefined)
    throw new Failure(`${folder}/${program} does not run: ${asked.output.trim()}`, 'Remove it.');
  return { version, folder };
}
