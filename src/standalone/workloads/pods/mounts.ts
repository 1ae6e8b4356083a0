import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Container, ObjectName, Pod, Volume } from '../../../apiserver/index.ts';
import { makePrivateFolder, systemCode } from '../../../base/index.ts';
import { WorkloadError } from '../errors.ts';

/** Where a container finds what of the host. There are no mount namespaces here: paths are rewritten. */
export interface Mount {
  readonly mountPath: string;
  readonly hostPath: string;
}

export interface MountSources {
  /** The folder of a claim; throws where it has none (yet). */
  readonly claimFolder: (claim: ObjectName) => Promise<string>;
  /** Where the pod's own, empty volumes are made. */
  readonly emptyFolders: string;
}

/**
 * Finds the host's folder for each mount of a container.
 *
 * `readOnly` cannot be enforced without a mount namespace, which needs root; it is left to our own commands, which write
 * only where their arguments say.
 *
 * @throws WorkloadError `WORKLOAD_MOUNT_FAILED` where a folder is not there (yet), `WORKLOAD_POD_REFUSED` for kinds of
 * volumes that are not known here; and what `claimFolder` throws
 */
export async function resolveMounts(pod: Pod, container: Container, sources: MountSources): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const { name, mountPath, subPath = '' } of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((each) => each.name === name);
    if (volume === undefined) throw refused(`the volume ${name} is mounted and not listed`);
    const folder = await folderOf(pod, volume, sources);
    const below = posix.normalize(`./${subPath}`);
    if (posix.isAbsolute(subPath) || below === '..' || below.startsWith('../'))
      throw refused(`the subPath ${subPath} leads out of the volume ${name}`);
    const hostPath = subPath === '' ? folder : join(folder, below);
    if (subPath !== '') await makePrivateFolder(hostPath);
    mounts.push({ mountPath: trimmed(mountPath), hostPath });
  }
  // The deepest first, so that a mount inside another one wins.
  return mounts.sort((a, b) => b.mountPath.length - a.mountPath.length);
}

async function folderOf(pod: Pod, volume: Volume, { claimFolder, emptyFolders }: MountSources): Promise<string> {
  const { namespace } = pod.metadata;
  if (volume.persistentVolumeClaim !== undefined)
    return claimFolder({ namespace, name: volume.persistentVolumeClaim.claimName });
  if (volume.hostPath !== undefined) return hostFolder(volume.name, volume.hostPath);
  if (volume.emptyDir !== undefined) {
    const folder = join(emptyFolders, volume.name);
    await makePrivateFolder(folder);
    return folder;
  }
  throw refused(`the volume ${volume.name} is of a kind that is not known here`);
}

/** Types as in the API reference of HostPathVolumeSource. */
async function hostFolder(name: string, { path, type = '' }: NonNullable<Volume['hostPath']>): Promise<string> {
  if (type === '') return path;
  if (type !== 'Directory' && type !== 'DirectoryOrCreate')
    throw refused(`the hostPath of the volume ${name} has the type ${type}; known are Directory and DirectoryOrCreate`);
  try {
    if (type === 'DirectoryOrCreate') await makePrivateFolder(path);
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    throw mountFailed(name, path, systemCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be reached', error);
  }
  throw mountFailed(name, path, 'is not a directory', undefined);
}

/** The host's path for one that lies at or below a mount; undefined for all others. */
export function hostPathOf(path: string, mounts: readonly Mount[]): string | undefined {
  if (!path.startsWith('/')) return undefined;
  const plain = trimmed(path);
  const mount = mounts.find(({ mountPath }) => plain === mountPath || plain.startsWith(`${trimmedRoot(mountPath)}/`));
  if (mount === undefined) return undefined;
  return join(mount.hostPath, plain.slice(trimmedRoot(mount.mountPath).length));
}

/**
 * An argument or a variable's value with the container's paths made the host's: a whole value, or what follows the first
 * `=` of one, as in `--folder=/backups`. Paths elsewhere inside a value stay as they are.
 */
export function mapPaths(value: string, mounts: readonly Mount[]): string {
  const whole = hostPathOf(value, mounts);
  if (whole !== undefined) return whole;
  const equals = value.indexOf('=');
  const part = equals === -1 ? undefined : hostPathOf(value.slice(equals + 1), mounts);
  return part === undefined ? value : `${value.slice(0, equals + 1)}${part}`;
}

function trimmed(path: string): string {
  const plain = posix.normalize(path);
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain;
}

function trimmedRoot(path: string): string {
  return path === '/' ? '' : path;
}

function refused(what: string): WorkloadError {
  return new WorkloadError('WORKLOAD_POD_REFUSED', what, {
    hint: 'Use a persistentVolumeClaim, a hostPath with type Directory or DirectoryOrCreate, or an emptyDir.',
  });
}

/** In kubelet's words. */
function mountFailed(name: string, path: string, problem: string, cause: unknown): WorkloadError {
  const message = `MountVolume.SetUp failed for volume "${name}" : hostPath type check failed: ${path} ${problem}`;
  return new WorkloadError('WORKLOAD_MOUNT_FAILED', message, {
    subject: path,
    hint: `Make the folder: mkdir -p -m 0700 ${path}`,
    cause,
  });
}
