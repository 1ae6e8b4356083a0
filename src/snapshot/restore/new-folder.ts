import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  makePrivateFolder,
  messageOf,
  PART_SUFFIX,
  PRIVATE_FOLDER_MODE,
  syncFolder,
  systemCode,
} from '../../base/index.ts';
import { RestoreError } from './errors.ts';

/** The only thing that an empty target may hold: what a new ext4 file system has at its root. */
const LOST_AND_FOUND = 'lost+found';

/**
 * A folder that is built under another name and appears at once. A killed process leaves only the part:
 * `<folder>.holdfast-<id>.part` beside the target, or, where the target exists and is empty, `.holdfast-<id>.part`
 * inside it. So an existing folder keeps its owner, its mode and its being a mount point.
 */
export class NewFolder {
  /** The final path. */
  readonly path: string;
  /** Where it is built. */
  readonly part: string;
  readonly #exists: boolean;
  #isOurs = false;
  #moves: { readonly from: string; readonly to: string }[] = [];

  private constructor(path: string, part: string, exists: boolean) {
    this.path = path;
    this.part = part;
    this.#exists = exists;
  }

  /**
   * Looks at the target and makes nothing yet.
   *
   * @param flag - what the operator calls the folder: `--data-dir`, `--wal-dir`
   * @throws RestoreError `RESTORE_TARGET_EXISTS` if it is not empty or no folder, `RESTORE_READ_FAILED`
   */
  static async plan(path: string, id: string, flag: string): Promise<NewFolder> {
    const entries = await entriesOf(path, flag);
    const present = entries?.filter((name) => name !== LOST_AND_FOUND) ?? [];
    if (present.length > 0) throw notEmpty(path, present, flag);
    const name = `holdfast-${id}${PART_SUFFIX}`;
    const part = entries === undefined ? join(dirname(path), `${basename(path)}.${name}`) : join(path, `.${name}`);
    return new NewFolder(path, part, entries !== undefined);
  }

  async create(): Promise<void> {
    await makePrivateFolder(dirname(this.part));
    await mkdir(this.part, { mode: PRIVATE_FOLDER_MODE });
    this.#isOurs = true;
  }

  /** Gives the folder, or its entries, the final names, durably. Its content has to be on the disk. */
  async publish(): Promise<void> {
    if (this.#exists) {
      for (const name of await readdir(this.part)) await this.#move(join(this.part, name), join(this.path, name));
      await rm(this.part, { recursive: true });
      await syncFolder(this.path);
    } else {
      await this.#move(this.part, this.path);
    }
    await syncFolder(dirname(this.path));
  }

  /** Undoes what {@link publish} did, all or a part of it. */
  async withdraw(): Promise<void> {
    if (this.#exists) await mkdir(this.part, { recursive: true, mode: PRIVATE_FOLDER_MODE });
    for (const { from, to } of this.#moves.reverse()) await rename(to, from);
    this.#moves = [];
  }

  /** Removes the part, if this run made it. Harmless after {@link publish}. */
  async discard(): Promise<void> {
    if (this.#isOurs) await rm(this.part, { recursive: true, force: true });
  }

  async #move(from: string, to: string): Promise<void> {
    await rename(from, to);
    this.#moves.push({ from, to });
  }
}

async function entriesOf(path: string, flag: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    if (systemCode(cause) === 'ENOTDIR') throw notEmpty(path, [], flag);
    throw new RestoreError('RESTORE_READ_FAILED', `cannot read ${path}: ${messageOf(cause)}`, {
      hint: `Run as root, or give another ${flag}.`,
      subject: path,
      cause,
    });
  }
}

function notEmpty(path: string, entries: readonly string[], flag: string): RestoreError {
  const parts = entries.filter((name) => name.includes('holdfast-') && name.endsWith(PART_SUFFIX));
  const listed = entries.slice(0, 3).join(', ') + (entries.length > 3 ? ', …' : '');
  const what = entries.length === 0 ? 'exists and is no folder' : `is not empty: it holds ${listed}`;
  const hint =
    parts.length > 0 && parts.length === entries.length
      ? `A killed restore left ${parts.map((name) => join(path, name)).join(', ')}. Remove it and run this again.`
      : `Nothing is ever overwritten. Move ${path} aside, or give another ${flag}.`;
  return new RestoreError('RESTORE_TARGET_EXISTS', `the target ${path} ${what}`, { hint, subject: path });
}
