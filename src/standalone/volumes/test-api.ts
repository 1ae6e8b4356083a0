import { Readable } from 'node:stream';
import {
  ApiServerError,
  apiVersionOf,
  objects,
  resources,
  type ApiResponse,
  type Transport,
  type DeleteOptions,
  type KubeClient,
  type KubeObject,
  type ListOptions,
  type NewObject,
  type ObjectList,
  type ObjectMeta,
  type ObjectName,
  type Patch,
  type Resource,
  type WatchEvent,
  type WatchOptions,
} from '../../apiserver/index.ts';
import type { ApiServerErrorCode } from '../../apiserver/index.ts';
import type { Clock } from '../../base/index.ts';
import { builtInKinds, prepareObject, validateObject } from '../schema/index.ts';

const KINDS = builtInKinds();

interface Change {
  readonly plural: string;
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** A write that a test may hold up or refuse. */
export interface Write {
  readonly verb: 'create' | 'update' | 'updateStatus' | 'patch' | 'delete';
  readonly plural: string;
  readonly name: string;
}

/**
 * The least of a Kubernetes API that controllers can be tested on, in memory: versions and conflicts, finalizers, propagation,
 * watches; schemas, defaults and rules are those that the engine serves. No admission.
 */
export class TestApi implements KubeClient {
  readonly #clock: Clock;
  readonly #objects = new Map<string, KubeObject>();
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<() => void>();
  #version = 0;
  #uids = 0;
  /** Called before each write; what it throws, the client gets. */
  onWrite: (write: Write) => void = () => undefined;
  /** Resources that are not served: their lists and gets are refused as a missing kind's are. */
  readonly unserved = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T> {
    return answer(() => this.#read(resource, name));
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    return answer(() => {
      if (this.unserved.has(resource.plural))
        throw failure('APISERVER_NOT_FOUND', 'the server could not find the resource');
      const items = this.all(resource).filter(
        ({ metadata }) => options.namespace === undefined || metadata.namespace === options.namespace,
      );
      return { items, resourceVersion: String(this.#version) };
    });
  }

  /** All objects of a kind, for assertions. */
  all<T extends KubeObject>(resource: Resource<T>): readonly T[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(`${resource.plural}|`))
      .map(([, object]) => resource.schema.parse(structuredClone(object)));
  }

  create<T extends KubeObject>(resource: Resource<T>, object: NewObject<T>): Promise<T> {
    return answer(() => {
      const name = object.metadata.name ?? `${object.metadata.generateName ?? ''}${++this.#uids}`;
      const { namespace } = object.metadata;
      this.onWrite({ verb: 'create', plural: resource.plural, name });
      if (this.#objects.has(keyFor(resource, { name, namespace })))
        throw failure('APISERVER_ALREADY_EXISTS', `${resource.plural} "${name}" already exists`);
      const metadata = {
        ...object.metadata,
        name,
        uid: `00000000-0000-4000-8000-${String(++this.#uids).padStart(12, '0')}`,
        creationTimestamp: this.#now(),
      };
      const full = {
        ...object,
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        metadata,
      };
      return resource.schema.parse(
        this.#store('ADDED', resource, resource.schema.parse(JSON.parse(JSON.stringify(full)))),
      );
    });
  }

  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return answer(() => {
      const { status, ...rest } = json(object);
      return this.#replace('update', resource, object, ({ status: kept }) => ({ ...rest, status: kept ?? status }));
    });
  }

  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return answer(() =>
      this.#replace('updateStatus', resource, object, (old) => ({ ...old, status: json(object)['status'] })),
    );
  }

  patch<T extends KubeObject>(resource: Resource<T>, name: ObjectName, patch: Patch): Promise<T> {
    return answer(() => {
      if (patch.kind !== 'merge') throw new TypeError('only merge patches are known here');
      // Not by the resource's schema: it may drop what it does not know.
      const merged = objects.kubeObject.parse(merge(json(this.#raw(resource, name)), patch.body));
      return this.#replace('patch', resource, merged, () => json(merged));
    });
  }

  bindPod(pod: ObjectMeta, nodeName: string): Promise<void> {
    return answer(() => {
      const standing = this.#read(resources.pods, pod);
      const spec = { ...standing.spec, nodeName };
      this.#replace('update', resources.pods, standing, (old) => ({ ...old, spec }));
    });
  }

  delete(resource: Resource, name: ObjectName, options: DeleteOptions = {}): Promise<void> {
    return answer(() => {
      this.onWrite({ verb: 'delete', plural: resource.plural, name: name.name });
      const object = this.#raw(resource, name);
      if (options.uid !== undefined && options.uid !== object.metadata.uid)
        throw failure('APISERVER_CONFLICT', 'the UID in the precondition does not match');
      const extra = { Orphan: ['orphan'], Foreground: ['foregroundDeletion'], Background: [] }[
        options.propagation ?? 'Background'
      ];
      const finalizers = [...new Set([...(object.metadata.finalizers ?? []), ...extra])];
      if (finalizers.length === 0 && specFinalizers(object).length === 0) this.#remove(resource, object);
      else {
        const deletionTimestamp = object.metadata.deletionTimestamp ?? this.#now();
        const metadata = { ...object.metadata, finalizers, deletionTimestamp };
        this.#store('MODIFIED', resource, { ...object, metadata }, true);
      }
    });
  }

  async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    let seen = Number(options.resourceVersion);
    for (;;) {
      options.signal?.throwIfAborted();
      const until = this.#version;
      for (const { type, version, object } of this.#changes.filter(
        (each) => each.plural === resource.plural && each.version > seen,
      )) {
        seen = version;
        yield { type, object: resource.schema.parse(structuredClone(object)) };
      }
      // More may have come while these were handed out.
      if (this.#version === until) await this.#next(options.signal);
    }
  }

  getText(): Promise<string> {
    return Promise.resolve('');
  }

  /** Ends a namespace, as the subresource `finalize` does. */
  readonly transport: Transport = async ({ target, body }) => {
    const name = /^\/api\/v1\/namespaces\/([^/]+)\/finalize$/.exec(target)?.[1] ?? '';
    const wanted = resources.namespaces.schema.parse(JSON.parse(Buffer.from(body ?? []).toString()));
    this.onWrite({ verb: 'update', plural: 'namespaces', name });
    const standing = await this.get(resources.namespaces, { name });
    if (standing.metadata.resourceVersion !== wanted.metadata.resourceVersion) return reply(409);
    if (specFinalizers(wanted).length === 0) this.#remove(resources.namespaces, standing);
    return reply(200);
  };

  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#listeners.delete(go);
        signal?.removeEventListener('abort', go);
        resolve();
      };
      if (signal?.aborted === true) {
        go();
        return;
      }
      this.#listeners.add(go);
      signal?.addEventListener('abort', go, { once: true });
    });
  }

  #read<T extends KubeObject>(resource: Resource<T>, name: ObjectName): T {
    return resource.schema.parse(this.#raw(resource, name));
  }

  #raw(resource: Resource, name: ObjectName): KubeObject {
    const found = this.#objects.get(keyFor(resource, name));
    if (found === undefined || this.unserved.has(resource.plural))
      throw failure('APISERVER_NOT_FOUND', `${resource.plural} "${name.name}" not found`);
    return structuredClone(found);
  }

  #replace<T extends KubeObject>(
    verb: Write['verb'],
    resource: Resource<T>,
    { metadata }: KubeObject,
    change: (old: Record<string, unknown>) => Record<string, unknown>,
  ): T {
    this.onWrite({ verb, plural: resource.plural, name: metadata.name });
    const old = this.#raw(resource, metadata);
    if (metadata.resourceVersion !== old.metadata.resourceVersion)
      throw failure('APISERVER_CONFLICT', `${resource.plural} "${metadata.name}": the object has been modified`);
    const next = objects.kubeObject.parse(change(json(old)));
    const waitsFor = [...(next.metadata.finalizers ?? []), ...specFinalizers(next)];
    if (next.metadata.deletionTimestamp !== undefined && waitsFor.length === 0) {
      this.#remove(resource, next);
      return resource.schema.parse(next);
    }
    return resource.schema.parse(this.#store('MODIFIED', resource, next));
  }

  /** @param isMark - the server's own mark of a deletion: no rule is asked */
  #store(type: Change['type'], resource: Resource, object: KubeObject, isMark = false): KubeObject {
    const version = ++this.#version;
    const numbered = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const old = this.#objects.get(keyFor(resource, object.metadata));
    const parsed = objects.kubeObject.parse(isMark ? json(numbered) : judged(json(numbered), old && json(old)));
    this.#objects.set(keyFor(resource, parsed.metadata), parsed);
    this.#tell({ plural: resource.plural, version, type, object: parsed });
    return parsed;
  }

  #remove(resource: Resource, object: KubeObject): void {
    this.#objects.delete(keyFor(resource, object.metadata));
    const version = ++this.#version;
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    this.#tell({ plural: resource.plural, version, type: 'DELETED', object: { ...object, metadata } });
  }

  #tell(change: Change): void {
    this.#changes.push(change);
    for (const listener of [...this.#listeners]) listener();
  }

  #now(): string {
    return this.#clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
  }
}

async function answer<T>(make: () => T): Promise<T> {
  // As over a connection, no answer comes in the same turn.
  await Promise.resolve();
  return make();
}

function reply(status: number): ApiResponse {
  return { status, headers: {}, body: Readable.from([Buffer.from('{}')]) };
}

/** What keeps a namespace stands in its spec. */
function specFinalizers({ spec }: KubeObject): readonly unknown[] {
  const { finalizers } = typeof spec === 'object' && spec !== null && 'finalizers' in spec ? spec : { finalizers: [] };
  return Array.isArray(finalizers) ? finalizers : [];
}

/** The object with its defaults, if the schema that the engine serves has nothing against it. */
function judged(object: Record<string, unknown>, old: Record<string, unknown> | undefined): unknown {
  const kind = KINDS.find((each) => each.kind === object['kind']);
  if (kind === undefined) return object;
  const { object: raw, unknownFields } = prepareObject(kind, object);
  const prepared = old === undefined ? (kind.prepareForCreate?.(raw) ?? raw) : raw;
  const problems = [
    ...unknownFields.map((field) => `unknown field ${field}`),
    ...validateObject(kind, prepared, old && prepareObject(kind, old).object).map(
      ({ field, message }) => `${field}: ${message}`,
    ),
  ];
  if (problems.length > 0) throw failure('APISERVER_INVALID', `${kind.kind} is invalid: ${problems.join('; ')}`);
  return prepared;
}

function keyFor({ plural }: Resource, { namespace = '', name }: ObjectName): string {
  return `${plural}|${namespace}/${name}`;
}

function json(object: KubeObject): Record<string, unknown> {
  return JSON.parse(JSON.stringify(object)) as Record<string, unknown>;
}

function merge(old: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base: Record<string, unknown> =
    typeof old === 'object' && old !== null && !Array.isArray(old) ? { ...old } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(base, key);
    else base[key] = merge(base[key], value);
  }
  return base;
}

function failure(code: ApiServerErrorCode, message: string): ApiServerError {
  return new ApiServerError(code, message, { hint: 'A test asked for it.' });
}
