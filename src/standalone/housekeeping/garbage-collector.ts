import {
  type CallOptions,
  type KubeClient,
  type KubeObject,
  type ObjectName,
  type OwnerReference,
  type Resource,
} from '../../apiserver/index.ts';
import type { Log } from '../../base/index.ts';
import { keyOf, parseKey, type EventRecorder } from '../../controller/index.ts';
import { find, unless } from './lookup.ts';
import { OwnerGraph, referencesOf } from './owner-graph.ts';
import { resourceId, type ServedKinds } from './served-kinds.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** How long until a kind that has just appeared is asked again whether it is known in full. */
const SYNC_AGAIN_MS = 200;

type Again = { readonly again?: number } | undefined;

/** What the owners of an object have come to. */
interface Owners {
  readonly solid: readonly OwnerReference[];
  /** Gone, or others of the same name by now. */
  readonly dangling: readonly OwnerReference[];
  /** Waiting for their dependents to go first. */
  readonly waiting: readonly OwnerReference[];
}

export interface GarbageCollectorOptions {
  readonly client: KubeClient;
  readonly kinds: ServedKinds;
  readonly events: EventRecorder;
  readonly log: Log;
  /** Has a key looked at. */
  readonly enqueue: (key: string) => void;
}

/**
 * Deletes what its owners have left behind, and carries out the ways of deleting that ask for dependents: in the foreground
 * (they go first) and with orphans (they stay). The rules are those of Kubernetes (pkg/controller/garbagecollector).
 */
export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  readonly #graph = new OwnerGraph();
  /** Invalid references that have been told of: the dependent's uid and the owner's. */
  readonly #told = new Set<string>();

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    options.kinds.onChange((...change) => this.#note(...change));
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Again> {
    const options = { signal };
    if (!this.#options.kinds.hasSynced) return { again: SYNC_AGAIN_MS };
    const place = this.#placeOf(key);
    const object = place && (await find(this.#options.client, place.resource, place.name, options));
    if (place === undefined || object === undefined) return undefined;
    if (object.metadata.deletionTimestamp !== undefined) {
      await this.#helpDeletion(place.resource, object, options);
      return undefined;
    }
    if (referencesOf(object).length === 0) return undefined;
    const owners = await this.#classify(place.resource, object, options);
    if (owners === undefined) return undefined;
    if (owners.solid.length > 0) await this.#dropReferences(place.resource, object, owners, options);
    else if (owners.waiting.length > 0 && this.#graph.dependentsOf(object.metadata.uid).length > 0)
      await this.#deleteInForeground(place.resource, object, options);
    else await this.#delete(place.resource, object, policyOf(object), options);
    return undefined;
  }

  #note(resource: Resource, object: KubeObject, previous: KubeObject | undefined, isDeleted: boolean): void {
    const key = keyFor(resource, object.metadata);
    const { uid } = object.metadata;
    if (isDeleted) {
      this.#graph.remove(key, previous ?? object);
      for (const reference of referencesOf(object)) this.#told.delete(`${uid}/${reference.uid}`);
      // Its dependents have lost an owner, and its owners may have waited for it.
      for (const dependent of this.#graph.dependentsOf(uid)) this.#options.enqueue(dependent.key);
      this.#wakeOwners(object);
      return;
    }
    this.#graph.put(key, object, previous);
    if (referencesOf(object).length > 0 || object.metadata.deletionTimestamp !== undefined) this.#options.enqueue(key);
    // A reference that was taken away or no longer blocks may be what an owner waits for.
    if (previous !== undefined && referencesOf(previous).length > 0) this.#wakeOwners(previous);
  }

  #wakeOwners(object: KubeObject): void {
    for (const reference of referencesOf(object)) {
      const resource = this.#options.kinds.find(reference.apiVersion, reference.kind);
      if (resource === undefined) continue;
      const name = { name: reference.name, namespace: resource.namespaced ? object.metadata.namespace : undefined };
      const owner = this.#options.kinds.informer(resourceId(resource))?.get(name);
      if (owner?.metadata.deletionTimestamp !== undefined) this.#options.enqueue(keyFor(resource, name));
    }
  }

  async #helpDeletion(resource: Resource, object: KubeObject, options: CallOptions): Promise<void> {
    const { finalizers = [], uid } = object.metadata;
    const dependents = this.#graph.dependentsOf(uid);
    if (finalizers.includes(ORPHAN)) {
      for (const { key } of dependents) await this.#orphan(key, uid, options);
      await this.#finish(resource, object, ORPHAN, options);
    } else if (finalizers.includes(FOREGROUND)) {
      if (!dependents.some(({ isBlocking }) => isBlocking)) return this.#finish(resource, object, FOREGROUND, options);
      for (const { key } of dependents) this.#options.enqueue(key);
    }
  }

  async #orphan(key: string, ownerUid: string, options: CallOptions): Promise<void> {
    const place = this.#placeOf(key);
    const dependent = place && (await find(this.#options.client, place.resource, place.name, options));
    if (place === undefined || dependent === undefined) return;
    const kept = referencesOf(dependent).filter(({ uid }) => uid !== ownerUid);
    if (kept.length < referencesOf(dependent).length)
      await this.#patch(place.resource, dependent, { ownerReferences: kept }, options);
  }

  async #finish(resource: Resource, object: KubeObject, finalizer: string, options: CallOptions): Promise<void> {
    const finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer);
    await this.#patch(resource, object, { finalizers }, options);
  }

  /** @returns undefined where nothing may be concluded: a kind that is not known, or a reference that cannot be valid */
  async #classify(resource: Resource, object: KubeObject, options: CallOptions): Promise<Owners | undefined> {
    const owners = { solid: [] as OwnerReference[], dangling: [] as OwnerReference[], waiting: [] as OwnerReference[] };
    for (const reference of referencesOf(object)) {
      const kind = this.#options.kinds.find(reference.apiVersion, reference.kind);
      if (kind === undefined) {
        this.#options.log.debug('the kind of an owner is not known; nothing is deleted', {
          dependent: keyFor(resource, object.metadata),
          owner: `${reference.kind}.${reference.apiVersion} ${reference.name}`,
        });
        return undefined;
      }
      if (kind.namespaced && !resource.namespaced) {
        await this.#tellInvalid(object, reference);
        return undefined;
      }
      owners[await this.#stateOf(kind, reference, object, options)].push(reference);
    }
    return owners;
  }

  async #stateOf(
    kind: Resource,
    { name, uid }: OwnerReference,
    { metadata }: KubeObject,
    options: CallOptions,
  ): Promise<keyof Owners> {
    const place = { name, namespace: kind.namespaced ? metadata.namespace : undefined };
    const known = this.#options.kinds.informer(resourceId(kind))?.get(place);
    // What the informer knows as standing is enough; what it does not know may have come since.
    const isFresh = known?.metadata.uid === uid && known.metadata.deletionTimestamp === undefined;
    const owner = isFresh ? known : await find(this.#options.client, kind, place, options);
    if (owner?.metadata.uid !== uid) return 'dangling';
    return owner.metadata.deletionTimestamp !== undefined && (owner.metadata.finalizers ?? []).includes(FOREGROUND)
      ? 'waiting'
      : 'solid';
  }

  async #tellInvalid(object: KubeObject, reference: OwnerReference): Promise<void> {
    const key = `${object.metadata.uid}/${reference.uid}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const who = `[${reference.apiVersion}/${reference.kind}, namespace: , name: ${reference.name}, uid: ${reference.uid}]`;
    const message = `ownerRef ${who} does not exist in namespace ""`;
    await this.#options.events.record(object, { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message });
  }

  /** Somebody still owns it: only the references to those who do not are dropped. */
  async #dropReferences(resource: Resource, object: KubeObject, owners: Owners, options: CallOptions): Promise<void> {
    if (owners.dangling.length + owners.waiting.length === 0) return;
    await this.#patch(resource, object, { ownerReferences: owners.solid }, options);
  }

  async #deleteInForeground(resource: Resource, object: KubeObject, options: CallOptions): Promise<void> {
    // Where a dependent waits for its own dependents already, this may be a circle: nobody is to wait for this one.
    const isCircle = this.#graph.dependentsOf(object.metadata.uid).some(({ key }) => {
      const place = this.#placeOf(key);
      const dependent = place && this.#options.kinds.informer(resourceId(place.resource))?.get(place.name);
      return dependent?.metadata.deletionTimestamp !== undefined && dependent.metadata.finalizers?.includes(FOREGROUND);
    });
    if (isCircle) {
      const ownerReferences = referencesOf(object).map((each) => ({ ...each, blockOwnerDeletion: false }));
      await this.#patch(resource, object, { ownerReferences }, options);
    }
    await this.#delete(resource, object, 'Foreground', options);
  }

  async #delete(
    resource: Resource,
    { metadata }: KubeObject,
    propagation: ReturnType<typeof policyOf>,
    options: CallOptions,
  ): Promise<void> {
    const { client, log } = this.#options;
    const gone = client.delete(resource, metadata, { ...options, uid: metadata.uid, propagation });
    await unless('APISERVER_NOT_FOUND', gone);
    log.debug('deleted an object whose owners are gone', { object: keyFor(resource, metadata) });
  }

  /** With the version that was read, so that nothing is taken back that somebody has added meanwhile. */
  async #patch(resource: Resource, { metadata }: KubeObject, change: object, options: CallOptions): Promise<void> {
    const body = { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, ...change } };
    await unless(
      'APISERVER_NOT_FOUND',
      this.#options.client.patch(resource, metadata, { kind: 'merge', body }, options),
    );
  }

  #placeOf(key: string): { readonly resource: Resource; readonly name: ObjectName } | undefined {
    const colon = key.indexOf(':');
    const resource = this.#options.kinds.informer(key.slice(0, colon))?.resource;
    return resource && { resource, name: parseKey(key.slice(colon + 1)) };
  }
}

function keyFor(resource: Resource, { name, namespace }: ObjectName): string {
  return `${resourceId(resource)}:${keyOf({ name, namespace })}`;
}

function policyOf({ metadata: { finalizers = [] } }: KubeObject): 'Orphan' | 'Foreground' | 'Background' {
  if (finalizers.includes(ORPHAN)) return 'Orphan';
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}
