import { join } from 'node:path';
import { delay, formatId, makePrivateFolder, type Clock, type Log } from '../base/index.ts';
import { acquireLock, REPOSITORY_LOCK_NAME, storageError, StoreError, type Lock } from '../store/index.ts';
import type { Surroundings } from './surroundings.ts';

const LOOK_AGAIN_MS = 1_000;

export interface Patience {
  /** How long to wait for a lock that another run holds, milliseconds. */
  readonly waitMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Tries again while another run holds the lock. Whoever is started once more after a kill finds the lock of the killed run:
 * from another container nobody can see that its owner is gone, and it counts as alive until it has been silent for two minutes.
 *
 * @throws StoreError `STORE_LOCKED` when the time is up; the signal's reason where it aborts
 */
export async function waitForLock(
  acquire: () => Promise<Lock>,
  { waitMs, clock, log, signal }: Patience,
): Promise<Lock> {
  const end = clock.monotonicMs() + waitMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await acquire();
    } catch (error) {
      const isHeld = error instanceof StoreError && error.code === 'STORE_LOCKED';
      if (!isHeld || clock.monotonicMs() >= end) throw error;
      if (isFirst) log.info(`waiting, for ${waitMs / 1000} s at most: ${error.message}`);
    }
    await delay(Math.min(LOOK_AGAIN_MS, waitMs), signal);
  }
}

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
