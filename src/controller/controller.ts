import { setImmediate as turn } from 'node:timers/promises';
import { ApiServerError } from '../apiserver/index.ts';
import { messageOf, onAbort, type HoldfastError, type Log, type Time } from '../base/index.ts';
import { backOff, type BackOffOptions } from './back-off.ts';
import { isForeseen } from './failure.ts';
import { waitAfter } from './retry-after.ts';
import { WorkQueue } from './work-queue.ts';

/** What a reconcile asks for; nothing where only a change has to bring the key back. */
export interface ReconcileResult {
  /** When the key is to come again, in milliseconds from the end of this pass. */
  readonly again?: number | undefined;
}

/** Brings the world nearer to what the object of the key asks for, from the state that it reads now. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most passes have nothing to return
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | void>;

/** What a controller needs of an informer: to know when it has seen everything once. */
export interface Syncing {
  readonly hasSynced: boolean;
  synced(signal: AbortSignal): Promise<void>;
}

export interface ControllerOptions {
  /** For the log. */
  readonly name: string;
  /** Whose objects reconcile reads; nothing is reconciled before they have synced. The caller runs them. */
  readonly informers: readonly Syncing[];
  /** How many keys are worked on at a time. Default: 1. */
  readonly workers?: number | undefined;
  readonly reconcile: Reconcile;
}

/** How one pass went. */
export interface PassResult {
  readonly controller: string;
  readonly key: string;
  readonly seconds: number;
  /** What was thrown; undefined after a success. */
  readonly error: unknown;
}

export interface ControllerDependencies {
  readonly time: Time;
  readonly log: Log;
  /** Hears of every pass, for metrics. */
  readonly onResult?: ((result: PassResult) => void) | undefined;
}

/** Works on keys, each in one pass at a time, and comes back to those that failed. */
export interface Controller {
  /** @param afterMs - how much later, in milliseconds; of several later times of one key the earliest counts */
  enqueue(key: string, afterMs?: number): void;
  /**
   * Works until the signal aborts, and resolves when the passes that were running then have ended. It never rejects.
   *
   * @throws TypeError where it is called twice
   */
  run(signal: AbortSignal): Promise<void>;
  /** The informers have synced, and no key is ready or in work. Waiting for a later time counts as idle. */
  readonly isIdle: boolean;
}

/**
 * A controller of the one shape that all of Holdfast's have: events bring keys, reconcile reads the state afresh, and the
 * kind of what it throws decides when the key comes again. A conflict comes again at once; what is transient, or unforeseen,
 * after 200 ms to 2 minutes; what is permanent or needs somebody after 5 seconds to 5 minutes; nothing sooner than the server
 * asks for. A success forgets the failures.
 */
export function createController(options: ControllerOptions, dependencies: ControllerDependencies): Controller {
  return new QueueController(options, dependencies);
}

const SOON: BackOffOptions = { firstMs: 200, longestMs: 120_000 };
const LATE: BackOffOptions = { firstMs: 5_000, longestMs: 300_000 };
const PASSES_A_TURN = 50;

class QueueController implements Controller {
  readonly #options: ControllerOptions;
  readonly #dependencies: ControllerDependencies;
  readonly #queue: WorkQueue;
  /** How often a key has failed in a row. */
  readonly #failures = new Map<string, number>();
  #passes = 0;
  #isRunning = false;
  #signal: AbortSignal | undefined;
  #onDrained: () => void = () => undefined;

  constructor(options: ControllerOptions, dependencies: ControllerDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#queue = new WorkQueue(dependencies.time, () => this.#work());
  }

  get isIdle(): boolean {
    return this.#options.informers.every((informer) => informer.hasSynced) && this.#queue.isIdle;
  }

  enqueue(key: string, afterMs?: number): void {
    this.#queue.add(key, afterMs);
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#isRunning) throw new TypeError(`the controller ${this.#options.name} is already running`);
    this.#isRunning = true;
    try {
      await Promise.all(this.#options.informers.map((informer) => informer.synced(signal)));
    } catch {
      this.#queue.close();
      return;
    }
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
      this.#signal = signal;
      onAbort(signal, () => {
        this.#queue.close();
        if (this.#queue.inWork === 0) resolve();
      });
      this.#work();
    });
  }

  /** Gives free workers keys. */
  #work(): void {
    const signal = this.#signal;
    if (signal === undefined) return;
    if (signal.aborted) {
      if (this.#queue.inWork === 0) this.#onDrained();
      return;
    }
    while (this.#queue.inWork < (this.#options.workers ?? 1)) {
      const key = this.#queue.take();
      if (key === undefined) return;
      void this.#pass(key, signal);
    }
  }

  /** One pass over one key. Nothing that is thrown in it gets out. */
  async #pass(key: string, signal: AbortSignal): Promise<void> {
    const { time } = this.#dependencies;
    const began = time.monotonicMs();
    let error: unknown;
    try {
      const result = await this.#options.reconcile(key, signal);
      this.#failures.delete(key);
      if (result?.again !== undefined) this.#queue.add(key, result.again);
    } catch (thrown) {
      error = thrown ?? new Error('reconcile threw nothing');
      if (!signal.aborted) this.#fail(key, error);
    }
    // Passes that ask nobody for anything follow each other without a turn for timers and connections, the Lease's too.
    this.#passes += 1;
    if (this.#passes % PASSES_A_TURN === 0) await turn();
    this.#report({ controller: this.#options.name, key, seconds: (time.monotonicMs() - began) / 1000, error });
    this.#queue.done(key);
  }

  #fail(key: string, error: unknown): void {
    const { log } = this.#dependencies;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const fields = { controller: this.#options.name, key, error: messageOf(error), attempt: failures };
    if (!isForeseen(error)) {
      // Nobody foresaw it, so it is a fault of this program; the stack says where.
      log.error('reconcile failed unexpectedly', {
        ...fields,
        stack: error instanceof Error ? error.stack : undefined,
      });
      this.#queue.add(key, backOff(failures, SOON));
      return;
    }
    const isConflict = error instanceof ApiServerError && error.code === 'APISERVER_CONFLICT';
    if (isConflict) log.debug('the object changed meanwhile', fields);
    else log[error.kind === 'transient' ? 'warn' : 'error']('reconcile failed', { ...fields, code: error.code });
    this.#queue.add(key, this.#waitAfter(error, failures, isConflict));
  }

  /** A conflict may repeat until the informer has seen the other's change: from the second on it waits as well. */
  #waitAfter(error: HoldfastError, failures: number, isConflict: boolean): number {
    if (isConflict) return failures === 1 ? 0 : backOff(failures - 1, SOON);
    return waitAfter(error, backOff(failures, error.kind === 'transient' ? SOON : LATE));
  }

  #report(result: PassResult): void {
    try {
      this.#dependencies.onResult?.(result);
    } catch (error) {
      this.#dependencies.log.error('a listener failed', { controller: result.controller, error: messageOf(error) });
    }
  }
}
