import { systemTime, type Time } from '../base/index.ts';
import { readBody, splitLines } from './body.ts';
import { CallScope } from './call-scope.ts';
import { ApiServerError } from './errors.ts';
import type {
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  NewObject,
  ObjectList,
  Patch,
  PatchOptions,
  WatchEvent,
  WatchOptions,
} from './kube-client.ts';
import type { KubeObject, ObjectMeta } from './objects.ts';
import { parseEvent, parseJson, parseObject, parsePage } from './parse.ts';
import { apiVersionOf, pods, type ObjectName, type Resource } from './resource.ts';
import { statusError } from './status.ts';
import { collectionTarget, objectTarget, pathOf, requireNamespace, type Query } from './target.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

export interface KubeClientOptions {
  readonly transport: Transport;
  /** What deadlines and silences are measured with. Default: the system's. */
  readonly time?: Time | undefined;
  /** Up to the first `/` it becomes the field manager of what is written. Default: `holdfast`. */
  readonly userAgent?: string | undefined;
  /** For one request, from its start to the last byte, in milliseconds; watches have none. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * How long a watch may be silent, in milliseconds, before its connection counts as broken. The server is asked to end a
   * watch after three quarters of it, so that an honest one is never silent for so long. Default: 240,000.
   */
  readonly watchIdleMs?: number | undefined;
  /** Larger answers are refused. Default: 64 MiB. */
  readonly maxBytes?: number | undefined;
}

/** A client of the Kubernetes API behind `transport`. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  return new TransportClient(options);
}

const PAGE_SIZE = 500;
/** How often a list is begun anew because its pages had got too old. */
const LIST_ATTEMPTS = 3;
/** One object may be 1.5 MiB in etcd, and is longer as JSON. */
const LONGEST_LINE = 8 * 1024 * 1024;

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML; the server knows this type alone.
  apply: 'application/apply-patch+yaml',
} as const satisfies Record<Patch['kind'], string>;

interface Call {
  readonly method: ApiRequest['method'];
  readonly target: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
}

class TransportClient implements KubeClient {
  readonly #transport: Transport;
  readonly #time: Time;
  readonly #userAgent: string;
  readonly #timeoutMs: number;
  readonly #watchIdleMs: number;
  readonly #maxBytes: number;

  constructor(options: KubeClientOptions) {
    this.#transport = options.transport;
    this.#time = options.time ?? systemTime;
    this.#userAgent = options.userAgent ?? 'holdfast';
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#watchIdleMs = options.watchIdleMs ?? 240_000;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
  }

  async get<T extends KubeObject>(resource: Resource<T>, name: ObjectName, options: CallOptions = {}): Promise<T> {
    return this.#object(resource, { method: 'GET', target: objectTarget(resource, name) }, options);
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#pages(resource, options);
      } catch (error) {
        const isTooOld = error instanceof ApiServerError && error.code === 'APISERVER_GONE';
        if (!isTooOld || attempt === LIST_ATTEMPTS) throw error;
      }
    }
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: NewObject<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const { namespace } = object.metadata;
    requireNamespace(resource, namespace);
    const target = collectionTarget(resource, namespace);
    const body = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
    return this.#object(resource, { method: 'POST', target, body }, options);
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    const target = objectTarget(resource, object.metadata);
    return this.#object(resource, { method: 'PUT', target, body: object }, options);
  }

  async updateStatus<T extends KubeObject>(resource: Resource<T>, object: T, options: CallOptions = {}): Promise<T> {
    const target = objectTarget(resource, object.metadata, 'status');
    return this.#object(resource, { method: 'PUT', target, body: object }, options);
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: Patch,
    options: PatchOptions = {},
  ): Promise<T> {
    const query: Query =
      patch.kind === 'apply'
        ? { fieldManager: patch.fieldManager, force: patch.force === undefined ? undefined : String(patch.force) }
        : {};
    const target = objectTarget(resource, name, options.subresource, query);
    const call: Call = { method: 'PATCH', target, body: patch.body, contentType: PATCH_TYPES[patch.kind] };
    return this.#object(resource, call, options);
  }

  async bindPod(pod: ObjectMeta, nodeName: string, options: CallOptions = {}): Promise<void> {
    const { name, namespace, uid } = pod;
    const target = { apiVersion: 'v1', kind: 'Node', name: nodeName };
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target };
    await this.#text({ method: 'POST', target: objectTarget(pods, pod, 'binding'), body }, options);
  }

  async delete(resource: Resource, name: ObjectName, options: DeleteOptions = {}): Promise<void> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(options.propagation !== undefined && { propagationPolicy: options.propagation }),
      ...(options.uid !== undefined && { preconditions: { uid: options.uid } }),
      ...(options.gracePeriodSeconds !== undefined && { gracePeriodSeconds: options.gracePeriodSeconds }),
    };
    await this.#text({ method: 'DELETE', target: objectTarget(resource, name), body }, options);
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void> {
    const target = collectionTarget(resource, options.namespace, {
      watch: 'true',
      resourceVersion: options.resourceVersion,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(Math.max(1, Math.floor((this.#watchIdleMs * 0.75) / 1000))),
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    });
    const path = pathOf(target);
    const scope = new CallScope(options.signal);
    const silence = new Silence(this.#time, this.#watchIdleMs, () => scope.abort(silent(path, this.#watchIdleMs)));
    try {
      silence.begin();
      const response = await this.#send({ method: 'GET', target }, scope.signal);
      if (response.status !== 200) await this.#refuse('GET', path, response);
      for await (const line of splitLines(silence.within(response.body), path, LONGEST_LINE)) {
        yield parseEvent(resource, line, path);
      }
    } finally {
      silence.end();
      scope.end();
    }
  }

  getText(target: string, options: CallOptions = {}): Promise<string> {
    return this.#text({ method: 'GET', target, accept: '*/*' }, options);
  }

  async #pages<T extends KubeObject>(resource: Resource<T>, options: ListOptions): Promise<ObjectList<T>> {
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const target = collectionTarget(resource, options.namespace, {
        limit: String(PAGE_SIZE),
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        continue: next,
      });
      const path = pathOf(target);
      const page = parsePage(resource, parseJson(await this.#text({ method: 'GET', target }, options), path), path);
      items.push(...page.items);
      // Every page tells the version of the first: a list is of one instant.
      if (page.next === undefined) return { items, resourceVersion: page.resourceVersion };
      next = page.next;
    }
  }

  async #object<T extends KubeObject>(resource: Resource<T>, call: Call, options: CallOptions): Promise<T> {
    const path = pathOf(call.target);
    return parseObject(resource, parseJson(await this.#text(call, options), path), path);
  }

  /** One call with its deadline, and its answer if that is a success. */
  async #text(call: Call, { signal }: CallOptions): Promise<string> {
    const path = pathOf(call.target);
    const scope = new CallScope(signal);
    const cancel = this.#time.after(this.#timeoutMs, () => scope.abort(late(call.method, path, this.#timeoutMs)));
    try {
      const response = await this.#send(call, scope.signal);
      if (response.status < 200 || response.status > 299) await this.#refuse(call.method, path, response);
      return await readBody(response.body, path, this.#maxBytes);
    } finally {
      cancel();
      scope.end();
    }
  }

  async #send(call: Call, signal: AbortSignal): Promise<ApiResponse> {
    signal.throwIfAborted();
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    return this.#transport({
      method: call.method,
      target: call.target,
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': this.#userAgent,
        ...(body !== undefined && { 'content-type': call.contentType ?? 'application/json' }),
      },
      body,
      signal,
    });
  }

  async #refuse(method: string, path: string, response: ApiResponse): Promise<never> {
    throw statusError({ method, path }, response, await readBody(response.body, path, this.#maxBytes));
  }
}

/** Notices that nothing comes any more. What the reader of the lines takes for itself is not counted. */
class Silence {
  readonly #time: Time;
  readonly #longestMs: number;
  readonly #onTooLong: () => void;
  #cancel: () => void = () => undefined;

  constructor(time: Time, longestMs: number, onTooLong: () => void) {
    this.#time = time;
    this.#longestMs = longestMs;
    this.#onTooLong = onTooLong;
  }

  begin(): void {
    this.#cancel();
    this.#cancel = this.#time.after(this.#longestMs, this.#onTooLong);
  }

  end(): void {
    this.#cancel();
  }

  async *within(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    this.begin();
    for await (const chunk of body) {
      this.end();
      yield chunk;
      this.begin();
    }
    this.end();
  }
}

function late(method: string, path: string, timeoutMs: number): ApiServerError {
  const seconds = timeoutMs / 1000;
  return new ApiServerError('APISERVER_TIMEOUT', `the API server did not answer ${method} ${path} in ${seconds} s`, {
    subject: path,
    hint: 'Check that the API server is healthy: kubectl get --raw /readyz',
  });
}

function silent(path: string, idleMs: number): ApiServerError {
  const message = `the watch on ${path} has been silent for ${idleMs / 1000} s`;
  return new ApiServerError('APISERVER_TIMEOUT', message, {
    subject: path,
    hint: 'Check the network between this process and the API server; the watch is begun anew.',
  });
}
