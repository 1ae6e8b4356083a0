import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { systemCode } from '../../base/index.ts';
import type { ControlPlaneHost } from '../control-plane-host.ts';
import { HostError } from '../errors.ts';
import { HostTree, unreadable } from '../host-tree.ts';

/** Something on the host that has a place in the archive. */
export interface WalkEntry {
  /** As the host names it. */
  readonly path: string;
  readonly diskPath: string;
  /** Its name in the archive. */
  readonly member: string;
  /** Of the name itself: links are not followed. */
  readonly stats: Stats;
  /** The text of a symbolic link. */
  readonly link: string | undefined;
}

/**
 * Everything in and below a host's sources, each folder before what is in it, names in order, so that the same tree always
 * gives the same archive.
 *
 * @throws HostError HOST_PATH_MISSING, HOST_PATH_UNREADABLE, HOST_FILE_CHANGED, HOST_NAME_NOT_UTF8; nothing is left out silently
 */
export async function* walkSources(
  host: Pick<ControlPlaneHost, 'hostRoot' | 'sources' | 'neverSaved'>,
  signal?: AbortSignal,
): AsyncGenerator<WalkEntry> {
  const tree = new HostTree(host.hostRoot);
  const never = new Set(host.neverSaved);
  for (const { path, member } of host.sources) {
    const parent = await tree.need(posix.dirname(path), `It held ${path} when the host was described; run again.`);
    yield* walk({ path, member, diskPath: join(parent.diskPath, posix.basename(path)) }, never, signal);
  }
}

type Place = Pick<WalkEntry, 'path' | 'diskPath' | 'member'>;

async function* walk(place: Place, never: ReadonlySet<string>, signal?: AbortSignal): AsyncGenerator<WalkEntry> {
  signal?.throwIfAborted();
  if (never.has(place.path)) return;
  const stats = await attempt(place.path, () => lstat(place.diskPath));
  const link = stats.isSymbolicLink() ? await attempt(place.path, () => readlink(place.diskPath)) : undefined;
  yield { ...place, stats, link };
  if (!stats.isDirectory()) return;
  const names = await attempt(place.path, () => readdir(place.diskPath, { encoding: 'buffer' }));
  for (const name of names.map((raw) => nameOf(raw, place.path)).sort()) {
    const { path, diskPath, member } = place;
    const inside = { path: posix.join(path, name), diskPath: join(diskPath, name), member: posix.join(member, name) };
    yield* walk(inside, never, signal);
  }
}

function nameOf(raw: Buffer, folder: string): string {
  const name = raw.toString('utf8');
  if (Buffer.from(name).equals(raw)) return name;
  throw new HostError('HOST_NAME_NOT_UTF8', `a name in ${folder} is not valid UTF-8: ${raw.toString('latin1')}`, {
    subject: folder,
    hint: 'Rename that file; Kubernetes itself never makes such names.',
  });
}

async function attempt<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw unreadable(path, error);
    throw new HostError('HOST_FILE_CHANGED', `${path} vanished while it was being saved`, {
      subject: path,
      hint: 'Something is changing the control plane (a rollout, a certificate renewal): run again when it has finished.',
      cause: error,
    });
  }
}
