import {
  ApiServerError,
  type KubeClient,
  type KubeObject,
  type ObjectName,
  type Resource,
} from '../apiserver/index.ts';
import { messageOf, onAbort, type Log, type Time } from '../base/index.ts';
import { backOff } from './back-off.ts';
import { isForeseen } from './failure.ts';
import { ObjectCache, type ChangeListener } from './object-cache.ts';
import { pause } from './pause.ts';
import { waitAfter } from './retry-after.ts';

/**
 * Knows the last state of all objects of a kind, and tells of changes. What it hands out is frozen, and has no
 * `metadata.managedFields`: they are as long as the rest, nobody here reads them, and a server keeps its own whatever is written.
 */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  get(name: ObjectName): T | undefined;
  /** Those of one namespace, or all. */
  list(namespace?: string): readonly T[];
  /**
   * Hears of every change from now on, and at once of the objects that are known already. Changes that follow each other
   * quickly may come as one. A listener that throws is logged and called again the next time.
   */
  onChange(listener: ChangeListener<T>): void;
  /** Whether all objects have been seen once. */
  readonly hasSynced: boolean;
  /** Resolves when {@link hasSynced}; rejects with the signal's reason where that comes first. */
  synced(signal: AbortSignal): Promise<void>;
  /**
   * Lists and watches until the signal aborts; then it resolves. It never rejects: whatever goes wrong is logged and
   * tried again, and what was known stays until then.
   *
   * @throws TypeError where it is called twice
   */
  run(signal: AbortSignal): Promise<void>;
}

export interface InformerOptions {
  /** Undefined: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** An object that ceases to match it is gone, as if it had been deleted. */
  readonly fieldSelector?: string | undefined;
  readonly time: Time;
  readonly log: Log;
  /** From 0 to below 1, to spread the waits of many. Default: they are not spread. */
  readonly random?: (() => number) | undefined;
  /** The longest wait between two attempts, in milliseconds. Default: 30,000. */
  readonly longestWaitMs?: number | undefined;
}

/** An informer that does nothing until it is run. */
export function createInformer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  options: InformerOptions,
): Informer<T> {
  return new ListWatch(client, resource, options);
}

/** The first wait after a failure; also what a watch must last for its end to be an ordinary one. */
const FIRST_WAIT_MS = 200;
const SHORTEST_WATCH_MS = 1_000;

class ListWatch<T extends KubeObject> implements Informer<T> {
  readonly resource: Resource<T>;
  /** The same as it is read. */
  readonly #lean: Resource<T>;
  readonly #client: KubeClient;
  readonly #options: InformerOptions;
  readonly #cache: ObjectCache<T>;
  readonly #whenSynced: (() => void)[] = [];
  #hasSynced = false;
  #isRunning = false;
  /** Where the watch has to go on; undefined where everything has to be listed first. */
  #version: string | undefined;
  #failures = 0;
  /** What the log was told last, so that a long outage is told once. */
  #lastFailure: string | undefined;

  constructor(client: KubeClient, resource: Resource<T>, options: InformerOptions) {
    this.#client = client;
    this.resource = resource;
    this.#lean = { ...resource, schema: resource.schema.transform(withoutManagedFields) };
    this.#options = options;
    this.#cache = new ObjectCache((error, key) =>
      options.log.error('a listener failed', { resource: resource.plural, key, error: messageOf(error) }),
    );
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get(name: ObjectName): T | undefined {
    return this.#cache.get(name);
  }

  list(namespace?: string): readonly T[] {
    return this.#cache.list(namespace);
  }

  onChange(listener: ChangeListener<T>): void {
    this.#cache.onChange(listener);
  }

  synced(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      if (this.#hasSynced) {
        resolve();
        return;
      }
      const letGo = onAbort(signal, () => reject(signal.reason as Error));
      this.#whenSynced.push(() => {
        letGo();
        resolve();
      });
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#isRunning) throw new TypeError(`the informer of ${this.resource.plural} is already running`);
    this.#isRunning = true;
    const { time, random, longestWaitMs = 30_000 } = this.#options;
    while (!signal.aborted) {
      const began = time.monotonicMs();
      let failure: unknown;
      try {
        await this.#round(signal);
        // A server that ends every watch at once must not be asked in a tight circle.
        const isOrdinary = time.monotonicMs() - began >= SHORTEST_WATCH_MS;
        this.#failures = isOrdinary ? 0 : this.#failures + 1;
        if (isOrdinary) continue;
      } catch (error) {
        if (isAborted(signal)) return;
        failure = error;
        this.#fail(error);
      }
      const wait = backOff(this.#failures, { firstMs: FIRST_WAIT_MS, longestMs: longestWaitMs }, random);
      await pause(time, waitAfter(failure, wait), signal);
    }
  }

  /** A list, if one is needed, and one watch to its end. */
  async #round(signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    const which = { namespace, labelSelector, fieldSelector, signal };
    if (this.#version === undefined) {
      const { items, resourceVersion } = await this.#client.list(this.#lean, which);
      this.#cache.replace(items);
      this.#version = resourceVersion;
      this.#succeed();
    }
    for await (const event of this.#client.watch(this.#lean, { ...which, resourceVersion: this.#version })) {
      this.#failures = 0;
      if (event.type === 'BOOKMARK') {
        this.#version = event.resourceVersion;
        continue;
      }
      this.#version = event.object.metadata.resourceVersion;
      if (event.type === 'DELETED') this.#cache.remove(event.object);
      else this.#cache.put(event.object);
    }
  }

  #succeed(): void {
    const { log } = this.#options;
    if (this.#lastFailure !== undefined) log.info('objects can be listed again', { resource: this.resource.plural });
    this.#lastFailure = undefined;
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    for (const resolve of this.#whenSynced.splice(0)) resolve();
  }

  /**
   * After any failure everything is listed anew. A broken connection may mean that the server came back with an older state
   * (a restored etcd), where the versions known here stand for something else.
   */
  #fail(error: unknown): void {
    this.#failures += 1;
    this.#version = undefined;
    const code = isForeseen(error) ? error.code : messageOf(error);
    // Ordinary after a long silence: the next list mends it.
    const isOrdinary = error instanceof ApiServerError && error.code === 'APISERVER_GONE';
    const level = isOrdinary || code === this.#lastFailure ? 'debug' : 'warn';
    if (!isOrdinary) this.#lastFailure = code;
    this.#options.log[level]('cannot list and watch', {
      resource: this.resource.plural,
      code,
      error: messageOf(error),
      attempt: this.#failures,
    });
  }
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata['managedFields'] === undefined) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } };
}

/** Asked anew, because it may have changed during an await. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
