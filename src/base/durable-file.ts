import { constants } from 'node:fs';
import { link, mkdir, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';

export const PRIVATE_FILE_MODE = 0o600;
export const PRIVATE_FOLDER_MODE = 0o700;
export const PART_SUFFIX = '.part';

/** Makes a folder's entries (names made, renamed or removed) survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a folder and its parents, 0700 where they are new; an existing folder keeps its mode. One level after the
 * other: Node's own recursive mkdir never comes back from places such as /proc, where nothing can be made.
 *
 * @throws Node's system error (`EACCES`, `ENOENT`, `ENOTDIR` …)
 */
export async function makePrivateFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makePrivateFolder(parent);
  try {
    await mkdir(path, { mode: PRIVATE_FOLDER_MODE });
  } catch (error) {
    // Somebody else may have been quicker.
    if (systemCode(error) !== 'EEXIST' || !(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * A file that is being written under `<final name>.part`, mode 0600. It gets its final name only by {@link publish},
 * and only after its bytes are on the disk, so a killed process leaves nothing but the `.part`.
 */
export class PartFile {
  readonly finalPath: string;
  readonly partPath: string;
  readonly handle: FileHandle;
  #open = true;

  private constructor(finalPath: string, handle: FileHandle) {
    this.finalPath = finalPath;
    this.partPath = finalPath + PART_SUFFIX;
    this.handle = handle;
  }

  /** Creates the `.part`. Throws `EEXIST` where one lies there already: it may be another run's. */
  static async create(finalPath: string): Promise<PartFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return new PartFile(finalPath, await open(finalPath + PART_SUFFIX, flags, PRIVATE_FILE_MODE));
  }

  /** Flushes the bytes to the disk and closes the file; it keeps its `.part` name. */
  async seal(): Promise<void> {
    if (!this.#open) return;
    await this.handle.sync();
    await this.#close();
  }

  /** Gives the file its final name, durably. Throws `EEXIST` rather than replace a file of that name. */
  async publish(): Promise<void> {
    await this.seal();
    await renameWithoutReplacing(this.partPath, this.finalPath);
    await syncFolder(dirname(this.finalPath));
  }

  /** Removes the `.part`. Harmless after {@link publish}. */
  async discard(): Promise<void> {
    await this.#close();
    await removeIfThere(this.partPath);
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.handle.close();
  }
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
}

/**
 * Writes a small file whole or not at all, mode 0600. With `replace`, for files that only the caller writes, it takes the place of
 * the one of that name, and what a killed run had begun of it is removed; without, either is an error (`EEXIST`).
 */
export async function writeFileDurably(
  path: string,
  content: string | Uint8Array,
  options: { readonly replace?: boolean } = {},
): Promise<void> {
  if (options.replace === true) await removeIfThere(path + PART_SUFFIX);
  const file = await PartFile.create(path);
  try {
    await file.handle.writeFile(content);
    await file.seal();
    if (options.replace === true) {
      await rename(file.partPath, path);
      await syncFolder(dirname(path));
    } else {
      await file.publish();
    }
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/**
 * A hard link fails where the name is taken, which a rename does not; file systems without hard links get the check
 * and the rename instead (the repository's lock keeps other runs of ours away meanwhile).
 */
export async function renameWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS' && code !== 'EMLINK')
      throw error;
    if (await exists(to))
      throw Object.assign(new Error(`EEXIST: file already exists, rename '${from}' -> '${to}'`), { code: 'EEXIST' });
    await rename(from, to);
    return;
  }
  await unlink(from);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
