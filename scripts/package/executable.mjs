// @ts-check
import { chmod, copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../provide/cache.mjs';
import { Failure } from '../provide/failure.mjs';
import { run } from '../provide/run.mjs';
import { bundleSingle, WORKER } from './bundle.mjs';
import { licences, lockedPackages } from './packages.mjs';
import { billOfMaterials } from './sbom.mjs';
import { FUSE } from './shipped-node.mjs';

/** @typedef {import('./shipped-node.mjs').ShippedNode} ShippedNode */

/**
 * Makes a single executable application (nodejs.org, "Single executable applications"): Node itself, with the program in a
 * section of its own.
 *
 * @param {ShippedNode} node @param {Date} created @param {string} target the file to make
 * @param {string} work a folder of our own
 */
export async function buildExecutable(node, created, target, work) {
  const bundle = join(work, 'executable-bundle');
  const packages = await lockedPackages(await bundleSingle(bundle));
  const config = {
    main: 'main.cjs',
    output: 'program.blob',
    disableExperimentalSEAWarning: true,
    // Halves the time of a start. The cache is that of this very Node: whichever runs makes no other.
    useCodeCache: true,
    assets: { [WORKER]: WORKER },
  };
  await writeFile(join(bundle, 'sea.json'), JSON.stringify(config));
  // The seed makes the code cache the same each time. (A seed of hashes would too, but V8 rejects that cache at the start.)
  await succeed(node.path, ['--random-seed=1', '--experimental-sea-config', 'sea.json'], bundle);
  const unfinished = `${target}.part`;
  try {
    await copyFile(node.path, unfinished);
    await chmod(unfinished, 0o755);
    const inject = [join(PROJECT, 'node_modules', 'postject', 'dist', 'cli.js'), unfinished, 'NODE_SEA_BLOB'];
    await succeed(process.execPath, [...inject, 'program.blob', '--sentinel-fuse', FUSE], bundle);
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
  const nodeVersions = node.versions;
  const sbom = billOfMaterials({ name: 'holdfast', type: 'application', created, packages, nodeVersions });
  return { sbom, licences: await licences(packages, node) };
}

/** @param {string} program @param {readonly string[]} args @param {string} cwd */
async function succeed(program, args, cwd) {
  // What the caller sets for Node itself has no say in what is built.
  const { code, output } = await run(program, args, { cwd, env: { PATH: process.env['PATH'] } });
  if (code !== 0)
    throw new Failure(`${program} ${args.join(' ')} failed:\n${output.trim()}`, 'Run npm ci --ignore-scripts.');
}
