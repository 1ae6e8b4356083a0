import * as z from 'zod';
import {
  apiVersionOf,
  objects,
  resources,
  type CustomResourceDefinition,
  type KubeClient,
  type KubeObject,
  type Resource,
} from '../../apiserver/index.ts';
import { anySignal, type Log, type Time } from '../../base/index.ts';
import { createInformer, type Informer } from '../../controller/index.ts';
import { clusterVersions, featureGates } from '../../crd/index.ts';

/** What of an object is kept in memory here: not its content. */
const outline = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().default(''),
    resourceVersion: z.string().default(''),
    creationTimestamp: z.string().default(''),
    deletionTimestamp: z.string().optional(),
    ownerReferences: z.array(objects.ownerReference).optional(),
    finalizers: z.array(z.string()).optional(),
  }),
});

type Address = Omit<Resource, 'schema'>;

function outlined({ group, version, plural, kind, namespaced }: Address): Resource {
  return { group, version, plural, kind, namespaced, schema: outline };
}

/** All but events: they come in masses, own nothing and are owned by nothing. */
const BUILT_IN: readonly Resource[] = [
  resources.namespaces,
  resources.nodes,
  resources.pods,
  resources.persistentVolumes,
  resources.persistentVolumeClaims,
  resources.jobs,
  resources.cronJobs,
  resources.storageClasses,
  resources.leases,
  resources.customResourceDefinitions,
  featureGates,
  clusterVersions,
].map(outlined);

/** Hears of a change of an object of any kind. */
export type AnyChangeListener = (
  resource: Resource,
  object: KubeObject,
  previous: KubeObject | undefined,
  isDeleted: boolean,
) => void;

/** What a resource is called here: `jobs.batch`, `pods`. */
export function resourceId({ group, plural }: Pick<Resource, 'group' | 'plural'>): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/**
 * Every kind that is served, those of custom resources as long as they are defined, with an informer for each. Its objects
 * are outlines: metadata without labels and annotations. To be patched, never to be written back.
 */
export class ServedKinds {
  readonly #client: KubeClient;
  readonly #options: { readonly time: Time; readonly log: Log; readonly random?: (() => number) | undefined };
  readonly #definitions: Informer<CustomResourceDefinition>;
  readonly #informers = new Map<string, Informer>();
  readonly #stops = new Map<string, AbortController>();
  readonly #listeners: AnyChangeListener[] = [];

  constructor(
    client: KubeClient,
    options: { readonly time: Time; readonly log: Log; readonly random?: (() => number) | undefined },
  ) {
    this.#client = client;
    this.#options = options;
    this.#definitions = createInformer(client, resources.customResourceDefinitions, options);
    for (const resource of BUILT_IN) this.#add(resource);
  }

  list(): readonly Resource[] {
    return [...this.#informers.values()].map(({ resource }) => resource);
  }

  /** Whatever its version: an owner may be named in an older one. */
  find(apiVersion: string, kind: string): Resource | undefined {
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    return this.list().find((each) => each.kind === kind && each.group === group);
  }

  informer(id: string): Informer | undefined {
    return this.#informers.get(id);
  }

  onChange(listener: AnyChangeListener): void {
    this.#listeners.push(listener);
    for (const informer of this.#informers.values()) this.#listen(informer, listener);
  }

  /** Whether everything of every kind has been seen once. */
  get hasSynced(): boolean {
    return this.#definitions.hasSynced && [...this.#informers.values()].every(({ hasSynced }) => hasSynced);
  }

  async synced(signal: AbortSignal): Promise<void> {
    await this.#definitions.synced(signal);
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced(signal)));
  }

  async run(signal: AbortSignal): Promise<void> {
    const running = [...this.#informers.values()].map((informer) => informer.run(signal));
    this.#definitions.onChange((definition, _, isDeleted) => {
      const started = this.#follow(definition, isDeleted, signal);
      if (started !== undefined) running.push(started);
    });
    await this.#definitions.run(signal);
    await Promise.all(running);
  }

  /** Begins or ends with the kind of a definition. */
  #follow(definition: CustomResourceDefinition, isDeleted: boolean, signal: AbortSignal): Promise<void> | undefined {
    const id = definition.metadata.name;
    const resource = isDeleted ? undefined : resourceOf(definition);
    const known = this.#informers.get(id)?.resource;
    if (resource !== undefined && known !== undefined && apiVersionOf(known) === apiVersionOf(resource))
      return undefined;
    this.#stops.get(id)?.abort();
    this.#stops.delete(id);
    this.#informers.delete(id);
    if (resource === undefined) return undefined;
    const stop = new AbortController();
    this.#stops.set(id, stop);
    return this.#add(resource).run(anySignal(signal, stop.signal));
  }

  #add(resource: Resource): Informer {
    const informer = createInformer(this.#client, resource, this.#options);
    this.#informers.set(resourceId(resource), informer);
    for (const listener of this.#listeners) this.#listen(informer, listener);
    return informer;
  }

  #listen(informer: Informer, listener: AnyChangeListener): void {
    informer.onChange((object, previous, isDeleted) => listener(informer.resource, object, previous, isDeleted));
  }
}

/** The kind of a definition in a version that is served; undefined while none is. */
function resourceOf({ spec, status }: CustomResourceDefinition): Resource | undefined {
  const isEstablished = (status?.conditions ?? []).some(
    (each) => each.type === 'Established' && each.status === 'True',
  );
  const version =
    spec.versions.find(({ storage, served }) => storage && served) ?? spec.versions.find(({ served }) => served);
  if (!isEstablished || version === undefined) return undefined;
  const { plural, kind } = spec.names;
  return outlined({ group: spec.group, version: version.name, plural, kind, namespaced: spec.scope === 'Namespaced' });
}
