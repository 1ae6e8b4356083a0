import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { ManualTime } from '../../../test/kit/manual-time.ts';
import {
  resources,
  type CronJob,
  type Job,
  type KubeEvent,
  type KubeObject,
  type ListOptions,
  type ObjectList,
  type Pod,
  type Resource,
} from '../../apiserver/index.ts';
import { silentLog, type Time } from '../../base/index.ts';
import { createInformer, type Informer } from '../../controller/index.ts';
import { TestApi } from '../volumes/test-api.ts';

/** What a test runs in a cluster: a controller, an informer. */
interface Running {
  readonly isIdle?: boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** A wall clock that can be set, apart from the time that passes. */
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

  get nextTimerAt(): Date | undefined {
    return this.#time.nextTimerAt;
  }
}

/** The API of the other engine parts' tests, with label selectors. */
class SelectingApi extends TestApi {
  override async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const all = await super.list(resource, options);
    const wanted = (options.labelSelector ?? '').split(',').filter((each) => each !== '');
    const items = all.items.filter(({ metadata }) =>
      wanted.every(
        (each) => `${each.split('=')[0] ?? ''}=${metadata.labels?.[each.split('=')[0] ?? ''] ?? ''}` === each,
      ),
    );
    return { ...all, items };
  }
}

/** A cluster in memory, at a time that stands still until a test moves it. */
export class TestCluster {
  readonly time: SettableTime;
  readonly api: TestApi;
  readonly log = silentLog;
  readonly #running: Running[] = [];
  #stop = new AbortController();

  constructor(start = '2026-03-10T12:00:00Z') {
    this.time = new SettableTime(start);
    this.api = new SelectingApi(this.time);
    onTestFinished(() => this.stop());
  }

  informer<T extends KubeObject>(resource: Resource<T>): Informer<T> {
    const informer = createInformer(this.api, resource, { time: this.time, log: this.log });
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
    await turn();
  }

  /** Until nobody has anything left to do at this instant. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 5;) {
      this.time.advance(0);
      await turn();
      quiet = this.#running.every(({ isIdle }) => isIdle !== false) ? quiet + 1 : 0;
    }
  }

  /** Lets time pass, with everything done on the way that falls due. */
  async pass(ms: number): Promise<void> {
    const end = this.time.monotonicMs() + ms;
    await this.settle();
    for (;;) {
      const next = this.time.nextTimerAt?.getTime() ?? Infinity;
      const wait = next - (this.time.now().getTime() - this.time.wrongBy);
      if (this.time.monotonicMs() + wait > end) break;
      this.time.advance(Math.max(wait, 0));
      await this.settle();
    }
    this.time.advance(end - this.time.monotonicMs());
    await this.settle();
  }

  jobs(): readonly Job[] {
    return this.api.all(resources.jobs);
  }

  pods(): readonly Pod[] {
    return this.api.all(resources.pods);
  }

  cronJob(name: string): CronJob {
    const found = this.api.all(resources.cronJobs).find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`no CronJob ${name}`);
    return found;
  }

  job(name: string): Job {
    const found = this.jobs().find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`no Job ${name}`);
    return found;
  }

  /** `reason: message`, and how often if more than once. */
  events(): readonly string[] {
    return this.api.all(resources.events).map(({ reason, message, count }: KubeEvent) => {
      const times = count === undefined || count === 1 ? '' : ` (x${count})`;
      return `${reason ?? ''}: ${message ?? ''}${times}`;
    });
  }

  /** Sets a Job's end, as the Job controller does. */
  async finish(name: string, type: 'Complete' | 'Failed'): Promise<void> {
    const job = this.job(name);
    const now = `${this.time.now().toISOString().slice(0, 19)}Z`;
    await this.api.updateStatus(resources.jobs, {
      ...job,
      status: {
        ...job.status,
        conditions: [{ type, status: 'True' }],
        ...(type === 'Complete' && { completionTime: now }),
      },
    });
    await this.settle();
  }
}
