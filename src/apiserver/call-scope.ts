import { onAbort } from '../base/index.ts';

/**
 * The signal of one call: it aborts with its caller's signal, and by itself. Linked and unlinked by hand, because
 * `AbortSignal.any` leaves something behind on a signal that lives as long as the process.
 */
export class CallScope {
  readonly #controller = new AbortController();
  readonly #letGo: () => void;

  constructor(caller: AbortSignal | undefined) {
    this.#letGo = caller ? onAbort(caller, () => this.#controller.abort(caller.reason)) : () => undefined;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Lets go of the caller's signal. To be called whatever came of the call. */
  end(): void {
    this.#letGo();
  }
}
