import type { Change } from './stored-object.ts';

export interface HistoryLimits {
  /** How many changes are kept. */
  readonly changes: number;
  /** How many bytes of JSON the objects of these changes may come to; the newest change is kept in any case. */
  readonly bytes: number;
}

/**
 * The newest changes, in order and bounded, so that watches can go on from an older revision and lists can be read as of one.
 * A revision is "reachable" while every change after it is still here.
 */
export class History {
  readonly #limits: HistoryLimits;
  #changes: (Change | undefined)[] = [];
  /** Where the kept changes begin in the array: the front is cut off in large pieces. */
  #start = 0;
  #bytes = 0;
  #oldest: bigint;

  /** @param revision - the newest revision when the history begins; older ones are not reachable */
  constructor(revision: bigint, limits: HistoryLimits) {
    this.#oldest = revision;
    this.#limits = limits;
  }

  /** The oldest revision that is reachable. */
  get oldest(): bigint {
    return this.#oldest;
  }

  add(change: Change): void {
    this.#changes.push(change);
    this.#bytes += bytesOf(change);
    while (this.#length > 1 && (this.#length > this.#limits.changes || this.#bytes > this.#limits.bytes))
      this.#forget();
    if (this.#start > 1024 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
  }

  /** The changes with a higher revision, oldest first; undefined where the revision is not reachable. */
  after(revision: bigint): readonly Change[] | undefined {
    if (revision < this.#oldest) return undefined;
    return this.#changes.slice(this.#firstAfter(revision)).filter((change) => change !== undefined);
  }

  get #length(): number {
    return this.#changes.length - this.#start;
  }

  #forget(): void {
    const change = this.#changes[this.#start];
    if (change === undefined) return;
    this.#bytes -= bytesOf(change);
    this.#oldest = change.revision;
    this.#changes[this.#start] = undefined;
    this.#start++;
  }

  #firstAfter(revision: bigint): number {
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const change = this.#changes[middle];
      if (change !== undefined && change.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What it keeps in memory beyond the objects that stand: at most the object before it and the one after it. */
function bytesOf({ before, after }: Change): number {
  return (before?.bytes ?? 0) + (after?.bytes ?? 0);
}
