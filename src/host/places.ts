import { open, readFile, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { systemCode } from '../base/index.ts';
import { HostTree } from './host-tree.ts';

/** Where something of the host lies, or would lie. */
export interface HostPlace {
  /** Canonical: no part of it but the last is a symbolic link. */
  readonly path: string;
  /** The same on this machine. */
  readonly diskPath: string;
}

/**
 * Where a path of the host lies, whether it is there or not: every link on the way to its last part is followed below the
 * host root, the last part itself is not. What is written there never leaves the host root.
 *
 * @throws HostError HOST_ROOT_UNUSABLE, HOST_LINK_LOOP, HOST_PATH_UNREADABLE
 */
export async function placeOnHost(hostRoot: string, path: string): Promise<HostPlace> {
  const tree = new HostTree(hostRoot);
  const missing: string[] = [posix.basename(path)];
  for (let folder = posix.dirname(posix.normalize(path)); ; folder = posix.dirname(folder)) {
    const found = await tree.find(folder);
    if (found !== undefined || folder === '/') {
      const canonical = posix.join(found?.path ?? '/', ...missing);
      return { path: canonical, diskPath: tree.onDisk(canonical) };
    }
    missing.unshift(posix.basename(folder));
  }
}

/** The same, with a link as the last part followed too, where it leads to something. */
export async function followOnHost(hostRoot: string, path: string): Promise<HostPlace> {
  const found = await new HostTree(hostRoot).find(path);
  return found === undefined ? placeOnHost(hostRoot, path) : { path: found.path, diskPath: found.diskPath };
}

/**
 * Which mount a path, or its nearest parent that exists, belongs to. A rename works within one mount only: two mounts of one
 * file system (`/etc` and `/var` of an ostree host) have one device number and still refuse it (rename(2), EXDEV).
 *
 * @throws Node's system error
 */
export async function mountOf(diskPath: string): Promise<string> {
  for (let at = diskPath; ; at = dirname(at)) {
    try {
      return await mountOfExisting(at);
    } catch (error) {
      const code = systemCode(error);
      if ((code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') || at === dirname(at)) throw error;
    }
  }
}

/** proc(5): `mnt_id` of an open file; where there is no such file, the device says nearly the same. */
async function mountOfExisting(diskPath: string): Promise<string> {
  const handle = await open(diskPath, 'r');
  try {
    const info = await readFile(join('/proc/self/fdinfo', String(handle.fd)), 'utf8').catch(() => '');
    const id = /^mnt_id:\s*(\d+)$/m.exec(info)?.[1];
    return id === undefined ? `device ${(await stat(diskPath)).dev}` : `mount ${id}`;
  } finally {
    await handle.close();
  }
}
