// @ts-check
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CACHE, exists, PROJECT } from './cache.mjs';
import { Failure, say } from './failure.mjs';
import { run } from './run.mjs';

/**
 * @typedef {object} Entry one package of a lock file
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {readonly string[]} [os]
 * @property {readonly string[]} [cpu]
 * @property {readonly string[]} [libc]
 */

/** Installs the packages of package-lock.json where node_modules differs from it. */
export async function installPackages() {
  const reason = await whyStale();
  if (reason === undefined) return;
  say(`installing the packages of package-lock.json (${reason})`);
  // No package needs its install script: native parts come as packages of their own.
  const npm = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: PROJECT,
    env: { ...process.env, ...(await npmCacheSetting()) },
  });
  if (npm.code === 127) throw new Failure('npm is missing', 'Install it (it comes with Node.js from nodejs.org).');
  if (npm.code !== 0)
    throw new Failure(
      `npm ci failed:\n${npm.output.trim()}`,
      'Check the network and the free space, then run the same command again.',
    );
}

/** What makes node_modules unfit; undefined where it is as package-lock.json says, for this platform. */
async function whyStale() {
  const installed = await entries(join(PROJECT, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return 'there are none yet';
  const wanted = (await entries(join(PROJECT, 'package-lock.json'))) ?? {};
  for (const [path, entry] of Object.entries(wanted)) {
    const found = installed[path];
    if (found === undefined ? isNeeded(path, entry) : differs(entry, found)) return `${path} differs`;
  }
  return undefined;
}

/** @param {string} path @returns {Promise<Record<string, Entry> | undefined>} */
async function entries(path) {
  if (!(await exists(path))) return undefined;
  /** @type {{ packages: Record<string, Entry> }} */
  const { packages } = JSON.parse(await readFile(path, 'utf8'));
  return packages;
}

/** @param {string} path @param {Entry} entry */
function isNeeded(path, entry) {
  if (path === '') return false;
  if (entry.optional !== true) return true;
  // Variants by C library, and optional packages for any platform, may be left out by npm.
  if (entry.os === undefined || entry.cpu === undefined || entry.libc !== undefined) return false;
  return entry.os.includes(process.platform) && entry.cpu.includes(process.arch);
}

/** @param {Entry} wanted @param {Entry} found */
function differs(wanted, found) {
  return wanted.version !== found.version || wanted.integrity !== found.integrity;
}

/** npm keeps its cache in the home folder; some accounts (of services, of CI) have none. */
export async function npmCacheSetting() {
  try {
    await access(homedir(), constants.W_OK);
    return {};
  } catch {
    return { npm_config_cache: join(CACHE, 'npm') };
  }
}
