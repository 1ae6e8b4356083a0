// @ts-check
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../provide/failure.mjs';
import { provideNode } from '../provide/node.mjs';
import { sha256 } from './oci.mjs';

const RELEASE = '24';

/** Of Node's own builds, as they are in the release's archives. */
const DIGESTS = /** @type {Readonly<Record<string, string>>} */ ({
  '24.21.0-x64': '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
  '24.21.0-arm64': '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
});

/** In every build of Node that carries its own libraries, where a single-file executable is marked as such. */
export const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * @typedef {object} ShippedNode
 * @property {string} path
 * @property {Readonly<Record<string, string>>} versions its own and those of what it is made of
 * @property {string} licence the text; empty where it does not lie beside it
 */

/**
 * The Node that goes into what is shipped: Node's own build, compared with its checksum.
 *
 * @param {boolean} isLocal takes the one that runs this script, if it can be taken to another machine at all
 * @returns {Promise<ShippedNode>}
 */
export async function shippedNode(isLocal) {
  return isLocal && (await carriesItsLibraries(process.execPath)) ? described(process.execPath) : official();
}

async function official() {
  const node = await described(await provideNode(RELEASE));
  const name = `${node.versions['node']}-${process.arch}`;
  const found = sha256(await readFile(node.path));
  if (found === DIGESTS[name]) return node;
  throw new Failure(
    `${node.path} has the SHA-256 ${found}, not that of Node ${name}`,
    'Remove it and run the same command again; if that does not help, trust neither the registry nor the network.',
  );
}

/** @param {string} path */
async function carriesItsLibraries(path) {
  return (await readFile(path)).includes(FUSE);
}

/** @param {string} path @returns {Promise<ShippedNode>} */
async function described(path) {
  const { stdout } = await promisify(execFile)(path, ['-p', 'JSON.stringify(process.versions)']);
  const licence = await readFile(join(dirname(path), '..', 'LICENSE'), 'utf8').catch(() => '');
  return { path, versions: JSON.parse(stdout), licence };
}
