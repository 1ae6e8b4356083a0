import { posix } from 'node:path';
import { followOnHost, mountOf, placeOnHost } from '../../host/index.ts';
import { exists } from './actions/exists.ts';
import { RESTORES_FOLDER, restoreFolderOf } from './restore-folder.ts';

/** Something of the host that will be replaced, and where old and new lie meanwhile. All canonical host paths. */
export interface ReplacedPlace {
  readonly target: string;
  /** Where the new one is made: beside the target, so that the rename works and SELinux labels are inherited. */
  readonly fresh: string;
  /** Where the old one goes: into the restore's folder, or beside the target where a rename cannot get there. */
  readonly saved: string;
  readonly isThere: boolean;
}

/** Decides where a restore keeps things. */
export class Places {
  readonly #hostRoot: string;
  readonly #id: string;

  constructor(hostRoot: string, id: string) {
    this.#hostRoot = hostRoot;
    this.#id = id;
  }

  /** The name of a restore's working folders; names beginning so are never taken for etcd's or the kubelet's. */
  get workName(): string {
    return `.holdfast-${this.#id}`;
  }

  /** A file or folder that is replaced as a whole. */
  async replaced(path: string): Promise<ReplacedPlace> {
    const { path: target, diskPath } = await placeOnHost(this.#hostRoot, path);
    const folder = posix.dirname(target);
    const name = posix.basename(target);
    return {
      target,
      fresh: posix.join(folder, this.workName, 'new', name),
      saved: await this.#savedFor(target, folder, name),
      isThere: await exists(diskPath),
    };
  }

  /** A folder whose content is replaced, while it stays itself: it may be a mount point. */
  async refilled(path: string): Promise<ReplacedPlace> {
    const { path: target, diskPath } = await followOnHost(this.#hostRoot, path);
    return {
      target,
      fresh: posix.join(target, this.workName, 'new'),
      saved: await this.#savedFor(target, target, 'old'),
      isThere: await exists(diskPath),
    };
  }

  /** A manifest: nothing of ours may lie in the kubelet's folder, so its neighbours are one folder up. */
  async manifest(path: string): Promise<ReplacedPlace> {
    const place = await this.replaced(path);
    const folder = posix.dirname(place.target);
    const work = posix.join(posix.dirname(folder), this.workName);
    const name = posix.basename(place.target);
    const isBeside = posix.dirname(posix.dirname(place.saved)) === posix.join(folder, this.workName);
    return {
      ...place,
      fresh: posix.join(work, 'manifests', name),
      saved: isBeside ? posix.join(work, 'saved-manifests', name) : place.saved,
    };
  }

  async #savedFor(target: string, folder: string, name: string): Promise<string> {
    const restores = await placeOnHost(this.#hostRoot, RESTORES_FOLDER);
    const source = await placeOnHost(this.#hostRoot, posix.join(folder, 'x'));
    const isOneMount = (await mountOf(restores.diskPath)) === (await mountOf(source.diskPath));
    const ownFolder = posix.join(restores.path, posix.basename(restoreFolderOf(this.#id)));
    return isOneMount ? posix.join(ownFolder, 'saved', target) : posix.join(folder, this.workName, 'saved', name);
  }
}
