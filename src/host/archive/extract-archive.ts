import { closeSync, constants, fsyncSync, lstatSync, openSync, writeSync } from 'node:fs';
import { chmod, copyFile, lchown, link, lutimes, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  HoldfastError,
  messageOf,
  PRIVATE_FILE_MODE,
  PRIVATE_FOLDER_MODE,
  syncFolder,
  systemCode,
} from '../../base/index.ts';
import { HostError } from '../errors.ts';
import { isWithin, shown } from './entry-names.ts';
import { normalName } from './entry-safety.ts';
import { readArchive, type PassingEntry } from './read-archive.ts';
import type { TarHeader } from './tar-format.ts';

/** A part of an archive and where it goes. */
export interface ExtractUnit {
  /** A name in the archive; everything in and below it is taken. */
  readonly member: string;
  /** Where it is written, on this machine. It must not exist; its parent is made, 0700, if need be. */
  readonly diskPath: string;
}

export interface ExtractOptions {
  readonly units: readonly ExtractUnit[];
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of files were written since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Give files the owners that the archive names. Default: only where this process is root, who alone may. */
  readonly owners?: boolean | undefined;
  /** Where unpacking stops: bytes of all files together. Default: 4 GiB. */
  readonly maxContentBytes?: number | undefined;
  /** Default: 200,000. */
  readonly maxEntries?: number | undefined;
}

/** What was written. */
export interface ExtractSummary {
  readonly entries: number;
  readonly contentBytes: number;
}

/**
 * Writes parts of an archive to places that did not exist before, with owners, modes (set-id and sticky bits too), times and
 * links, all of it flushed to the disk.
 *
 * Nothing is ever written through a link or outside the units' places: each unit is a tree of its own that this call makes
 * from nothing, an entry's parent must be a folder that this call has made, and a name with `..`, a leading slash or a link on its
 * way ends the extraction. So does any name that comes twice.
 *
 * @throws HostError HOST_ARCHIVE_REFUSED for such an entry or damage, HOST_WRITE_FAILED naming what cannot be written; the
 * signal's reason where it aborts. What was written until then stays.
 */
export async function extractArchive(path: string, options: ExtractOptions): Promise<ExtractSummary> {
  const extraction = new Extraction(path, options);
  try {
    for await (const entry of readArchive(path, options.signal)) await extraction.add(entry);
    return await extraction.finish();
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error instanceof HoldfastError ? error : refused(path, messageOf(error), error);
  }
}

interface Target {
  readonly name: string;
  readonly diskPath: string;
  /** Whether this is the unit's own root. */
  readonly isRoot: boolean;
}

class Extraction {
  readonly #archive: string;
  readonly #options: ExtractOptions;
  readonly #owners: boolean;
  /** Folders that this extraction made, by their place; their modes and times are set at the end. */
  readonly #folders = new Map<string, TarHeader>();
  /** Where regular files of the archive were written, by their names in it. */
  readonly #files = new Map<string, string>();
  #entries = 0;
  #seen = 0;
  #contentBytes = 0;

  constructor(archive: string, options: ExtractOptions) {
    this.#archive = archive;
    this.#options = options;
    this.#owners = options.owners ?? process.getuid?.() === 0;
  }

  async add(entry: PassingEntry): Promise<void> {
    const { header } = entry;
    const { maxEntries = 200_000, maxContentBytes = 4 * 1024 ** 3 } = this.#options;
    this.#contentBytes += header.size;
    if (++this.#seen > maxEntries) throw this.#refuse(`it holds more than ${maxEntries} entries`);
    if (this.#contentBytes > maxContentBytes) throw this.#refuse(`it unpacks to more than ${maxContentBytes} bytes`);
    const target = this.#targetOf(header);
    if (target === undefined) return;
    if (!target.isRoot && !this.#folders.has(dirname(target.diskPath))) {
      throw this.#refuse(`the entry ${shown(target.name)} does not lie in a folder of the archive`);
    }
    if (target.isRoot) await mkdir(dirname(target.diskPath), { recursive: true, mode: PRIVATE_FOLDER_MODE });
    await this.#write(entry, target);
    this.#entries++;
  }

  /** Sets what writing into folders has changed, deepest first, and flushes their names to the disk. */
  async finish(): Promise<ExtractSummary> {
    for (const { member, diskPath } of this.#options.units) {
      if (!exists(diskPath)) throw this.#refuse(`it does not hold ${shown(member)}`);
    }
    for (const [diskPath, header] of [...this.#folders].reverse()) {
      await syncFolder(diskPath);
      await this.#attributes(diskPath, header);
    }
    for (const parent of new Set(this.#options.units.map((unit) => dirname(unit.diskPath)))) await syncFolder(parent);
    return { entries: this.#entries, contentBytes: this.#contentBytes };
  }

  #targetOf(header: TarHeader): Target | undefined {
    const name = normalName(header.name);
    const unit = this.#options.units.find(({ member }) => isWithin(name, member));
    if (unit === undefined) return undefined;
    if (header.name.startsWith('/') || header.name.includes('\0') || name.split('/').includes('..')) {
      throw this.#refuse(`the entry ${shown(header.name)} would be written outside the target`);
    }
    return {
      name,
      diskPath: join(unit.diskPath, name.slice(unit.member.length)).replace(/\/+$/, ''),
      isRoot: name === unit.member,
    };
  }

  async #write(entry: PassingEntry, { name, diskPath }: Target): Promise<void> {
    const { header } = entry;
    try {
      if (header.type === 'folder') {
        if (this.#folders.has(diskPath)) return;
        await mkdir(diskPath, { mode: PRIVATE_FOLDER_MODE });
        this.#folders.set(diskPath, header);
      } else if (header.type === 'symlink') {
        await symlink(header.linkName, diskPath);
        await this.#attributes(diskPath, header);
      } else if (header.type === 'hard-link') {
        await this.#link(header, diskPath);
      } else if (header.type === 'file') {
        await this.#file(entry, diskPath);
        this.#files.set(name, diskPath);
      } else {
        throw this.#refuse(`the entry ${shown(name)} is a ${header.type} entry, which no control plane has`);
      }
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw this.#refuse(`the name ${shown(name)} comes twice`, error);
      throw writeFailed(diskPath, error);
    }
  }

  /** Only to a file that this extraction has written; on another file system it becomes a copy. */
  async #link(header: TarHeader, diskPath: string): Promise<void> {
    const first = this.#files.get(normalName(header.linkName));
    if (first === undefined)
      throw this.#refuse(`a hard link leads to ${shown(header.linkName)}, which is not laid back`);
    try {
      await link(first, diskPath);
    } catch (error) {
      if (systemCode(error) !== 'EXDEV' && systemCode(error) !== 'EPERM') throw error;
      await copyFile(first, diskPath, constants.COPYFILE_EXCL);
      await this.#attributes(diskPath, header);
    }
  }

  async #file(entry: PassingEntry, diskPath: string): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(diskPath, flags, PRIVATE_FILE_MODE);
    try {
      await entry.content((bytes) => {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
        this.#options.onBytes?.(bytes.length);
      });
      await this.#attributes(diskPath, entry.header);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** The owner first: a change of owner drops the set-id bits. A link has no mode of its own. */
  async #attributes(diskPath: string, { uid, gid, mode, mtime, type }: TarHeader): Promise<void> {
    if (this.#owners) await lchown(diskPath, uid, gid);
    if (type !== 'symlink') await chmod(diskPath, mode);
    await lutimes(diskPath, mtime, mtime);
  }

  #refuse(why: string, cause?: unknown): HostError {
    return refused(this.#archive, why, cause);
  }
}

function exists(diskPath: string): boolean {
  return lstatSync(diskPath, { throwIfNoEntry: false }) !== undefined;
}

function refused(archive: string, why: string, cause?: unknown): HostError {
  return new HostError('HOST_ARCHIVE_REFUSED', `${archive} cannot be laid back: ${why}`, {
    subject: archive,
    hint: `See what else is wrong with it: holdfast verify ${archive}`,
    cause,
  });
}

/** The error for what cannot be written to the host. */
export function writeFailed(path: string, cause: unknown): unknown {
  if (systemCode(cause) === undefined || cause instanceof HoldfastError) return cause;
  return new HostError('HOST_WRITE_FAILED', `cannot write ${path}: ${messageOf(cause)}`, {
    subject: path,
    hint: 'Run as root, and check the free space (df -h, df -i) and that the file system is not read-only.',
    cause,
  });
}
