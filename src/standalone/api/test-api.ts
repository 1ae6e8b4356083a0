import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ManualTime } from '../../../test/kit/manual-time.ts';
import type { ApiRequest, ApiResponse } from '../../apiserver/index.ts';
import { silentLog } from '../../base/index.ts';
import { ObjectStore, type ObjectStoreOptions } from '../objects/index.ts';
import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import { createApi, type Api, type ApiOptions } from './create-api.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Parsed; an empty object where the text is no JSON object. */
  readonly json: JsonObject;
}

interface Extra {
  readonly headers?: Readonly<Record<string, string>>;
  readonly type?: string;
}

export const START = new Date('2026-11-23T04:20:00Z');

/** The API on a store of its own, with time that stands still, and a client that hides nothing of the answers. */
export class TestApi {
  readonly api: Api;
  readonly objects: ObjectStore;
  readonly time: ManualTime;

  private constructor(api: Api, objects: ObjectStore, time: ManualTime) {
    this.api = api;
    this.objects = objects;
    this.time = time;
  }

  /** With the namespaces `default` and `openshift-etcd`; it goes when the running test has finished. */
  static async start(
    options: Partial<ApiOptions> & { readonly history?: ObjectStoreOptions['history'] } = {},
  ): Promise<TestApi> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-api-'));
    const { history, ...others } = options;
    const lock = (): Promise<{ release: () => Promise<void> }> => Promise.resolve({ release: () => Promise.resolve() });
    const objects = await ObjectStore.open({ folder, lock, log: silentLog, ...(history && { history }) });
    const time = new ManualTime(START);
    let uids = 0;
    const newUid = (): string => `00000000-0000-4000-8000-${String(++uids).padStart(12, '0')}`;
    const api = createApi({ objects, time, log: silentLog, random: () => 0.5, newUid, ...others });
    onTestFinished(async () => {
      api.close();
      await objects.close();
      await rm(folder, { recursive: true, force: true });
    });
    const test = new TestApi(api, objects, time);
    for (const name of ['default', 'openshift-etcd']) {
      await test.made('/api/v1/namespaces', { metadata: { name } });
    }
    return test;
  }

  async send(method: ApiRequest['method'], target: string, body?: unknown, extra: Extra = {}): Promise<Answer> {
    const response = await this.open(method, target, body, extra);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }

  /** The answer with its body still to be read. */
  open(
    method: ApiRequest['method'],
    target: string,
    body?: unknown,
    { headers, type }: Extra = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ApiResponse> {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const bytes = text === undefined ? undefined : Buffer.from(text);
    return this.api.transport({
      method,
      target,
      headers: { 'user-agent': 'test/1.0', ...(bytes && { 'content-type': type ?? 'application/json' }), ...headers },
      ...(bytes && { body: bytes }),
      signal,
    });
  }

  get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send('GET', target, undefined, { headers });
  }

  patch(target: string, type: 'json' | 'merge' | 'strategic' | 'apply', body: unknown): Promise<Answer> {
    const types = {
      json: 'application/json-patch+json',
      merge: 'application/merge-patch+json',
      strategic: 'application/strategic-merge-patch+json',
      apply: 'application/apply-patch+yaml',
    };
    return this.send('PATCH', target, body, { type: types[type] });
  }

  /** Makes an object; throws with the answer where that fails. */
  async made(target: string, body: unknown): Promise<JsonObject> {
    const { status, json, text } = await this.send('POST', target, body);
    if (status !== 201) throw new Error(`${status}: ${text}`);
    return json;
  }

  /** A watch, read event by event. */
  async watch(target: string, headers: Readonly<Record<string, string>> = {}): Promise<TestWatch> {
    const stop = new AbortController();
    const { status, body } = await this.open('GET', target, undefined, { headers }, stop.signal);
    if (status !== 200) throw new Error(`the watch was refused with ${status}`);
    return new TestWatch(body, stop);
  }
}

export class TestWatch {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #stop: AbortController;

  constructor(body: AsyncIterable<Uint8Array>, stop: AbortController) {
    this.#chunks = body[Symbol.asyncIterator]();
    this.#stop = stop;
  }

  /** Undefined once the watch has ended. */
  async next(): Promise<{ readonly type: string; readonly object: JsonObject } | undefined> {
    const chunk = await this.#chunks.next();
    if (chunk.done === true) return undefined;
    const event = parse(Buffer.from(chunk.value).toString());
    const { type, object } = event;
    if (typeof type !== 'string' || !isJsonObject(object)) throw new Error('not an event');
    return { type, object };
  }

  /** So many events, as `ADDED name`. */
  async names(count: number): Promise<readonly string[]> {
    const found: string[] = [];
    while (found.length < count) {
      const event = await this.next();
      if (event === undefined) throw new Error(`the watch has ended after ${found.join(', ')}`);
      found.push(`${event.type} ${at(event.object, 'metadata', 'name')}`);
    }
    return found;
  }

  stop(): void {
    this.#stop.abort();
  }
}

/** The text or number at a path, for expectations. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): string {
  let current: Json | undefined = value;
  for (const step of path) {
    if (Array.isArray(current) && typeof step === 'number') current = current[step];
    else current = isJsonObject(current) ? current[String(step)] : undefined;
  }
  return typeof current === 'object' ? JSON.stringify(current) : String(current);
}

export function names(list: JsonObject): string[] {
  const { items } = list;
  return Array.isArray(items) ? items.map((item) => at(item, 'metadata', 'name')) : [];
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

export const POD_PATH = '/api/v1/namespaces/default/pods';
export const JOB_PATH = '/apis/batch/v1/namespaces/default/jobs';

export function pod(
  name: string,
  more: { labels?: Record<string, string>; nodeName?: string; finalizers?: string[] } = {},
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: more.labels ?? {}, ...(more.finalizers && { finalizers: more.finalizers }) },
    spec: {
      containers: [{ name: 'main', image: 'x' }],
      ...(more.nodeName !== undefined && { nodeName: more.nodeName }),
    },
  };
}

export function job(name: string): JsonObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] } } },
  };
}

export const DEFINITION_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const WIDGET_PATH = '/apis/example.com/v1/widgets';

/** A custom kind without namespaces, with a status. */
export function widgetDefinition(): JsonObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: { size: { type: 'integer', minimum: 1 }, color: { type: 'string', default: 'red' } },
                },
                status: { type: 'object', properties: { phase: { type: 'string' } } },
              },
            },
          },
        },
      ],
    },
  };
}

export function widget(name: string, spec: JsonObject = {}): JsonObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec };
}
