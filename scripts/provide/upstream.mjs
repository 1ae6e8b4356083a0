// @ts-check
import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE } from './cache.mjs';
import { Failure, say } from './failure.mjs';
import { run } from './run.mjs';

const RELEASES = 'https://github.com/etcd-io/etcd/releases/download';
const ARCHITECTURES = /** @type {Readonly<Record<string, string>>} */ ({ x64: 'amd64', arm64: 'arm64' });

/**
 * Puts etcd's own release into a folder, for systems without Debian's packages. The archive is compared with the
 * release's SHA256SUMS before anything of it is used.
 *
 * @param {string} version for example `3.5.16`
 * @param {string} target an existing folder; gets etcd, etcdctl and, since 3.5, etcdutl
 */
export async function unpackUpstreamRelease(version, target) {
  const name = `etcd-v${version}-${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
  const archive = `${name}.${process.platform === 'linux' ? 'tar.gz' : 'zip'}`;
  say(`downloading etcd's release ${archive}`);
  const sums = (await download(`${RELEASES}/v${version}/SHA256SUMS`)).toString();
  const expected = sums
    .split('\n')
    .find((line) => line.endsWith(`  ${archive}`))
    ?.split(' ')[0];
  if (expected === undefined)
    throw new Failure(`etcd ${version} has no release for this system (${archive})`, 'Set HOLDFAST_ETCD_DIR.');
  const content = await download(`${RELEASES}/v${version}/${archive}`);
  const found = createHash('sha256').update(content).digest('hex');
  if (found !== expected)
    throw new Failure(`${archive} has the SHA-256 ${found}, not ${expected}`, 'Run the same command again.');
  await unpack(name, archive, content, target);
}

/** @param {string} name @param {string} archive @param {Buffer} content @param {string} target */
async function unpack(name, archive, content, target) {
  const work = await mkdtemp(join(CACHE, 'etcd', '.upstream-'));
  try {
    await writeFile(join(work, archive), content);
    // macOS's tar reads zip archives too.
    const unpacked = await run('tar', ['-xf', archive], { cwd: work });
    if (unpacked.code !== 0)
      throw new Failure(`${archive} cannot be unpacked: ${unpacked.output.trim()}`, 'Install tar.');
    for (const program of ['etcd', 'etcdctl', 'etcdutl'])
      await rename(join(work, name, program), join(target, program)).catch((error) => {
        if (program !== 'etcdutl') throw error;
      });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {string} url */
async function download(url) {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Failure(
      `${url} cannot be downloaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Check the network, or set HOLDFAST_ETCD_DIR to a folder with etcd and etcdctl.',
      { cause: error },
    );
  }
}
