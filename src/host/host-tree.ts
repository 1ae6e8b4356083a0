import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink, stat, type FileHandle } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import { messageOf, systemCode } from '../base/index.ts';
import type { HostPath } from './control-plane-host.ts';
import { HostError } from './errors.ts';

/** As Linux allows in one look-up (`MAXSYMLINKS`). */
const MAX_LINKS = 40;
/** Manifests, environment files and certificates are small; what is larger is not one of them. */
const MAX_READ = 16 * 1024 * 1024;

/** What a host path leads to after every link: its canonical host path, its place on disk and its status. */
export interface Resolved extends HostPath {
  readonly stats: Stats;
}

/**
 * A host's file system seen through the folder where it is mounted.
 *
 * A host mounted at /host is full of links like `/etc/kubernetes/...`. To the kernel they lead to this container's
 * own /etc. Here they mean `/host/etc/kubernetes/...`, as after a chroot: an absolute link starts again at the host
 * root, and `..` at the root stays there, so nothing outside the host root is ever reached.
 */
export class HostTree {
  readonly hostRoot: string;

  constructor(hostRoot: string) {
    if (!isAbsolute(hostRoot)) {
      throw new HostError('HOST_ROOT_UNUSABLE', `the host root ${hostRoot} is not an absolute path`, {
        subject: hostRoot,
        hint: 'Give --host-root the absolute path of the folder where the host is mounted, for example /host.',
      });
    }
    this.hostRoot = posix.normalize(hostRoot).replace(/(.)\/+$/, '$1');
  }

  /** Where a canonical host path (one without links in it) lies on this machine. */
  onDisk(canonicalPath: string): string {
    return join(this.hostRoot, canonicalPath);
  }

  /**
   * Follows a host path to its end. Undefined where it does not exist (a dangling link included).
   *
   * @throws HostError HOST_LINK_LOOP, HOST_PATH_UNREADABLE
   */
  async find(path: string): Promise<Resolved | undefined> {
    const pending = path.split('/').reverse();
    let at: Resolved = await this.#root();
    let links = 0;
    while (pending.length > 0) {
      const name = pending.pop();
      if (name === undefined || name === '' || name === '.') continue;
      if (!at.stats.isDirectory()) return undefined;
      const canonical = posix.join(at.path, name);
      const stats = await this.#status(canonical);
      if (stats === undefined) return undefined;
      if (!stats.isSymbolicLink()) {
        at = { path: canonical, diskPath: this.onDisk(canonical), stats };
        continue;
      }
      if (++links > MAX_LINKS) {
        throw new HostError('HOST_LINK_LOOP', `${path} leads through more than ${MAX_LINKS} symbolic links`, {
          subject: path,
          hint: `Look at the links with: namei ${path}`,
        });
      }
      const target = await readlink(this.onDisk(canonical));
      if (isAbsolute(target)) at = await this.#root();
      pending.push(...target.split('/').reverse());
    }
    return at;
  }

  /**
   * Like {@link find}, for a path that must be there.
   *
   * @throws HostError HOST_PATH_MISSING with `hint`
   */
  async need(path: string, hint: string): Promise<Resolved> {
    const found = await this.find(path);
    if (found !== undefined) return found;
    throw new HostError('HOST_PATH_MISSING', `${path} is not there`, { subject: path, hint });
  }

  async isFile(path: string): Promise<boolean> {
    return (await this.find(path))?.stats.isFile() === true;
  }

  async isFolder(path: string): Promise<boolean> {
    return (await this.find(path))?.stats.isDirectory() === true;
  }

  /** The names in a folder, sorted; none where it is not there. */
  async list(path: string): Promise<readonly string[]> {
    const folder = await this.find(path);
    if (folder?.stats.isDirectory() !== true) return [];
    try {
      return (await readdir(folder.diskPath)).sort();
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /**
   * A small file's bytes; undefined where it is not there or is not a regular file.
   *
   * @throws HostError HOST_PATH_UNREADABLE, also where it is larger than 16 MiB
   */
  async read(path: string): Promise<Buffer | undefined> {
    const found = await this.find(path);
    if (found?.stats.isFile() !== true) return undefined;
    if (found.stats.size > MAX_READ) throw unreadable(path, new Error(`it is larger than ${MAX_READ} bytes`));
    let handle: FileHandle | undefined;
    try {
      handle = await open(found.diskPath, constants.O_RDONLY | constants.O_NOFOLLOW);
      return await handle.readFile();
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw unreadable(path, error);
    } finally {
      await handle?.close();
    }
  }

  /** {@link read} as UTF-8 text. */
  async readText(path: string): Promise<string | undefined> {
    return (await this.read(path))?.toString('utf8');
  }

  async #root(): Promise<Resolved> {
    try {
      const stats = await stat(this.hostRoot);
      if (stats.isDirectory()) return { path: '/', diskPath: this.hostRoot, stats };
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw unreadable('/', error);
    }
    throw new HostError('HOST_ROOT_UNUSABLE', `the host root ${this.hostRoot} is not a folder`, {
      subject: this.hostRoot,
      hint: 'Give --host-root the folder where the host is mounted.',
    });
  }

  async #status(canonicalPath: string): Promise<Stats | undefined> {
    try {
      return await lstat(this.onDisk(canonicalPath));
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
      throw unreadable(canonicalPath, error);
    }
  }
}

/** The error for a path of the host that is there and cannot be read. */
export function unreadable(path: string, cause: unknown): HostError {
  return new HostError('HOST_PATH_UNREADABLE', `cannot read ${path}: ${messageOf(cause)}`, {
    subject: path,
    hint: 'Run as root: most files of a control plane are readable by root only.',
    cause,
  });
}
