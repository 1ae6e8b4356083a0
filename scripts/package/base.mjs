// @ts-check
// What Node needs of a system, and no more: Debian's C and C++ libraries. No shell, no package manager.
import { copyFile, mkdir, readdir, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CACHE, cachedFolder, exists } from '../provide/cache.mjs';
import { debianArchitecture, debianMirrors, refreshDebianIndex, unpackDebianPackages } from '../provide/debian.mjs';
import { Failure } from '../provide/failure.mjs';
import { run } from '../provide/run.mjs';

/** @typedef {import('./tar.mjs').Entry} Entry */
/** @typedef {{ name: string, version: string, architecture: string, source: string }} DebianPackage */

const SUITE = 'trixie';
const PACKAGES = ['base-files', 'gcc-14-base', 'libc6', 'libgcc-s1', 'libstdc++6'];
/** A file a package, as scanners of images look for it where there is no dpkg. */
const RECORDS = 'var/lib/dpkg/status.d';

/** Everything in these folders themselves, except what is no library; everything at all below the others. */
const LIBRARIES = /^usr\/lib(64|\/[^/]+-linux-gnu)?\/[^/]+\.so(\.[^/]*)?$/;
const KEPT = [
  /^(bin|lib|lib64|sbin)$/,
  /^(etc|usr\/lib)\/os-release$/,
  /^etc\/debian_version$/,
  /^usr\/share\/doc\/[^/]+(\/copyright)?$/,
  /^usr\/share\/common-licenses\//,
  /^var\/lib\/dpkg\/status\.d\//,
];

/**
 * Debian's newest packages of the base.
 * @param {string} folder gets their trees
 */
export async function newestBase(folder) {
  if ((await debianMirrors()).length === 0)
    throw new Failure(
      'the image is made of packages of Debian, and apt on this machine has no Debian mirror',
      'Build it on Debian, or build the Containerfile.',
    );
  await refreshDebianIndex(SUITE);
  await mkdir(folder);
  await unpack(folder);
  return folder;
}

/**
 * For a trial, without a network: the packages as they are in the cache; where there is no Debian to take them from, the
 * libraries that Node loads on this very machine.
 *
 * @param {string} node its path
 * @param {string} folder gets the machine's libraries
 */
export async function localBase(node, folder) {
  return (await cachedBase()) ?? (await librariesOf(node, folder));
}

/** The packages of the base in the cache, fetched where they are missing; undefined without a Debian to take them from. */
export async function cachedBase() {
  if ((await debianMirrors()).length === 0) return undefined;
  return cachedFolder(join(CACHE, 'base', `${SUITE}-${debianArchitecture}`), unpack);
}

/** @param {string} folder */
function unpack(folder) {
  return unpackDebianPackages(SUITE, PACKAGES, folder, { records: join(folder, RECORDS) });
}

/** @param {string} node @param {string} folder */
async function librariesOf(node, folder) {
  const { stdout } = await run('ldd', [node]);
  for (const [, path = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    const copy = join(folder, path.startsWith('/usr/') ? path : `/usr${path}`);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(path, copy);
  }
  for (const name of ['lib', 'lib64'])
    if (await exists(`/usr/${name}`)) await symlink(`usr/${name}`, join(folder, name));
  return folder;
}

/** @param {string} base @returns {Promise<readonly DebianPackage[]>} */
export async function basePackages(base) {
  if (!(await exists(join(base, RECORDS)))) return [];
  const records = (await readdir(join(base, RECORDS))).sort();
  return Promise.all(
    records.map(async (name) => {
      const text = await readFile(join(base, RECORDS, name), 'utf8');
      /** @param {string} field */
      const value = (field) => new RegExp(`^${field}: (\\S+)`, 'm').exec(text)?.[1];
      const version = value('Version') ?? '';
      return { name, version, architecture: value('Architecture') ?? '', source: value('Source') ?? name };
    }),
  );
}

/** The tree of a root folder in which Node runs, without Node. @param {string} base @returns {Promise<readonly Entry[]>} */
export async function baseEntries(base) {
  return [...(await packagedEntries(base, '')), ...OWN];
}

/** @param {string} base @param {string} folder @returns {Promise<readonly Entry[]>} */
async function packagedEntries(base, folder) {
  const entries = await readdir(join(base, folder), { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const full = join(base, path);
      if (entry.isDirectory()) return packagedEntries(base, path);
      if (!LIBRARIES.test(path) && !KEPT.some((pattern) => pattern.test(path))) return [];
      /** @type {Entry} */
      const kept = entry.isSymbolicLink()
        ? { path, kind: 'link', target: await readlink(full) }
        : { path, kind: 'file', mode: (await stat(full)).mode & 0o100 ? 0o755 : 0o644, content: full };
      return [kept];
    }),
  );
  return found.flat();
}

/** The user of a container that is told none. High, so that it is nobody's on the host. */
export const USER = 65532;

/** @param {string} path @param {string} text @returns {Entry} */
function text(path, text) {
  return { path, kind: 'file', content: Buffer.from(text) };
}

/** @type {readonly Entry[]} */
const OWN = [
  text('etc/passwd', `root:x:0:0:root:/root:/sbin/nologin\nholdfast:x:${USER}:${USER}:holdfast:/tmp:/sbin/nologin\n`),
  text('etc/group', `root:x:0:\nholdfast:x:${USER}:\n`),
  // Names of /etc/hosts, such as localhost, before the name server's.
  text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  { path: 'root', kind: 'folder', mode: 0o700 },
  { path: 'tmp', kind: 'folder', mode: 0o1777 },
  ...['dev', 'proc', 'run', 'sys', 'usr/bin', 'usr/sbin'].map((path) => ({
    path,
    kind: /** @type {const} */ ('folder'),
  })),
];
