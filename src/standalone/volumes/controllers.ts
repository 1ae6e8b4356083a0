import type { KubeClient, PersistentVolume, PersistentVolumeClaim } from '../../apiserver/index.ts';
import type { Log, Time } from '../../base/index.ts';
import { createController, createEventRecorder, keyOf, type Controller } from '../../controller/index.ts';
import { createClaimFolder, type ClaimFolder } from './claim-folder.ts';
import { ClaimBinder } from './claim-binder.ts';
import { createClusterView, type ClusterView, type VolumeSurroundings } from './cluster-view.ts';
import { openVolumeFolders, type VolumeFolders } from './folders.ts';
import { COMPONENT, BIND_COMPLETED } from './names.ts';
import { ensureDefaultClass } from './storage-classes.ts';
import { VolumeKeeper } from './volume-keeper.ts';

export interface VolumeControllersOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  /** The folder below which provisioned volumes are made; it is made where it is missing. */
  readonly folder: string;
  /** The name of this machine's Node object. */
  readonly nodeName: string;
  /** For back-offs: 0 up to 1. */
  readonly random?: (() => number) | undefined;
}

export interface VolumeControllers {
  /**
   * Makes the default StorageClass if it never was, tidies the folders, and works until the signal. The namespace
   * `kube-system` has to exist.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Nothing is at work and nothing is due now. */
  readonly isIdle: boolean;
  readonly claimFolder: ClaimFolder;
}

/** Binds claims, makes and removes the folders of volumes, and says which folder a pod gets. */
export async function createVolumeControllers(options: VolumeControllersOptions): Promise<VolumeControllers> {
  const { client, time, log, nodeName } = options;
  const folders = await openVolumeFolders(options.folder);
  const events = createEventRecorder(client, { component: COMPONENT, time, log });
  const view = createClusterView(client, options);
  const deps: VolumeSurroundings = { client, log, events, folders, nodeName, view };
  const binder = new ClaimBinder(deps);
  const keeper = new VolumeKeeper(deps, (key) => claims.enqueue(key));
  const informers = [view.claims, view.volumes, view.classes, view.pods, view.nodes];
  const shared = { time, log };
  const claims = createController(
    { name: 'claims', informers, reconcile: (key, signal) => binder.reconcile(key, signal) },
    shared,
  );
  const volumes = createController(
    { name: 'volumes', informers, reconcile: (key, signal) => keeper.reconcile(key, signal) },
    shared,
  );
  wake(view, { claims, volumes });
  return {
    claimFolder: createClaimFolder(deps),
    get isIdle() {
      return claims.isIdle && volumes.isIdle;
    },
    async run(signal) {
      const watching = informers.map((informer) => informer.run(signal));
      try {
        await ensureDefaultClass(client, { signal });
        await tidy(view, folders, { log, signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      await Promise.all([claims.run(signal), volumes.run(signal), ...watching]);
    },
  };
}

/** Which claims and volumes a change concerns. */
function wake(
  view: ClusterView,
  { claims, volumes }: { readonly claims: Controller; readonly volumes: Controller },
): void {
  const wakeUnbound = (): void => {
    for (const claim of view.claims.list()) if (!isBound(claim)) claims.enqueue(keyOf(claim));
  };
  view.claims.onChange((claim) => {
    claims.enqueue(keyOf(claim));
    const named = claim.spec.volumeName ?? '';
    if (named !== '') volumes.enqueue(named);
    for (const volume of view.volumes.list()) if (refersTo(volume, claim)) volumes.enqueue(keyOf(volume));
  });
  view.volumes.onChange((volume) => {
    volumes.enqueue(keyOf(volume));
    const { claimRef } = volume.spec;
    if (claimRef?.name !== undefined) claims.enqueue(`${claimRef.namespace ?? ''}/${claimRef.name}`);
    for (const claim of view.claims.list())
      if (!isBound(claim) || claim.spec.volumeName === volume.metadata.name) claims.enqueue(keyOf(claim));
  });
  view.classes.onChange(wakeUnbound);
  view.nodes.onChange(wakeUnbound);
  view.pods.onChange((pod) => {
    for (const { persistentVolumeClaim: mounted } of pod.spec.volumes ?? []) {
      if (mounted === undefined) continue;
      const name = { namespace: pod.metadata.namespace, name: mounted.claimName };
      const claim = view.claims.get(name);
      if (claim === undefined || !isBound(claim) || claim.metadata.deletionTimestamp !== undefined)
        claims.enqueue(keyOf(name));
    }
  });
}

function isBound(claim: PersistentVolumeClaim): boolean {
  return claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
}

function refersTo({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  return claimRef?.name === metadata.name && claimRef.namespace === metadata.namespace;
}

async function tidy(
  view: ClusterView,
  folders: VolumeFolders,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  await view.volumes.synced(signal);
  const known = new Set(view.volumes.list().map(({ metadata }) => metadata.name));
  for (const path of await folders.sweep(known))
    log.warn('a folder among the volumes belongs to no PersistentVolume; it is left alone', { path });
}
