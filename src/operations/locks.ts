import { join } from 'node:path';
import { formatId, makePrivateFolder } from '../base/index.ts';
import { acquireLock, REPOSITORY_LOCK_NAME, storageError, type Lock } from '../store/index.ts';
import type { Surroundings } from './surroundings.ts';

/** Keeps every other run away from a repository. Throws StoreError `STORE_LOCKED` with who holds it. */
export function lockRepository(folder: string, verb: string, surroundings: Surroundings): Promise<Lock> {
  const { clock, signal } = surroundings;
  return acquireLock(join(folder, REPOSITORY_LOCK_NAME), { purpose: `holdfast ${verb} ${folder}`, clock, signal });
}

/**
 * Keeps every other backup of a cluster away that is run on this host. (Other hosts are not seen: a lock in etcd would
 * need a quorum, and would write to what is being backed up.)
 */
export async function lockCluster(clusterId: bigint, surroundings: Surroundings): Promise<Lock> {
  const { clock, signal, runFolder } = surroundings;
  const id = formatId(clusterId);
  try {
    await makePrivateFolder(runFolder);
  } catch (error) {
    throw storageError(error, runFolder);
  }
  return acquireLock(join(runFolder, `cluster-${id}.lock`), {
    purpose: `holdfast backup of etcd cluster ${id}`,
    clock,
    signal,
  });
}
