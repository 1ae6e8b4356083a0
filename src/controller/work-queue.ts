import type { Time } from '../base/index.ts';

/**
 * Keys that have to be worked on. A key is in work once at a time; one that is added meanwhile comes again afterwards, and
 * one that is added twice before it is taken comes once. A key waits for one later time only, the earliest.
 */
export class WorkQueue {
  readonly #time: Time;
  readonly #onReady: () => void;
  /** In the order in which they were added. */
  readonly #ready = new Set<string>();
  readonly #inWork = new Set<string>();
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  #isClosed = false;

  /** @param onReady - called when there may be something to take */
  constructor(time: Time, onReady: () => void) {
    this.#time = time;
    this.#onReady = onReady;
  }

  /** How many keys are in work. */
  get inWork(): number {
    return this.#inWork.size;
  }

  /** No key is ready or in work; some may wait for a later time. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && this.#inWork.size === 0;
  }

  /** @param afterMs - how much later it becomes ready, in milliseconds; by default, and from 0 down: now */
  add(key: string, afterMs = 0): void {
    if (this.#isClosed) return;
    if (afterMs > 0) {
      this.#addLater(key, afterMs);
      return;
    }
    if (this.#inWork.has(key)) this.#again.add(key);
    else this.#ready.add(key);
    this.#onReady();
  }

  /** The next key; it is in work until {@link done}. */
  take(): string | undefined {
    for (const key of this.#ready) {
      this.#ready.delete(key);
      this.#inWork.add(key);
      return key;
    }
    return undefined;
  }

  done(key: string): void {
    this.#inWork.delete(key);
    if (this.#again.delete(key)) this.#ready.add(key);
    this.#onReady();
  }

  /** Forgets what waits; nothing is taken in any more. */
  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
    this.#ready.clear();
    this.#again.clear();
  }

  #addLater(key: string, afterMs: number): void {
    const at = this.#time.monotonicMs() + afterMs;
    const waiting = this.#later.get(key);
    if (waiting !== undefined && waiting.at <= at) return;
    waiting?.cancel();
    const cancel = this.#time.after(afterMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { at, cancel });
  }
}
