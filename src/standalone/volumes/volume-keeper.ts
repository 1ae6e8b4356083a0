import {
  ApiServerError,
  resources,
  type CallOptions,
  type ObjectName,
  type PersistentVolume,
} from '../../apiserver/index.ts';
import { messageOf } from '../../base/index.ts';
import { parseKey } from '../../controller/index.ts';
import { setVolumePhase, unbind } from './bind.ts';
import { find, type VolumeSurroundings } from './cluster-view.ts';
import { isEmpty } from './match.ts';
import { FOLDER_PROVISIONER, PROVISIONED_BY } from './names.ts';
import { isMounted, protectVolume } from './protection.ts';

/** How long until a folder that could not be removed is tried again. */
const REMOVE_AGAIN_MS = 60_000;
/** How long until a folder that a pod still mounts is looked at again, beside the pod's own changes. */
const MOUNTED_AGAIN_MS = 5_000;

type Again = { readonly again?: number } | undefined;
type Outcome = { readonly volume: PersistentVolume | undefined; readonly again?: number };

/**
 * Keeps each volume's phase, and does with a volume whose claim is gone what its reclaim policy says. Only folders that we
 * made ourselves are ever removed: Kubernetes has no deleter for `local` volumes either.
 */
export class VolumeKeeper {
  readonly #deps: VolumeSurroundings;
  readonly #wakeClaim: (key: string) => void;

  /** @param wakeClaim - has a claim looked at again */
  constructor(deps: VolumeSurroundings, wakeClaim: (key: string) => void) {
    this.#deps = deps;
    this.#wakeClaim = wakeClaim;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const options = { signal };
    const volume = await find(this.#deps.client, resources.persistentVolumes, parseKey(key), options);
    if (volume === undefined) return undefined;
    const guarded =
      volume.metadata.deletionTimestamp === undefined ? await protectVolume(this.#deps, volume, options) : volume;
    if (guarded === undefined) return undefined;
    const { volume: kept, again } = await this.#settle(guarded, options);
    if (kept?.metadata.deletionTimestamp !== undefined && again === undefined)
      await protectVolume(this.#deps, kept, options);
    return again === undefined ? undefined : { again };
  }

  async #settle(volume: PersistentVolume, options: CallOptions): Promise<Outcome> {
    const { claimRef } = volume.spec;
    const { client } = this.#deps;
    // Reserved by name alone, a volume is free until its claim takes it.
    if (claimRef === undefined || isEmpty(claimRef.uid))
      return { volume: await setVolumePhase(client, volume, { phase: 'Available' }, options) };
    const name = { namespace: claimRef.namespace, name: claimRef.name ?? '' };
    const claim = await find(client, resources.persistentVolumeClaims, name, options);
    if (claim?.metadata.uid !== claimRef.uid) return this.#release(volume, options);
    if (isEmpty(claim.spec.volumeName)) {
      this.#wakeClaim(`${claim.metadata.namespace ?? ''}/${claim.metadata.name}`);
      return { volume };
    }
    if (claim.spec.volumeName === volume.metadata.name)
      return { volume: await setVolumePhase(client, volume, { phase: 'Bound' }, options) };
    return this.#outbid(volume, options);
  }

  /** The claim has found another volume meanwhile. */
  async #outbid(volume: PersistentVolume, options: CallOptions): Promise<Outcome> {
    if (isOurs(volume) && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return this.#release(volume, options);
    return { volume: await unbind(this.#deps.client, volume, options) };
  }

  async #release(volume: PersistentVolume, options: CallOptions): Promise<Outcome> {
    const phase = volume.status?.phase;
    const released =
      phase === 'Released' || phase === 'Failed'
        ? volume
        : await setVolumePhase(this.#deps.client, volume, { phase: 'Released' }, options);
    const policy = volume.spec.persistentVolumeReclaimPolicy ?? 'Retain';
    if (policy === 'Retain') return { volume: released };
    if (policy === 'Recycle')
      return {
        volume: await this.#fail(released, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!', options),
      };
    return this.#delete(released, options);
  }

  async #delete(volume: PersistentVolume, options: CallOptions): Promise<Outcome> {
    const { client, folders, log } = this.#deps;
    const { name, uid } = volume.metadata;
    if (!isOurs(volume) || volume.spec.local?.path !== folders.pathOf(name)) {
      const message = `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched`;
      return { volume: await this.#fail(volume, 'VolumeFailedDelete', message, options) };
    }
    if (await isMounted(client, claimOf(volume), options)) return { volume, again: MOUNTED_AGAIN_MS };
    try {
      // A volume that something holds back comes here again.
      if (await folders.remove(name)) log.info('removed the folder of a volume whose claim is gone', { volume: name });
    } catch (error) {
      const failed = await this.#fail(volume, 'VolumeFailedDelete', messageOf(error), options);
      return { volume: failed, again: REMOVE_AGAIN_MS };
    }
    if (volume.metadata.deletionTimestamp !== undefined) return { volume };
    try {
      await client.delete(resources.persistentVolumes, { name }, { ...options, uid });
    } catch (error) {
      if (!(error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND')) throw error;
    }
    return { volume: undefined };
  }

  async #fail(
    volume: PersistentVolume,
    reason: string,
    message: string,
    options: CallOptions,
  ): Promise<PersistentVolume> {
    if (volume.status?.phase === 'Failed' && volume.status.message === message) return volume;
    await this.#deps.events.record(volume, { type: 'Warning', reason, message });
    return setVolumePhase(this.#deps.client, volume, { phase: 'Failed', message }, options);
  }
}

/** Whether the volume says that we made it; its name and path are asked too before anything is removed. */
function isOurs({ metadata, spec }: PersistentVolume): boolean {
  return (
    metadata.annotations?.[PROVISIONED_BY] === FOLDER_PROVISIONER && metadata.name === `pvc-${spec.claimRef?.uid ?? ''}`
  );
}

function claimOf({ spec }: PersistentVolume): ObjectName {
  return { namespace: spec.claimRef?.namespace, name: spec.claimRef?.name ?? '' };
}
