// @ts-check
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, cachedFolder, exists } from './cache.mjs';
import { Failure, say } from './failure.mjs';
import { run } from './run.mjs';

const ARCHITECTURES = /** @type {Readonly<Record<string, string>>} */ ({ x64: 'amd64', arm64: 'arm64' });
const SUITES = ['bookworm', 'trixie', 'forky', 'sid', 'stable', 'oldstable', 'testing', 'unstable'];
const KEYRINGS = ['gpg', 'pgp'].map((end) => `/usr/share/keyrings/debian-archive-keyring.${end}`);

/** Debian's name for this machine's processor; undefined where the packages used here are not built for it. */
export const debianArchitecture = ARCHITECTURES[process.arch];

/**
 * Downloads packages of a Debian suite by name and unpacks them into a folder. Nothing is installed, the system's apt
 * is left as it is (its sources and proxies are read), no root is needed. The suite's index is fetched into a private
 * state in the cache and kept; a package that the index names and the mirror no longer has brings a new index.
 *
 * @param {string} suite
 * @param {readonly string[]} packages
 * @param {string} target an existing folder; gets the packages' trees
 * @param {{ records?: string }} [options] `records` is a folder that gets a file with the control fields of each package
 */
export async function unpackDebianPackages(suite, packages, target, { records } = {}) {
  const apt = await preparedApt(suite);
  const work = await mkdtemp(join(CACHE, 'apt', '.download-'));
  try {
    await download(apt, packages, work);
    for (const name of await readdir(work)) {
      const unpacked = await run('dpkg-deb', ['-x', join(work, name), target]);
      if (unpacked.code !== 0)
        throw new Failure(`${name} cannot be unpacked: ${lastLine(unpacked.output)}`, 'Look for free space and retry.');
      if (records !== undefined) await record(join(work, name), records);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Fetches the suite's index anew, so that the newest packages come next.
 * @param {string} suite
 */
export async function refreshDebianIndex(suite) {
  const { options, fresh } = await preparedApt(suite);
  const problem = fresh ? undefined : await updateIndex(suite, options);
  if (problem !== undefined)
    throw new Failure(
      `the package index of Debian ${suite} cannot be fetched: ${problem}`,
      'Check the network and that the mirror in /etc/apt can be reached, then run the same command again.',
    );
}

/** @param {string} archive @param {string} folder made where it is missing */
async function record(archive, folder) {
  const { code, stdout, output } = await run('dpkg-deb', ['-f', archive]);
  const name = /^Package: (\S+)$/m.exec(stdout)?.[1];
  if (code !== 0 || name === undefined)
    throw new Failure(`${archive} cannot be read: ${lastLine(output)}`, 'Look for free space and retry.');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), stdout);
}

/** @typedef {{ suite: string, options: readonly string[], fresh: boolean }} Apt */

/** @param {Apt} apt @param {readonly string[]} packages @param {string} folder */
async function download(apt, packages, folder) {
  const names = packages.map((name) => `${name}/${apt.suite}`);
  say(`downloading ${packages.join(', ')} of Debian ${apt.suite}`);
  const first = await run('apt-get', [...apt.options, 'download', ...names], { cwd: folder });
  if (first.code === 0) return;
  const fetched = apt.fresh ? undefined : await updateIndex(apt.suite, apt.options);
  const second =
    fetched === undefined ? await run('apt-get', [...apt.options, 'download', ...names], { cwd: folder }) : first;
  if (second.code === 0) return;
  throw new Failure(
    `apt cannot download ${names.join(', ')}: ${lastLine(second.output)}`,
    'Check the network and that the mirror in /etc/apt can be reached, then run the same command again.',
  );
}

/** @param {string} suite @returns {Promise<Apt>} */
async function preparedApt(suite) {
  const folder = join(CACHE, 'apt', `${suite}-${debianArchitecture}`);
  let fresh = false;
  await cachedFolder(folder, async (unfinished) => {
    fresh = true;
    await makeApt(suite, unfinished);
  });
  return { suite, options: optionsFor(folder), fresh };
}

/** Fills a private apt state with the suite's index, from the first mirror whose signature is Debian's. @param {string} suite @param {string} folder */
async function makeApt(suite, folder) {
  const mirrors = await debianMirrors();
  if (mirrors.length === 0)
    throw new Failure(
      `apt has no Debian mirror in its sources, or there is no apt (${process.platform}, ${process.arch})`,
      `Run this on Debian (amd64, arm64), or put what it fetches into ${CACHE} from there.`,
    );
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'apt.conf'), APT_CONF);
  let problem = '';
  for (const mirror of mirrors) {
    await writeFile(join(folder, 'sources.list'), await sourceLine(mirror, suite));
    say(`fetching the package index of Debian ${suite}`);
    const failed = await updateIndex(suite, optionsFor(folder));
    if (failed === undefined) return;
    problem = failed;
  }
  throw new Failure(
    `the package index of Debian ${suite} cannot be fetched: ${problem}`,
    'Check the network and that the mirror in /etc/apt can be reached, then run the same command again.',
  );
}

// The system's own hooks (cleaning its caches, telling desktop programs) are no business of a private download. A frozen
// mirror of a moving suite is signed as well as any, only longer ago; for programs of a test that is good enough.
const APT_CONF = `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "true";
`;

/** @param {string} folder */
function optionsFor(folder) {
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '-',
    'Dir::Etc::preferencesparts': '-',
    'Dir::State': folder,
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
  };
  return ['-qq', '-c', join(folder, 'apt.conf'), ...Object.entries(settings).flatMap(([k, v]) => ['-o', `${k}=${v}`])];
}

/** @param {string} suite @param {readonly string[]} options @returns {Promise<string | undefined>} what went wrong */
async function updateIndex(suite, options) {
  // Without the setting, apt reports an unreachable mirror as a warning and succeeds.
  const updated = await run('apt-get', [...options, '-o', 'APT::Update::Error-Mode=any', 'update']);
  if (updated.code === 0) return undefined;
  return lastLine(updated.output) || `apt-get update for ${suite} ended with code ${updated.code}`;
}

/** @param {string} mirror @param {string} suite */
async function sourceLine(mirror, suite) {
  const options = [`arch=${debianArchitecture}`, 'target=Packages', 'lang=none'];
  for (const keyring of KEYRINGS)
    if (await exists(keyring)) {
      options.push(`signed-by=${keyring}`);
      break;
    }
  return `deb [${options.join(' ')}] ${mirror} ${suite} main\n`;
}

/**
 * The mirrors that this machine takes Debian from, likeliest first; none on other systems. apt itself reads its sources,
 * whatever their form. Other vendors' repositories drop out by suite, by component, and at last by the signature.
 *
 * @returns {Promise<readonly string[]>}
 */
export async function debianMirrors() {
  if (debianArchitecture === undefined) return [];
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const listed = await run('apt-get', ['indextargets', '--no-release-info', '--format', format]);
  const mirrors = new Set(
    listed.stdout
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([uri, suite = '', component]) => uri && SUITES.includes(suite) && component === 'main')
      .map(([uri = '']) => uri),
  );
  return [...mirrors].sort((a, b) => Number(b.endsWith('/debian/')) - Number(a.endsWith('/debian/')));
}

/** @param {string} text */
function lastLine(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => line.startsWith('E:')) ?? lines.at(-1) ?? '').trim();
}
