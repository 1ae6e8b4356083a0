import { chmod, lstat, mkdir, readdir, realpath, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, messageOf, PRIVATE_FOLDER_MODE, syncFolder, systemCode } from '../../base/index.ts';
import { StandaloneError } from '../errors.ts';
import { mountsBelow } from './mounts.ts';

/** Folders of this name are ours; nothing else below the root is ever touched. */
const OURS = /^pvc-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Folders on their way out lie here, so that a run that is killed leaves no half-emptied volume behind. */
const REMOVING = '.removing';

/** The folders that stand for provisioned volumes, below one root. */
export interface VolumeFolders {
  /** Where the folder of a volume is, or would be. */
  pathOf(volume: string): string;
  /** Makes a volume's folder, 0700; one that stands is kept with what is in it. */
  create(volume: string): Promise<string>;
  /**
   * Removes a volume's folder with all that is in it; harmless where there is none. The folder is moved aside first; links
   * are removed, not followed; another file system mounted inside stops the removal before it starts.
   *
   * @returns whether there was one
   * @throws StandaloneError STANDALONE_VOLUME_NOT_REMOVED
   */
  remove(volume: string): Promise<boolean>;
  /**
   * Ends removals that were cut short and takes away empty folders that belong to no volume, as a kill between the folder
   * and its object leaves them.
   *
   * @param volumes - the names of all volumes that there are
   * @returns paths of folders with content that belong to no volume; they are left alone
   */
  sweep(volumes: ReadonlySet<string>): Promise<readonly string[]>;
}

/** Opens the root, making it where it is missing. */
export async function openVolumeFolders(root: string): Promise<VolumeFolders> {
  await makePrivateFolder(root);
  return new FoldersBelow(await realpath(root));
}

class FoldersBelow implements VolumeFolders {
  readonly #root: string;
  readonly #removing: string;

  constructor(root: string) {
    this.#root = root;
    this.#removing = join(root, REMOVING);
  }

  pathOf(volume: string): string {
    if (!OURS.test(volume)) throw new TypeError(`no name of a provisioned volume: ${volume}`);
    return join(this.#root, volume);
  }

  async create(volume: string): Promise<string> {
    const path = this.pathOf(volume);
    try {
      await mkdir(path, { mode: PRIVATE_FOLDER_MODE });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST' || !(await isRealFolder(path))) throw error;
    }
    await chmod(path, PRIVATE_FOLDER_MODE);
    await syncFolder(this.#root);
    return path;
  }

  async remove(volume: string): Promise<boolean> {
    const path = this.pathOf(volume);
    try {
      const wasThere = await this.#moveAside(volume, path);
      return (await this.#purge(volume)) || wasThere;
    } catch (error) {
      if (error instanceof StandaloneError) throw error;
      throw notRemoved(path, messageOf(error), error);
    }
  }

  async sweep(volumes: ReadonlySet<string>): Promise<readonly string[]> {
    for (const name of await namesIn(this.#removing)) await this.#purge(name).catch(() => undefined);
    const strangers = (await namesIn(this.#root)).filter((name) => OURS.test(name) && !volumes.has(name));
    const left: string[] = [];
    for (const name of strangers) {
      const path = join(this.#root, name);
      // rmdir takes away what is empty and nothing else.
      await rmdir(path).catch(() => left.push(path));
    }
    return left;
  }

  async #moveAside(volume: string, path: string): Promise<boolean> {
    if (!(await exists(path))) return false;
    if (!(await isRealFolder(path))) throw notRemoved(path, 'it is no folder');
    const [mount] = await mountsBelow(path);
    if (mount !== undefined) throw notRemoved(path, `something is mounted at ${mount}`);
    await makePrivateFolder(this.#removing);
    await this.#purge(volume);
    await rename(path, join(this.#removing, volume));
    await syncFolder(this.#removing);
    await syncFolder(this.#root);
    return true;
  }

  async #purge(volume: string): Promise<boolean> {
    const path = join(this.#removing, volume);
    if (!OURS.test(volume) || !(await exists(path))) return false;
    await removeTree(path, (await lstat(path)).dev);
    return true;
  }
}

/** Removes a folder from its leaves up. Links are removed themselves; a folder of another device is not entered. */
async function removeTree(path: string, device: number): Promise<void> {
  const status = await lstat(path);
  if (!status.isDirectory()) return unlink(path);
  if (status.dev !== device) throw notRemoved(path, 'it is on another file system');
  for (const name of await readdir(path)) await removeTree(join(path, name), device);
  await rmdir(path);
}

async function exists(path: string): Promise<boolean> {
  return (await statusOf(path)) !== undefined;
}

async function isRealFolder(path: string): Promise<boolean> {
  return (await statusOf(path))?.isDirectory() === true;
}

async function statusOf(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function notRemoved(path: string, reason: string, cause?: unknown): StandaloneError {
  return new StandaloneError('STANDALONE_VOLUME_NOT_REMOVED', `the volume's folder ${path} is not removed: ${reason}`, {
    subject: path,
    hint: `See what holds it (findmnt -R ${path}; ls -la ${path}) and mend that; the removal is tried again every minute.`,
    cause,
  });
}
