import type { Time } from '../base/index.ts';

/** Who has not asked for so long has not watched it meanwhile. */
const UNWATCHED_MS = 60_000;

/**
 * For how long things have been as they are, as far as this process has watched them. It goes by its own clock alone: the
 * times in objects are those of other machines.
 */
export class Patience {
  readonly #time: Time;
  readonly #watched = new Map<string, { readonly since: number; readonly last: number }>();

  constructor(time: Time) {
    this.#time = time;
  }

  /** How long something has been so, milliseconds: 0 for what is new, or was not asked about for a minute. */
  waited(what: string): number {
    const now = this.#time.monotonicMs();
    for (const [each, { last }] of this.#watched) if (now - last > UNWATCHED_MS) this.#watched.delete(each);
    const since = this.#watched.get(what)?.since ?? now;
    this.#watched.set(what, { since, last: now });
    return now - since;
  }

  /** It is so no longer. */
  end(what: string): void {
    this.#watched.delete(what);
  }
}
