import type { ControlPlaneHost, HostPath } from './control-plane-host.ts';
import { HostError } from './errors.ts';
import { HostTree } from './host-tree.ts';

/** An encryption configuration as it lies on the host. Its bytes hold the keys: never show them. */
export interface EncryptionConfigFile {
  /** As the host names it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the encryption configurations of a host. What they say is for others to parse.
 *
 * @throws HostError HOST_PATH_MISSING, HOST_PATH_UNREADABLE
 */
export async function readEncryptionConfigs(
  host: Pick<ControlPlaneHost, 'hostRoot' | 'encryptionConfigs'>,
): Promise<readonly EncryptionConfigFile[]> {
  const tree = new HostTree(host.hostRoot);
  const files: EncryptionConfigFile[] = [];
  for (const { path } of host.encryptionConfigs) {
    const bytes = await tree.read(path);
    if (bytes === undefined) {
      throw new HostError('HOST_PATH_MISSING', `${path} is no longer there`, {
        subject: path,
        hint: 'A rollout may be replacing it; run again when it has finished.',
      });
    }
    files.push({ path, bytes });
  }
  return files;
}

/**
 * Where a path of the host lies on this machine, every link below the host root followed.
 *
 * @throws HostError HOST_PATH_MISSING, HOST_ROOT_UNUSABLE, HOST_LINK_LOOP, HOST_PATH_UNREADABLE
 */
export async function resolveHostPath(hostRoot: string, path: string): Promise<HostPath> {
  const found = await new HostTree(hostRoot).need(path, `Check ${path} on the host.`);
  return { path, diskPath: found.diskPath };
}

/**
 * A small text file of the host; undefined where it is not there or is no regular file.
 *
 * @throws HostError HOST_LINK_LOOP, HOST_PATH_UNREADABLE
 */
export function readHostText(hostRoot: string, path: string): Promise<string | undefined> {
  return new HostTree(hostRoot).readText(path);
}
