import { onAbort, type Time } from '../../../base/index.ts';

export interface PatienceOptions {
  readonly time: Time;
  /** Any of them ends the waiting at once. */
  readonly signals: readonly AbortSignal[];
  /** After which all waiting is over. */
  readonly lifeMs: number;
  /** How often waiting is interrupted; undefined: never. */
  readonly beatMs: number | undefined;
}

/** Why a wait has ended: `over` with its life, `ended` by a signal, `beat` for an interruption, `ready` for what it waited for. */
export type News = 'ready' | 'beat' | 'over' | 'ended';

/** Waits for something again and again, for so long and no longer. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #cancels: (() => void)[] = [];
  #cancelBeat: () => void = () => undefined;
  #wake: () => void = () => undefined;
  #isOver = false;
  #isBeat = false;

  constructor(options: PatienceOptions) {
    this.#options = options;
    const { time, signals, lifeMs } = options;
    this.#cancels.push(
      time.after(lifeMs, () => {
        this.#isOver = true;
        this.#wake();
      }),
    );
    for (const signal of signals) this.#cancels.push(onAbort(signal, () => this.#wake()));
    this.#nextBeat();
  }

  get isAborted(): boolean {
    return this.#options.signals.some(({ aborted }) => aborted);
  }

  /** @param until - resolves when there is something to do, or when its signal aborts */
  async wait(until: (signal: AbortSignal) => Promise<void>): Promise<News> {
    const interruption = new AbortController();
    this.#wake = () => interruption.abort();
    if (this.#isOver || this.#isBeat || this.isAborted) interruption.abort();
    await until(interruption.signal);
    this.#wake = () => undefined;
    if (this.isAborted) return 'ended';
    if (this.#isOver) return 'over';
    if (!this.#isBeat) return 'ready';
    this.#isBeat = false;
    return 'beat';
  }

  /** To be called when nobody waits any more. */
  end(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancelBeat();
  }

  #nextBeat(): void {
    const { time, beatMs } = this.#options;
    if (beatMs === undefined) return;
    this.#cancelBeat = time.after(beatMs, () => {
      this.#isBeat = true;
      this.#nextBeat();
      this.#wake();
    });
  }
}
