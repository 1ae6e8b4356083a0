import type { KubeObject, ObjectMeta } from './objects.ts';
import type { ObjectName, Resource } from './resource.ts';

/** An object that is about to be made: the server fills in the rest of its metadata. */
export type NewObject<T extends KubeObject> = Omit<T, 'metadata'> & {
  readonly metadata: Partial<ObjectMeta> & { readonly generateName?: string };
};

export interface ListOptions extends CallOptions {
  /** Undefined: all namespaces. */
  readonly namespace?: string | undefined;
  /** As kubectl takes it: `app=x,state!=done`. */
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ObjectList<T extends KubeObject> {
  readonly items: readonly T[];
  /** Where a watch has to go on. */
  readonly resourceVersion: string;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
}

/** What a patch does; the body is JSON. */
export type Patch =
  | { readonly kind: 'merge'; readonly body: unknown }
  | { readonly kind: 'json'; readonly body: readonly unknown[] }
  | { readonly kind: 'strategic'; readonly body: unknown }
  | { readonly kind: 'apply'; readonly body: unknown; readonly fieldManager: string; readonly force?: boolean };

export interface PatchOptions extends CallOptions {
  readonly subresource?: 'status' | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Default: the server's own for the kind; say it for Jobs. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  /** Refuse (APISERVER_CONFLICT) where the object is another by now. */
  readonly uid?: string | undefined;
  /** How long a pod's processes may take to end; 0, from its node alone: they have ended. Default: the pod's own. */
  readonly gracePeriodSeconds?: number | undefined;
}

/**
 * Reads and writes objects of a Kubernetes API. Every call throws ApiServerError: APISERVER_NOT_FOUND for 404,
 * APISERVER_ALREADY_EXISTS and APISERVER_CONFLICT for 409, APISERVER_GONE for 410, APISERVER_INVALID for 400 and 422,
 * APISERVER_FORBIDDEN, APISERVER_UNAUTHORIZED, APISERVER_TOO_MANY_REQUESTS for 429, APISERVER_STATUS for the rest, with the
 * server's own `message` in the error's; connections as the transport says. A deadline on every call but watches.
 */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName, options?: CallOptions): Promise<T>;
  /** In pages of 500, put together. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: NewObject<T>, options?: CallOptions): Promise<T>;
  /** PUT; the object's `metadata.resourceVersion` must be the current one. */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<T>;
  /** PUT of the status alone. */
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: Patch,
    options?: PatchOptions,
  ): Promise<T>;
  /** Puts a pod on a node, which is done once: APISERVER_CONFLICT where it is on one, or is another by now. */
  bindPod(pod: ObjectMeta, nodeName: string, options?: CallOptions): Promise<void>;
  /** Resolves once the server has accepted it; the object may still stand for its finalizers or pods. */
  delete(resource: Resource, name: ObjectName, options?: DeleteOptions): Promise<void>;
  /**
   * What changes from `resourceVersion` on. Ends when the server ends it; throws APISERVER_GONE where the version is too old,
   * APISERVER_TIMEOUT where the connection has been silent for too long.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Any other GET: `/version`, `/readyz`, a pod's log. */
  getText(target: string, options?: CallOptions): Promise<string>;
}
