// @ts-check
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Failure, say } from './failure.mjs';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** Where downloads live: HOLDFAST_CACHE, or `.cache` in the project. Removing it costs a download, nothing else. */
export const CACHE = process.env['HOLDFAST_CACHE'] ?? join(PROJECT, '.cache');

/** @param {string} path */
export async function exists(path) {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the folder, after having it made where it is missing. `make` fills a folder beside it, which gets its name
 * only when it is whole, so a killed run leaves nothing that a later one would trust. Runs at the same time wait for
 * each other.
 *
 * @param {string} folder
 * @param {(unfinished: string) => Promise<void>} make
 */
export async function cachedFolder(folder, make) {
  if (await exists(folder)) return folder;
  try {
    await mkdir(dirname(folder), { recursive: true });
    return await withLock(`${folder}.lock`, async () => {
      if (await exists(folder)) return folder;
      await removeLeftovers(folder);
      const unfinished = await mkdtemp(unfinishedPrefix(folder));
      try {
        await make(unfinished);
        await rename(unfinished, folder);
      } finally {
        await rm(unfinished, { recursive: true, force: true });
      }
      return folder;
    });
  } catch (error) {
    throw explained(error, folder);
  }
}

/** @param {string} folder */
function unfinishedPrefix(folder) {
  return join(dirname(folder), `.${basename(folder)}-`);
}

const HOUR = 3_600_000;

/** Removes what killed runs left; no run takes an hour. @param {string} folder */
async function removeLeftovers(folder) {
  const prefix = basename(unfinishedPrefix(folder));
  for (const name of await readdir(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (name.startsWith(prefix) && Date.now() - (await stat(path)).mtimeMs > HOUR)
      await rm(path, { recursive: true, force: true });
  }
}

/** @param {unknown} error @param {string} folder */
function explained(error, folder) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Failure(
      `no space is left for ${folder}`,
      `Free about 500 MB there, or set HOLDFAST_CACHE to a folder on another disk.`,
      { cause: error },
    );
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new Failure(`${folder} cannot be written`, 'Set HOLDFAST_CACHE to a folder that you may write to.', {
      cause: error,
    });
  return error;
}

/**
 * Runs `work` while no other process does so under the same lock file. A lock whose owner is dead is taken over.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withLock(path, work) {
  for (let waited = false; !(await tryLock(path)); waited = true) {
    if (!waited) say(`waiting for another run to finish with ${basename(path, '.lock')} (${path})`);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** @param {string} path */
async function tryLock(path) {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const owner = Number(await readFile(path, 'utf8').catch(() => ''));
  // An empty file is a lock that is being written this very moment.
  if (owner > 0 && !isAlive(owner)) await rm(path, { force: true });
  return false;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
