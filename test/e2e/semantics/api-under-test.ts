import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  apiVersionOf,
  ApiServerError,
  createHttpsTransport,
  loadKubeconfig,
  resources,
  type ApiRequest,
  type HttpsTransport,
  type KubeClient,
  type KubeObject,
  type Lease,
  type NewObject,
  type Resource,
} from '../../../src/apiserver/index.ts';
import { waitFor } from '../../kit/wait-for.ts';

/** An API server as it is handed to the specifications. */
export interface OpenedApi {
  /** With the rights of an administrator. */
  readonly client: KubeClient;
  /** The path of a kubeconfig for the same server, for requests that a client of objects has no call for. */
  readonly kubeconfig: string;
  close?(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed answer. */
  readonly body: unknown;
}

interface SendOptions {
  readonly body?: unknown;
  /** Default: `application/json`. */
  readonly type?: string;
  readonly accept?: string;
}

/** The API server that the specifications ask, with a namespace of their own. What they make goes when they are done. */
export class ApiUnderTest {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly #transport: HttpsTransport;
  readonly #opened: OpenedApi;
  readonly #left: (() => Promise<void>)[] = [];

  private constructor(opened: OpenedApi, transport: HttpsTransport, namespace: string) {
    this.client = opened.client;
    this.namespace = namespace;
    this.#opened = opened;
    this.#transport = transport;
  }

  static async open(opened: OpenedApi): Promise<ApiUnderTest> {
    const transport = createHttpsTransport(await loadKubeconfig({ path: opened.kubeconfig }));
    const api = new ApiUnderTest(opened, transport, `semantics-${randomBytes(4).toString('hex')}`);
    await api.makeNamespace(api.namespace);
    return api;
  }

  async makeNamespace(name: string): Promise<void> {
    await this.client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    this.#left.push(() => this.#remove(resources.namespaces, name));
  }

  /** Makes an object of a kind without namespaces. */
  async makeForNow<T extends KubeObject>(resource: Resource<T>, object: NewObject<T>): Promise<T> {
    const made = await this.client.create(resource, object);
    this.#left.push(() => this.#remove(resource, made.metadata.name));
    return made;
  }

  /** Makes an object of a kind without namespaces, unless it stands; then it stays. */
  async ensure<T extends KubeObject>(resource: Resource<T>, object: NewObject<T>): Promise<void> {
    try {
      await this.makeForNow(resource, object);
    } catch (error) {
      if (!(error instanceof ApiServerError) || error.code !== 'APISERVER_ALREADY_EXISTS') throw error;
    }
  }

  /** A Lease is the simplest object that there is. */
  async makeLease(name: string, metadata: NewObject<Lease>['metadata'] = {}): Promise<Lease> {
    return await this.client.create(resources.leases, this.newLease(name, metadata));
  }

  newLease(name: string, metadata: NewObject<Lease>['metadata'] = {}): NewObject<Lease> {
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: this.namespace, ...metadata },
      spec: { holderIdentity: 'somebody' },
    };
  }

  named(name: string): { readonly name: string; readonly namespace: string } {
    return { name, namespace: this.namespace };
  }

  /** `/apis/batch/v1/namespaces/…/jobs`. */
  path(resource: Resource, name?: string): string {
    const root = resource.group === '' ? '/api' : '/apis';
    const place = resource.namespaced ? `/namespaces/${this.namespace}` : '';
    return `${root}/${apiVersionOf(resource)}${place}/${resource.plural}${name === undefined ? '' : `/${name}`}`;
  }

  /** One request as it stands; it resolves for every status. */
  async send(method: ApiRequest['method'], target: string, options: SendOptions = {}): Promise<Answer> {
    const { body, type = 'application/json', accept = 'application/json' } = options;
    const response = await this.#transport({
      method,
      target,
      headers: { accept, 'user-agent': 'semantics/1', ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
      signal: AbortSignal.timeout(60_000),
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  /** Resolves once the object is gone. */
  async gone(resource: Resource, name: string): Promise<void> {
    await waitFor(() => this.#isGone(resource, name), {
      what: `${resource.plural} ${name} to be gone`,
      timeoutMs: 60_000,
    });
  }

  /** Removes all that the specifications have made. */
  async close(): Promise<void> {
    for (const leave of this.#left.reverse()) await leave();
    this.#transport.close();
    await this.#opened.close?.();
  }

  async #isGone(resource: Resource, name: string): Promise<boolean> {
    try {
      await this.client.get(resource, { name, ...(resource.namespaced && { namespace: this.namespace }) });
      return false;
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return true;
      throw error;
    }
  }

  async #remove(resource: Resource, name: string): Promise<void> {
    try {
      await this.client.delete(resource, { name });
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return;
      // A server may be busy with what this very object had asked of it.
      await sleep(500);
      await this.client.delete(resource, { name });
    }
  }
}

/** One document, or those of a stream of lines. */
function parsed(text: string): unknown {
  const lines = text.trimEnd().split('\n');
  try {
    return JSON.parse(text);
  } catch {
    return lines.map((line): unknown => tryParse(line));
  }
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
