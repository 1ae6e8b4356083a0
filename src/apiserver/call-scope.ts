/**
 * The signal of one call: it aborts with its caller's signal, and by itself. Linked and unlinked by hand, because
 * `AbortSignal.any` leaves something behind on a signal that lives as long as the process.
 */
export class CallScope {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #follow = (): void => this.#controller.abort(this.#caller?.reason);

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted) this.#follow();
    else caller?.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Lets go of the caller's signal. To be called whatever came of the call. */
  end(): void {
    this.#caller?.removeEventListener('abort', this.#follow);
  }
}
