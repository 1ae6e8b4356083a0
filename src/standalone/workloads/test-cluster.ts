import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { ManualTime } from '../../../test/kit/manual-time.ts';
import { SeededRandom } from '../../../test/kit/seeded-random.ts';
import {
  createKubeClient,
  resources,
  type ApiRequest,
  type ApiResponse,
  type CronJob,
  type Job,
  type KubeClient,
  type KubeObject,
  type Pod,
  type Resource,
} from '../../apiserver/index.ts';
import { silentLog, systemTime, type Time } from '../../base/index.ts';
import { createInformer, type Informer } from '../../controller/index.ts';
import { TestApi } from '../api/test-api.ts';

export const NAMESPACE = 'openshift-etcd';

/** What a test runs in a cluster: a controller, an informer. */
interface Running {
  readonly isIdle?: boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** Time that a test moves, with a wall clock that can be set apart from it. */
export class SettableTime implements Time {
  readonly #time: ManualTime;
  /** By how much the wall clock is wrong, in milliseconds. */
  wrongBy = 0;

  constructor(start: string) {
    this.#time = new ManualTime(new Date(start));
  }

  now(): Date {
    return new Date(this.#time.now().getTime() + this.wrongBy);
  }

  monotonicMs(): number {
    return this.#time.monotonicMs();
  }

  after(ms: number, run: () => void): () => void {
    return this.#time.after(ms, run);
  }

  advance(ms: number): void {
    this.#time.advance(ms);
  }

  /** How long it is until something falls due; infinite where nothing waits. */
  get msToNextTimer(): number {
    return (this.#time.nextTimerAt?.getTime() ?? Infinity) - this.#time.now().getTime();
  }
}

/** The engine's API, as its controllers reach it, at a time that stands still until a test moves it. */
export class TestCluster {
  readonly time: SettableTime;
  readonly client: KubeClient;
  readonly log = silentLog;
  /** Called before each request; what it throws, the client gets. */
  onRequest: (request: ApiRequest) => void = () => undefined;
  /** Called once a request has been carried out; what it throws, the client gets in place of the answer. */
  onAnswer: (request: ApiRequest) => void = () => undefined;
  readonly #api: TestApi;
  readonly #running: Running[] = [];
  #stop = new AbortController();
  /** Requests that have not been answered in full; watches aside. */
  #pending = 0;

  private constructor(time: SettableTime, api: TestApi) {
    this.time = time;
    this.#api = api;
    // Its deadlines are for answers that never come; they must not pass because a test moves time.
    const transport = (request: ApiRequest): Promise<ApiResponse> => this.#send(request);
    this.client = createKubeClient({ transport, time: systemTime, watchIdleMs: 2 * 365 * 24 * 3_600_000 });
    onTestFinished(() => this.stop());
  }

  static async start(at = '2026-03-10T12:00:00Z'): Promise<TestCluster> {
    const time = new SettableTime(at);
    const random = new SeededRandom(1);
    return new TestCluster(time, await TestApi.start({ time, random: () => random.next() / 2 ** 32 }));
  }

  informer<T extends KubeObject>(resource: Resource<T>): Informer<T> {
    const informer = createInformer(this.client, resource, { time: systemTime, log: this.log });
    this.start(informer);
    return informer;
  }

  start(running: Running): void {
    setMaxListeners(0, this.#stop.signal);
    this.#running.push(running);
    void running.run(this.#stop.signal);
  }

  /** As if the engine were killed: everything that runs in it stops; the objects stay. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    this.#stop = new AbortController();
    this.#running.length = 0;
    await this.settle();
  }

  /** Until nobody has anything left to do at this instant. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 6;) {
      this.time.advance(0);
      await turn();
      const isQuiet = this.#pending === 0 && this.#running.every(({ isIdle }) => isIdle !== false);
      quiet = isQuiet ? quiet + 1 : 0;
    }
  }

  /** Lets time pass, with everything done on the way that falls due. */
  async pass(ms: number): Promise<void> {
    const end = this.time.monotonicMs() + ms;
    await this.settle();
    while (this.time.monotonicMs() + this.time.msToNextTimer <= end) {
      this.time.advance(this.time.msToNextTimer);
      await this.settle();
    }
    this.time.advance(end - this.time.monotonicMs());
    await this.settle();
  }

  async all<T extends KubeObject>(resource: Resource<T>): Promise<readonly T[]> {
    return (await this.client.list(resource)).items;
  }

  cronJob(name: string): Promise<CronJob> {
    return this.client.get(resources.cronJobs, { name, namespace: NAMESPACE });
  }

  job(name: string): Promise<Job> {
    return this.client.get(resources.jobs, { name, namespace: NAMESPACE });
  }

  pod(name: string): Promise<Pod> {
    return this.client.get(resources.pods, { name, namespace: NAMESPACE });
  }

  /** The names of all objects of a kind, in order. */
  async names(resource: Resource): Promise<readonly string[]> {
    return (await this.all(resource)).map(({ metadata }) => metadata.name).sort();
  }

  /** `reason: message`, and how often if more than once. */
  async events(): Promise<readonly string[]> {
    return (await this.all(resources.events)).map(({ reason, message, count }) => {
      const times = count === undefined || count === 1 ? '' : ` (x${count})`;
      return `${reason ?? ''}: ${message ?? ''}${times}`;
    });
  }

  async #send(request: ApiRequest): Promise<ApiResponse> {
    if (request.target.includes('watch=')) return this.#api.api.transport(request);
    this.#pending += 1;
    try {
      this.onRequest(request);
      const response = await this.#api.api.transport(request);
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      this.onAnswer(request);
      return { ...response, body: replay(chunks) };
    } finally {
      this.#pending -= 1;
    }
  }
}

async function* replay(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield* chunks;
}
