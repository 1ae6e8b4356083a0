// @ts-check
// Builds what is shipped, and tries both on a real etcd: the container image and the executable for hosts without Node.
//
//   npm run package                         both, into out/
//   npm run package -- --only image         or --only executable
//   node scripts/package.mjs --root <folder>   the files of the image alone, for the Containerfile
//
//   --outdir <folder>   where they go
//   --no-trial          builds only
//   --local             for tests: the Node that runs this script, and Debian's packages as they are in the cache
//
// The same sources make the same bytes: SOURCE_DATE_EPOCH and HOLDFAST_REVISION stand in for git.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { localBase, newestBase } from './package/base.mjs';
import { VERSION } from './package/bundle.mjs';
import { buildExecutable } from './package/executable.mjs';
import { architecture, buildImage, imageContent } from './package/image.mjs';
import { shippedNode } from './package/shipped-node.mjs';
import { sourceState } from './package/source.mjs';
import { writeTree } from './package/tar.mjs';
import { tryExecutable, tryImage } from './package/trial.mjs';
import { PROJECT } from './provide/cache.mjs';
import { Failure, reportFailure } from './provide/failure.mjs';

const USAGE = 'Say npm run package, with --only image or --only executable after -- if you like.';
const OPTIONS = /** @type {const} */ ({
  only: { type: 'string' },
  outdir: { type: 'string', default: 'out' },
  local: { type: 'boolean', default: false },
  root: { type: 'string' },
  'no-trial': { type: 'boolean', default: false },
});

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  const only = values.only;
  if (only !== undefined && !['image', 'executable'].includes(only))
    throw new Failure(`--only ${only} is not known`, USAGE);
  if (process.platform !== 'linux')
    throw new Failure('what is shipped runs on Linux, and is built there', 'Use Linux.');
  const [node, source] = await Promise.all([shippedNode(values.local), sourceState()]);
  const work = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
  try {
    const makeBase = () => {
      const folder = join(work, 'base');
      return values.local ? localBase(node.path, folder) : newestBase(folder);
    };
    if (values.root !== undefined) {
      const { below, above } = await imageContent(node, await makeBase(), source.created, work);
      await writeTree([...below, ...above], resolve(values.root));
      return;
    }
    const outdir = resolve(PROJECT, values.outdir);
    const build = { node, makeBase, source, work, outdir, isTried: !values['no-trial'] };
    await mkdir(build.outdir, { recursive: true });
    if (only !== 'image') await makeExecutable(build);
    if (only !== 'executable') await makeImage(build);
    await writeSums(build.outdir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * @typedef {object} Build
 * @property {import('./package/shipped-node.mjs').ShippedNode} node
 * @property {() => Promise<string>} makeBase
 * @property {{ created: Date, revision: string | undefined }} source
 * @property {string} work
 * @property {string} outdir
 * @property {boolean} isTried
 */

/** @param {Build} build */
async function makeExecutable({ node, source, work, outdir, isTried }) {
  const target = join(outdir, `holdfast-${VERSION}-linux-${architecture}`);
  const { sbom, licences } = await buildExecutable(node, source.created, target, work);
  await writeFile(`${target}.cdx.json`, sbom);
  await writeFile(`${target}.licenses.txt`, licences);
  print(`${target}: ${mebibytes((await stat(target)).size)}, Node ${node.versions['node']}`);
  if (isTried) for (const line of await tryExecutable(target)) print(line);
}

/** @param {Build} build */
async function makeImage({ node, makeBase, source, work, outdir, isTried }) {
  const target = join(outdir, `holdfast-image-${VERSION}-linux-${architecture}`);
  const { archive, digest, layers, sbom } = await buildImage(node, await makeBase(), source, work);
  await writeFile(`${target}.tar`, archive);
  await writeFile(`${target}.cdx.json`, sbom);
  print(`${target}.tar: ${mebibytes(archive.length)}, ${digest}`);
  for (const { comment, bytes, packed } of layers)
    print(`  ${comment}: ${mebibytes(packed)}, unpacked ${mebibytes(bytes)}`);
  if (isTried) for (const line of await tryImage(`${target}.tar`)) print(line);
}

/** @param {string} outdir */
async function writeSums(outdir) {
  const lines = [];
  for (const name of (await readdir(outdir)).sort()) {
    if (!name.startsWith('holdfast-')) continue;
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(outdir, name)), hash);
    lines.push(`${hash.digest('hex')}  ${name}\n`);
  }
  await writeFile(join(outdir, 'SHA256SUMS'), lines.join(''));
}

/** @param {number} bytes */
function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  reportFailure(isUsage ? new Failure(error.message, USAGE) : error);
}
