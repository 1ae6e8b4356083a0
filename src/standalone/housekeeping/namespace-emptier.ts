import {
  resources,
  type CallOptions,
  type KubeClient,
  type KubeObject,
  type Namespace,
  type Resource,
} from '../../apiserver/index.ts';
import type { Clock } from '../../base/index.ts';
import { setCondition } from '../../controller/index.ts';
import { find, unless } from './lookup.ts';
import { resourceId, type ServedKinds } from './served-kinds.ts';

/** What keeps a namespace until it is empty; it stands in the spec, not in the metadata. */
const FINALIZER = 'kubernetes';
/** Pods take time to end. */
const LOOK_AGAIN_MS = 500;

export interface NamespaceEmptierOptions {
  readonly client: KubeClient;
  readonly kinds: ServedKinds;
  readonly clock: Clock;
  /** Writes the namespace's spec.finalizers: a subresource of its own. */
  readonly finalize: (namespace: Namespace, options: CallOptions) => Promise<void>;
}

/** Removes what is in a namespace that is being deleted, and then lets it go (pkg/controller/namespace). */
export class NamespaceEmptier {
  readonly #options: NamespaceEmptierOptions;

  constructor(options: NamespaceEmptierOptions) {
    this.#options = options;
  }

  async reconcile(name: string, signal: AbortSignal): Promise<{ readonly again?: number } | undefined> {
    const options = { signal };
    const { client, finalize } = this.#options;
    const namespace = await find(client, resources.namespaces, { name }, options);
    const finalizers = namespace?.spec?.finalizers ?? [];
    if (namespace?.metadata.deletionTimestamp === undefined || !finalizers.includes(FINALIZER)) return undefined;
    const remaining = await this.#empty(name, options);
    if (remaining.length > 0) {
      await this.#report(namespace, remaining, options);
      return { again: LOOK_AGAIN_MS };
    }
    const spec = { ...namespace.spec, finalizers: finalizers.filter((each) => each !== FINALIZER) };
    await unless('APISERVER_NOT_FOUND', finalize({ ...namespace, spec }, options));
    return undefined;
  }

  /** @returns what is still there, in words */
  async #empty(namespace: string, options: CallOptions): Promise<readonly string[]> {
    const { kinds } = this.#options;
    const remaining: string[] = [];
    // Events last: what goes tells of it.
    for (const resource of [...kinds.list().filter((each) => each.namespaced), resources.events]) {
      if (resource === resources.events && remaining.length > 0) continue;
      const items = await this.#list(resource, namespace, options);
      if (items.length === 0) continue;
      for (const object of items) await this.#delete(resource, object, options);
      // What has finalizers, or is a pod that takes its time, stays for a while.
      const left = (await this.#list(resource, namespace, options)).length;
      if (left > 0) remaining.push(`${resourceId(resource)} has ${left} resource instance${left > 1 ? 's' : ''}`);
    }
    return remaining;
  }

  /** Empty where the kind is gone by now. */
  async #list(resource: Resource, namespace: string, options: CallOptions): Promise<readonly KubeObject[]> {
    const listed = this.#options.client.list<KubeObject>(resource, { ...options, namespace });
    return (await unless('APISERVER_NOT_FOUND', listed))?.items ?? [];
  }

  async #delete(resource: Resource, { metadata }: KubeObject, options: CallOptions): Promise<void> {
    if (metadata.deletionTimestamp !== undefined) return;
    const gone = this.#options.client.delete(resource, metadata, {
      ...options,
      uid: metadata.uid,
      propagation: 'Background',
    });
    await unless('APISERVER_CONFLICT', unless('APISERVER_NOT_FOUND', gone));
  }

  async #report(namespace: Namespace, remaining: readonly string[], options: CallOptions): Promise<void> {
    const { client, clock } = this.#options;
    const message = `Some resources are remaining: ${remaining.join(', ')}`;
    const { conditions } = namespace.status ?? {};
    const change = {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message,
    } as const;
    const before = Array.isArray(conditions) ? (conditions as Parameters<typeof setCondition>[0]) : [];
    if (before?.some((each) => each.type === change.type && each.message === message)) return;
    const status = { ...namespace.status, conditions: setCondition(before, change, { now: clock.now() }) };
    await client.updateStatus(resources.namespaces, { ...namespace, status }, options);
  }
}
