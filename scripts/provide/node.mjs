// @ts-check
import { join } from 'node:path';
import { CACHE, cachedFolder } from './cache.mjs';
import { Failure, say } from './failure.mjs';
import { npmCacheSetting } from './packages.mjs';
import { run } from './run.mjs';

const VERSIONS = /** @type {Readonly<Record<string, string>>} */ ({ 22: '22.23.3', 24: '24.21.0' });

/** Ends the script where this Node is too old to run the project. */
export function checkThisNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 13) || (major === 20 && minor >= 19)) return;
  throw new Failure(`Node ${process.versions.node} is too old`, 'Install Node 20.19 or newer (nodejs.org).');
}

/** The path of another Node, fetched as an npm package of exact version. @param {string} major */
export async function provideNode(major) {
  const version = VERSIONS[major];
  if (version === undefined)
    throw new Failure(`--node ${major} is not known`, `Say one of ${Object.keys(VERSIONS).join(', ')}.`);
  if (process.platform !== 'linux')
    throw new Failure('another Node is fetched on Linux only', 'Set HOLDFAST_NODE to the path of one.');
  const name = `node-linux-${process.arch}`;
  const folder = await cachedFolder(join(CACHE, 'node', `${version}-${process.arch}`), async (unfinished) => {
    say(`fetching Node ${version}`);
    const install = ['install', '--prefix', unfinished, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
    const npm = await run('npm', [...install, `${name}@${version}`], {
      env: { ...process.env, ...(await npmCacheSetting()) },
    });
    if (npm.code !== 0)
      throw new Failure(`${name}@${version} cannot be fetched:\n${npm.output.trim()}`, 'Check the network and retry.');
  });
  return join(folder, 'node_modules', name, 'bin', 'node');
}
