// @ts-check
import { readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { CACHE, cachedFolder, exists } from './cache.mjs';
import { debianArchitecture, debianMirrors, unpackDebianPackages } from './debian.mjs';
import { Failure, say } from './failure.mjs';
import { run } from './run.mjs';
import { unpackUpstreamRelease } from './upstream.mjs';

/** @typedef {{ version: string, folder: string }} Release a folder with etcd, etcdctl and, since 3.5, etcdutl */

/** The releases that the integration tests run on: what Debian's suites hold, and the same from etcd itself. */
const TESTED = [
  { suite: 'bookworm', upstream: '3.4.23' },
  { suite: 'trixie', upstream: '3.5.16' },
  { suite: 'sid', upstream: '3.5.30' },
];
/** The generation of etcd that OpenShift 4.17 runs, for everything that needs just one. */
const USUAL = { suite: 'trixie', upstream: '3.5.16' };

/** The one etcd of a demonstration: an explicit setting, the PATH, a package, etcd's own release. @returns {Promise<Release>} */
export async function provideOne() {
  const given = process.env['HOLDFAST_ETCD_DIR'];
  if (given) return checkedRelease(resolve(given), 'HOLDFAST_ETCD_DIR');
  return (await fromPath()) ?? (await packagedUsual());
}

/** One etcd per tested release, oldest first; HOLDFAST_ETCD_DIRS replaces the list. @returns {Promise<Release[]>} */
export async function provideTested() {
  const given = process.env['HOLDFAST_ETCD_DIRS'];
  const found = given
    ? given.split(delimiter).map((folder) => checkedRelease(resolve(folder), 'HOLDFAST_ETCD_DIRS'))
    : TESTED.map(packaged);
  // All of them run to their end, so that a failure of one does not leave another half done.
  const settled = await Promise.allSettled(found);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return Promise.all(found);
}

/** @returns {Promise<Release | undefined>} */
async function fromPath() {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter))
    if (folder && (await exists(join(folder, 'etcd'))) && (await exists(join(folder, 'etcdctl'))))
      return checkedRelease(folder, 'the PATH');
  return undefined;
}

/**
 * Debian's package where apt takes packages from Debian, etcd's own release elsewhere.
 * @param {{ suite: string, upstream: string }} wanted @returns {Promise<Release>}
 */
async function packaged({ suite, upstream }) {
  if ((await debianMirrors()).length > 0) return fromDebian(suite);
  return fromCache(`${upstream}-${process.platform}-${process.arch}`, (target) =>
    unpackUpstreamRelease(upstream, target),
  );
}

/** A mirror need not hold every suite; the one that this machine runs is there in any case. @returns {Promise<Release>} */
async function packagedUsual() {
  try {
    return await packaged(USUAL);
  } catch (error) {
    const own = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8').catch(() => ''))?.[1];
    if (!(error instanceof Failure) || own === undefined || own === USUAL.suite) throw error;
    if ((await debianMirrors()).length === 0) throw error;
    say(`${error.message}; taking the etcd of ${own} instead`);
    return fromDebian(own);
  }
}

/** @param {string} suite */
function fromDebian(suite) {
  return fromCache(`${suite}-${debianArchitecture}`, (target) => unpackDebianEtcd(suite, target));
}

/** @param {string} name @param {(target: string) => Promise<void>} make @returns {Promise<Release>} */
async function fromCache(name, make) {
  const folder = await cachedFolder(join(CACHE, 'etcd', name), async (unfinished) => {
    await make(unfinished);
    const { version } = await checkedRelease(unfinished, name);
    say(`etcd ${version} is ready in ${join(CACHE, 'etcd', name)}`);
  });
  return checkedRelease(folder, name);
}

/** @param {string} suite @param {string} target */
async function unpackDebianEtcd(suite, target) {
  await unpackDebianPackages(suite, ['etcd-server', 'etcd-client'], target);
  for (const program of ['etcd', 'etcdctl', 'etcdutl']) {
    const unpacked = join(target, 'usr', 'bin', program);
    if (await exists(unpacked)) await rename(unpacked, join(target, program));
  }
  for (const folder of ['usr', 'etc', 'lib', 'var']) await rm(join(target, folder), { recursive: true, force: true });
}

/**
 * Runs the programs once: they must be there, for this processor, with the libraries that they need.
 * @param {string} folder @param {string} origin @returns {Promise<Release>}
 */
async function checkedRelease(folder, origin) {
  const [server, client] = await Promise.all([
    run(join(folder, 'etcd'), ['--version'], { env: { ETCD_UNSUPPORTED_ARCH: process.arch } }),
    run(join(folder, 'etcdctl'), ['version'], { env: { ETCDCTL_API: '3' } }),
  ]);
  const version = /^etcd Version: (\S+)/m.exec(server.stdout)?.[1];
  if (version === undefined || client.code !== 0)
    throw new Failure(
      `etcd or etcdctl of ${origin} does not run (${folder}): ${(version === undefined ? server : client).output.trim()}`,
      'Set HOLDFAST_ETCD_DIR to a folder with an etcd and an etcdctl that run on this machine.',
    );
  return { version, folder };
}
