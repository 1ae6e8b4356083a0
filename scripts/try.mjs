// @ts-check
// Sets everything up and shows Holdfast at work on a real etcd cluster.
//
//   ./try            the demonstration; its files stay in try-out/
//   ./try --keep     the same; the cluster and holdfast standalone go on running until Ctrl-C
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { PROJECT } from './provide/cache.mjs';
import { provideOne } from './provide/etcd.mjs';
import { Failure, reportFailure, say } from './provide/failure.mjs';
import { provideSomeKubectl } from './provide/kubectl.mjs';
import { checkThisNode } from './provide/node.mjs';
import { installPackages } from './provide/packages.mjs';
import { run } from './provide/run.mjs';

/** @param {readonly string[]} args @param {Readonly<Record<string, string>>} programs @returns {Promise<number>} */
function demonstrate(args, programs) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/demo.js', ...args], {
      cwd: PROJECT,
      stdio: 'inherit',
      env: { ...process.env, ...programs },
    });
    // Ctrl-C reaches the demonstration too; it stops its cluster and ends, and this script ends with it.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

try {
  checkThisNode();
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
  await installPackages();
  say('building');
  const built = await run(process.execPath, ['scripts/build.mjs'], { cwd: PROJECT });
  if (built.code !== 0)
    throw new Failure(`the build failed:\n${built.output.trim()}`, 'Run git status: is it unchanged?');
  const release = await provideOne();
  const kubectl = await provideSomeKubectl();
  process.exitCode = await demonstrate(values.keep ? ['--keep'] : [], {
    HOLDFAST_ETCD_RELEASES: JSON.stringify([release]),
    HOLDFAST_KUBECTL: kubectl === undefined ? '' : JSON.stringify(kubectl),
  });
} catch (error) {
  reportFailure(error instanceof TypeError ? new Failure(error.message, 'Say ./try or ./try --keep.') : error);
}
