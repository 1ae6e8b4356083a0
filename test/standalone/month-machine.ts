import { setMaxListeners } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import {
  ApiServerError,
  createKubeClient,
  type ApiRequest,
  type ApiResponse,
  type KubeClient,
  type Transport,
} from '../../src/apiserver/index.ts';
import { systemTime, type Log, type LogFields } from '../../src/base/index.ts';
import { createOperator, type Operator } from '../../src/operator/index.ts';
import { startStandalone, type ContainerRuntime, type Standalone } from '../../src/standalone/index.ts';
import { acquireLock } from '../../src/store/index.ts';
import { makeTemporaryFolder } from '../kit/index.ts';
import { ManualTime } from '../kit/manual-time.ts';
import { SeededRandom } from '../kit/seeded-random.ts';
import { InProcessContainers, PROGRAM } from './month-containers.ts';

export interface MachineOptions {
  /** When it is there. */
  readonly at: string;
  /** Where everything of it lies. */
  readonly folder: string;
  /** Options of `holdfast backup` that name the etcd. */
  readonly backupArgs: readonly string[];
  /** In place of containers in this process. */
  readonly runtime?: ContainerRuntime;
  /** In place of {@link PROGRAM}. */
  readonly program?: readonly string[];
  /** Of the API. Default: any, another one at each boot. */
  readonly port?: number;
}

interface Running {
  readonly engine: Standalone;
  readonly operator: Operator;
  readonly stop: AbortController;
  readonly ended: Promise<unknown>;
}

const YEARS_MS = 2 * 365 * 24 * 3_600_000;
/** So many turns in a row are looked at before somebody is given time. */
const LOOKS = 25;
const LONGEST_SLEEP_MS = 3 * 3_600_000;
/** No test of months waits longer for anything; on a machine with nothing else to do it takes seconds. */
export const PATIENCE_MS = 10 * 60_000;
/** So many turns of the event loop nobody may have anything to do in, before it is believed. */
const QUIET_TURNS = 6;

/**
 * The whole of `holdfast standalone`, engine and operator as `src/fronts.ts` wires them, in this process, at a time that
 * stands still until the test moves it.
 */
export class Machine {
  readonly time: ManualTime;
  readonly containers: InProcessContainers;
  /** The test's own. */
  readonly client: KubeClient;
  /** Stands between the API and everybody in the machine. */
  intercept: (request: ApiRequest, send: Transport) => Promise<ApiResponse> = (request, send) => send(request);
  /** What was said of faults of the program itself. */
  readonly unforeseen: string[] = [];
  readonly #options: MachineOptions;
  readonly #random = new SeededRandom(20);
  /** The one of engine, operator and containers. */
  readonly #inside: KubeClient;
  #transport: Transport | undefined;
  #running: Running | undefined;
  /** Requests that have not been answered in full; watches aside. */
  #pending = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.time = new ManualTime(new Date(options.at));
    // A client's deadlines are for answers that never come; they must not pass because a test moves time.
    const deadlines = { time: systemTime, watchIdleMs: YEARS_MS };
    this.client = createKubeClient({ transport: (request) => this.#reach(request), ...deadlines });
    this.#inside = createKubeClient({ transport: (request) => this.#send(request), ...deadlines });
    this.containers = new InProcessContainers({ time: this.time, client: this.#inside });
  }

  get isOn(): boolean {
    return this.#running !== undefined;
  }

  get now(): Date {
    return this.time.now();
  }

  /** Starts engine and operator on what the folder holds. */
  async boot(): Promise<void> {
    const { folder, backupArgs, runtime = this.containers, program = PROGRAM, port = 0 } = this.#options;
    const { time } = this;
    const log = this.#log();
    const random = (): number => this.#random.next() / 2 ** 32;
    const engine = await startStandalone({
      dataDir: join(folder, 'data'),
      listen: { host: '127.0.0.1', port },
      kubeconfig: join(folder, 'kubeconfig'),
      nodeName: 'master-0',
      enableBackups: true,
      program,
      variables: process.env,
      version: '0.0.0',
      ...{ time, log, random, runtime, timeZone: 'UTC' },
      lock: (path) => acquireLock(path, { purpose: 'a test', clock: time }),
      connect: (transport) => {
        this.#transport = transport;
        return this.#inside;
      },
    });
    const settings = { image: 'holdfast', backupArgs, hostFolder: join(folder, 'default'), defaultTimeZone: 'UTC' };
    const operator = createOperator({ client: this.#inside, time, log, random, settings });
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const ended = Promise.all([engine.run(stop.signal), operator.run(stop.signal)]);
    this.#running = { engine, operator, stop, ended };
    await this.settle();
  }

  /** As if engine and operator were killed: nothing is drained, and what runs in containers runs on. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.#transport = undefined;
    running.stop.abort(new Error('killed'));
    await running.ended;
    await running.engine.close();
    await this.settle();
  }

  /** Kills engine and operator in the middle of what they do at an instant, `turns` turns of the event loop into it. */
  async killAmid(instant: Date, turns: number): Promise<void> {
    this.time.advance(Math.max(instant.getTime() - this.now.getTime(), 0));
    for (let done = 0; done < turns; done++) await turn();
    await this.kill();
  }

  /** Until nobody has anything left to do at this instant. */
  async settle(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let busy = 0;
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      this.time.advance(0);
      // Who waits for a disk or for etcd for long is not helped by looking.
      await (busy < LOOKS ? turn() : sleep(1));
      [quiet, busy] = this.#isQuiet ? [quiet + 1, 0] : [0, busy + 1];
      if (performance.now() > deadline) throw new Error(`never quiet: ${this.#describe()}`);
    }
  }

  /** Lets time pass, with everything done on the way at its own instant. */
  async passTo(instant: Date): Promise<void> {
    await this.settle();
    for (;;) {
      const next = this.time.nextTimerAt ?? instant;
      if (next >= instant) break;
      await this.#moveTo(next);
    }
    await this.#moveTo(instant);
  }

  /** Lets time pass as on a machine that sleeps, and wakes every three hours: what falls due meanwhile is late. */
  async leapTo(instant: Date): Promise<void> {
    await this.settle();
    while (this.now < instant) {
      this.time.sleep(Math.min(LONGEST_SLEEP_MS, instant.getTime() - this.now.getTime()));
      await this.settle();
    }
  }

  /** Lets time pass, each thing at its own instant, until the condition is met. */
  async passUntil(condition: () => Promise<boolean>, what: string, limitMs = 4 * 3_600_000): Promise<void> {
    const limit = this.now.getTime() + limitMs;
    await this.settle();
    while (!(await condition())) {
      const next = this.time.nextTimerAt;
      if (next === undefined || next.getTime() > limit) throw new Error(`${what}: not by ${this.now.toISOString()}`);
      await this.#moveTo(next);
    }
  }

  async #moveTo(instant: Date): Promise<void> {
    this.time.advance(Math.max(instant.getTime() - this.now.getTime(), 0));
    await this.settle();
  }

  get #isQuiet(): boolean {
    const { engine, operator } = this.#running ?? { engine: { isIdle: true }, operator: { isIdle: true } };
    return this.#pending === 0 && engine.isIdle && operator.isIdle && this.containers.isQuiet;
  }

  #describe(): string {
    const { engine, operator } = this.#running ?? {};
    const parts = { pending: this.#pending, engine: engine?.isIdle, operator: operator?.isIdle };
    return JSON.stringify({ ...parts, containers: this.containers.isQuiet });
  }

  #reach(request: ApiRequest): Promise<ApiResponse> {
    if (this.#transport !== undefined) return this.#transport(request);
    return Promise.reject(new ApiServerError('APISERVER_UNREACHABLE', 'the engine is off', { hint: 'Start it.' }));
  }

  async #send(request: ApiRequest): Promise<ApiResponse> {
    if (request.target.includes('watch=')) return this.#reach(request);
    this.#pending += 1;
    try {
      const response = await this.intercept(request, (each) => this.#reach(each));
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      return { ...response, body: replay(chunks) };
    } finally {
      this.#pending -= 1;
    }
  }

  #log(): Log {
    const note = (message: string, fields?: LogFields): void => {
      if (message.includes('unexpectedly')) this.unforeseen.push(`${message}: ${JSON.stringify(fields)}`);
    };
    return { debug: () => undefined, info: () => undefined, warn: () => undefined, error: note };
  }
}

async function* replay(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield* chunks;
}

/** An empty folder in memory where the system has such a place: what a month of runs writes durably takes seconds on a disk. */
export function fleetingFolder(): Promise<string> {
  return mkdtemp('/dev/shm/holdfast-test-').catch(() => makeTemporaryFolder());
}
