import type { Pod } from '../../../apiserver/index.ts';

type Pool = 'storage' | 'plain';

/**
 * How many pods run at a time. There are two pools: pods that mount storage do the work, and those that mount none ask for
 * it and wait until it is done. Were they one pool, waiting pods could take every slot from those that they wait for.
 */
export class Slots {
  readonly #limit: number;
  readonly #taken = new Map<string, Pool>();

  /** @param limit - of each pool */
  constructor(limit: number) {
    this.#limit = limit;
  }

  isFree(pod: Pod): boolean {
    if (this.#taken.has(pod.metadata.uid)) return true;
    const pool = poolOf(pod);
    let count = 0;
    for (const each of this.#taken.values()) if (each === pool) count += 1;
    return count < this.#limit;
  }

  take(pod: Pod): void {
    this.#taken.set(pod.metadata.uid, poolOf(pod));
  }

  /** @returns whether the pod had a slot */
  release(pod: Pod): boolean {
    return this.#taken.delete(pod.metadata.uid);
  }
}

function poolOf(pod: Pod): Pool {
  return mountsStorage(pod) ? 'storage' : 'plain';
}

/** Whether a pod does the work itself; those that mount no storage wait for others. */
export function mountsStorage({ spec: { volumes = [] } }: Pod): boolean {
  return volumes.some(
    ({ persistentVolumeClaim, hostPath }) => persistentVolumeClaim !== undefined || hostPath !== undefined,
  );
}
