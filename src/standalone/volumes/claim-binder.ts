import {
  ApiServerError,
  resources,
  type CallOptions,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from '../../apiserver/index.ts';
import { messageOf } from '../../base/index.ts';
import { parseKey } from '../../controller/index.ts';
import { bind, setClaimPhase } from './bind.ts';
import { find, podsWithClaim, type VolumeSurroundings } from './cluster-view.ts';
import { classOf, findVolume, isBoundTo, isEmpty, isReservedFor, misfit } from './match.ts';
import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  FOLDER_PROVISIONER,
  NO_PROVISIONER,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from './names.ts';
import { protectClaim } from './protection.ts';
import { cannotProvision, provision } from './provision.ts';
import { defaultClass, isDelayed, leavesClassOpen } from './storage-classes.ts';
import { unfitVolumes } from './unfit-volumes.ts';

/** How long until a folder that could not be made is tried again. */
const PROVISION_AGAIN_MS = 30_000;

type Again = { readonly again?: number } | undefined;

/**
 * Finds a volume for each claim, or makes one, and watches over those that have one. The rules are those of Kubernetes'
 * own controller (pkg/controller/volume/persistentvolume), its words for events included.
 */
export class ClaimBinder {
  readonly #deps: VolumeSurroundings;

  constructor(deps: VolumeSurroundings) {
    this.#deps = deps;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const options = { signal };
    const found = await find(this.#deps.client, resources.persistentVolumeClaims, parseKey(key), options);
    const claim = found && (await protectClaim(this.#deps, found, options));
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return undefined;
    if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) {
      await this.#checkBound(claim, options);
      return undefined;
    }
    return this.#bindUnbound(await this.#chooseClass(claim, options), options);
  }

  /** A claim that leaves its class open gets the default one, whenever there is one. */
  async #chooseClass(claim: PersistentVolumeClaim, options: CallOptions): Promise<PersistentVolumeClaim> {
    if (!leavesClassOpen(claim) || !isEmpty(claim.spec.volumeName)) return claim;
    const chosen = defaultClass(this.#deps.view.classes.list());
    if (chosen === undefined) return claim;
    const spec = { ...claim.spec, storageClassName: chosen.metadata.name };
    return this.#deps.client.update(resources.persistentVolumeClaims, { ...claim, spec }, options);
  }

  async #bindUnbound(claim: PersistentVolumeClaim, options: CallOptions): Promise<Again> {
    if (!isEmpty(claim.spec.volumeName)) {
      await this.#bindToNamed(claim, claim.spec.volumeName ?? '', options);
      return undefined;
    }
    const storageClass = this.#deps.view.classes.get({ name: classOf(claim) });
    const chosenNode = claim.metadata.annotations?.[SELECTED_NODE];
    const node = chosenNode === undefined ? undefined : this.#deps.view.nodes.get({ name: chosenNode });
    const found = findVolume(claim, this.#deps.view.volumes.list(), { node, isDelayed: isDelayed(storageClass) });
    if (found !== undefined) {
      await bind(this.#deps.client, found, claim, options);
      return undefined;
    }
    if (isDelayed(storageClass) && chosenNode === undefined) {
      await this.#sayWhatIsWaitedFor(claim);
    } else if (classOf(claim) === '') {
      const message = 'no persistent volumes available for this claim and no storage class is set';
      await this.#deps.events.record(claim, { type: 'Normal', reason: 'FailedBinding', message });
    } else {
      return this.#provide(claim, storageClass, options);
    }
    await setClaimPhase(this.#deps.client, claim, 'Pending', undefined, options);
    return undefined;
  }

  /** The claim asks for one volume by name. It waits where that is not there or another claim's. */
  async #bindToNamed(claim: PersistentVolumeClaim, name: string, options: CallOptions): Promise<void> {
    const volume = await find(this.#deps.client, resources.persistentVolumes, { name }, options);
    const isFree = volume !== undefined && volume.spec.claimRef === undefined;
    const reason = isFree ? misfit(volume, claim) : undefined;
    if (volume !== undefined && reason === undefined && (isFree || isReservedFor(volume, claim)))
      return bind(this.#deps.client, volume, claim, options);
    if (reason !== undefined) {
      const message = `Cannot bind to requested volume "${name}": ${reason}`;
      await this.#deps.events.record(claim, { type: 'Warning', reason: 'VolumeMismatch', message });
    } else if (volume !== undefined && claim.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined) {
      const { claimRef } = volume.spec;
      const message = `volume "${name}" already bound to a different claim: ${claimRef?.namespace ?? ''}/${claimRef?.name ?? ''}`;
      await this.#deps.events.record(claim, { type: 'Warning', reason: 'FailedBinding', message });
    }
    return setClaimPhase(this.#deps.client, claim, 'Pending', undefined, options);
  }

  async #checkBound(claim: PersistentVolumeClaim, options: CallOptions): Promise<void> {
    const name = claim.spec.volumeName ?? '';
    if (name === '')
      return this.#lose(
        claim,
        'ClaimLost',
        'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
        options,
      );
    const volume = await find(this.#deps.client, resources.persistentVolumes, { name }, options);
    if (volume === undefined)
      return this.#lose(
        claim,
        'ClaimLost',
        'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
        options,
      );
    // A volume that was made anew under the old name is taken again.
    if (volume.spec.claimRef === undefined || isReservedFor(volume, claim))
      return bind(this.#deps.client, volume, claim, options);
    const message = 'Two claims are bound to the same volume, this one is bound incorrectly';
    return this.#lose(claim, 'ClaimMisbound', message, options);
  }

  async #lose(claim: PersistentVolumeClaim, reason: string, message: string, options: CallOptions): Promise<void> {
    if (claim.status?.phase === 'Lost') return;
    await this.#deps.events.record(claim, { type: 'Warning', reason, message });
    await setClaimPhase(this.#deps.client, claim, 'Lost', undefined, options);
  }

  async #sayWhatIsWaitedFor(claim: PersistentVolumeClaim): Promise<void> {
    const names = podsWithClaim(this.#deps.view, claim.metadata)
      .filter(({ spec }) => isEmpty(spec.nodeName))
      .map(({ metadata }) => metadata.name);
    const [reason, message] =
      names.length === 0
        ? ['WaitForFirstConsumer', 'waiting for first consumer to be created before binding']
        : ['WaitForPodScheduled', `waiting for pod${names.length > 1 ? 's' : ''} ${names.join(',')} to be scheduled`];
    await this.#deps.events.record(claim, { type: 'Normal', reason, message });
  }

  /** No volume that stands will do: the class's provisioner is asked, if that is we. */
  async #provide(
    claim: PersistentVolumeClaim,
    storageClass: StorageClass | undefined,
    options: CallOptions,
  ): Promise<Again> {
    const isOurs = storageClass?.provisioner === FOLDER_PROVISIONER;
    const reason = isOurs ? cannotProvision(claim) : this.#whyNot(claim, storageClass);
    if (storageClass !== undefined && isOurs && reason === undefined) {
      const named = await this.#nameProvisioner(claim, storageClass.provisioner, options);
      return this.#makeFolder(named, storageClass, options);
    }
    if (reason === undefined) await this.#leaveToOthers(claim, storageClass?.provisioner ?? '');
    else await this.#fail(claim, reason);
    const named =
      reason === undefined ? await this.#nameProvisioner(claim, storageClass?.provisioner ?? '', options) : claim;
    await setClaimPhase(this.#deps.client, named, 'Pending', undefined, options);
    return undefined;
  }

  async #makeFolder(claim: PersistentVolumeClaim, storageClass: StorageClass, options: CallOptions): Promise<Again> {
    const { client, folders, nodeName, view, events } = this.#deps;
    const chosen = claim.metadata.annotations?.[SELECTED_NODE] ?? nodeName;
    const node = view.nodes.get({ name: nodeName });
    if (chosen !== nodeName || node === undefined) {
      await this.#fail(
        claim,
        `volumes of class ${storageClass.metadata.name} are made on node ${nodeName}, not on ${chosen}`,
      );
      await setClaimPhase(client, claim, 'Pending', undefined, options);
      return undefined;
    }
    let volume: PersistentVolume;
    try {
      volume = await provision(client, folders, { claim, storageClass, node }, options);
    } catch (error) {
      // What the API refuses is for the next pass; what the disk refuses is for the user.
      if (error instanceof ApiServerError || options.signal?.aborted === true) throw error;
      await this.#fail(
        claim,
        `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${messageOf(error)}`,
      );
      await setClaimPhase(client, claim, 'Pending', undefined, options);
      return { again: PROVISION_AGAIN_MS };
    }
    if (!isBoundTo(volume, claim)) return { again: PROVISION_AGAIN_MS };
    await bind(client, volume, claim, options);
    const message = `Successfully provisioned volume ${volume.metadata.name}`;
    await events.record(claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message });
    return undefined;
  }

  #whyNot(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): string | undefined {
    if (storageClass === undefined) return `storageclass.storage.k8s.io "${classOf(claim)}" not found`;
    if (storageClass.provisioner !== NO_PROVISIONER) return undefined;
    const unfit = unfitVolumes(
      claim,
      this.#deps.view.volumes.list(),
      this.#deps.view.nodes.get({ name: this.#deps.nodeName }),
    );
    return `no volume plugin matched name: ${NO_PROVISIONER} (${unfit})`;
  }

  async #nameProvisioner(
    claim: PersistentVolumeClaim,
    provisioner: string,
    options: CallOptions,
  ): Promise<PersistentVolumeClaim> {
    if (claim.metadata.annotations?.[STORAGE_PROVISIONER] === provisioner) return claim;
    const named = { [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner };
    const metadata = { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...named } };
    return this.#deps.client.update(resources.persistentVolumeClaims, { ...claim, metadata }, options);
  }

  async #leaveToOthers(claim: PersistentVolumeClaim, provisioner: string): Promise<void> {
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    await this.#deps.events.record(claim, { type: 'Normal', reason: 'ExternalProvisioning', message });
  }

  async #fail(claim: PersistentVolumeClaim, message: string): Promise<void> {
    await this.#deps.events.record(claim, { type: 'Warning', reason: 'ProvisioningFailed', message });
  }
}
