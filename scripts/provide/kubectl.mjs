// @ts-check
import { delimiter, join } from 'node:path';
import { exists } from './cache.mjs';
import { Failure, say } from './failure.mjs';
import { provideProgram } from './program.mjs';
import { run } from './run.mjs';

/** The oldest whose `wait` and `create job` the demonstration can use. */
const OLDEST_MINOR = 24;

/** kubectl of a Debian suite, as a folder that holds it. @param {string} [suite] */
export function provideKubectl(suite = 'trixie') {
  return provideProgram({
    program: 'kubectl',
    suite,
    // Since trixie, kubernetes-client is an empty package that depends on this one.
    package: suite === 'bookworm' ? 'kubernetes-client' : 'kubectl',
    version: ['version', '--client', '-o', 'json'],
    says: /"gitVersion": "v?([^"]+)"/,
  });
}

/**
 * The kubectl of a demonstration: one that is installed and new enough, else Debian's. Without one the rest can still be
 * shown.
 *
 * @returns {Promise<import('./etcd.mjs').Release | undefined>}
 */
export async function provideSomeKubectl() {
  const installed = await fromPath();
  if (installed !== undefined) return installed;
  try {
    return await provideKubectl();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say(`kubectl: ${error.message}`);
    return undefined;
  }
}

/** @returns {Promise<import('./etcd.mjs').Release | undefined>} */
async function fromPath() {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (!folder || !(await exists(join(folder, 'kubectl')))) continue;
    const asked = await run(join(folder, 'kubectl'), ['version', '--client', '-o', 'json']);
    const [, version, minor] = /"gitVersion": "v?(1\.(\d+)[^"]*)"/.exec(asked.stdout) ?? [];
    if (version !== undefined && Number(minor) >= OLDEST_MINOR) return { version, folder };
  }
  return undefined;
}
