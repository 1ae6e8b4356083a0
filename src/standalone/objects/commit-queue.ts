import type { JsonObject } from '../schema/index.ts';
import type { ObjectTable } from './object-table.ts';
import { freezeJson, withRevision, type Change, type ObjectKey } from './stored-object.ts';
import { BatchView, type View } from './view.ts';

/** One object to be written; null removes it. Its `metadata.resourceVersion` is set by the store. */
export interface Write {
  readonly key: ObjectKey;
  readonly object: JsonObject | null;
}

export interface Decision<T> {
  /** Applied in this order; each gets a revision of its own. May be empty. */
  readonly writes: readonly Write[];
  /** What the caller gets once the writes are durable. */
  readonly result: (changes: readonly Change[]) => T;
}

export type Decide<T> = (view: View) => Decision<T>;

/** How many writers may share one flush of the disk, and how many bytes; the first is taken whatever its length. */
const LARGEST_BATCH = 256;
const LARGEST_BATCH_BYTES = 16 * 1024 * 1024;

interface Waiting {
  /** Decides in view of the batch; what it gives back settles the caller's promise. */
  readonly decide: (view: View, next: bigint) => Outcome;
  readonly reject: (error: unknown) => void;
}

interface Outcome {
  readonly changes: readonly Change[];
  readonly settle: () => void;
}

export interface CommitQueueParts {
  readonly table: ObjectTable;
  /** The newest durable revision. */
  readonly revision: () => bigint;
  /** Makes the changes durable, all or none. */
  readonly persist: (changes: readonly Change[]) => Promise<void>;
  /** Shows the durable changes to readers. */
  readonly apply: (changes: readonly Change[]) => void;
  readonly afterBatch: () => Promise<void>;
}

/**
 * Runs decisions one after the other and shares flushes of the disk: all that wait when a flush begins go with it. Nobody is
 * told anything, not even "it exists already", before what that rests on is durable.
 */
export class CommitQueue {
  readonly #parts: CommitQueueParts;
  #waiting: Waiting[] = [];
  #work: Promise<void> | undefined;

  constructor(parts: CommitQueueParts) {
    this.#parts = parts;
  }

  add<T>(decide: Decide<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        decide: (view, next) => {
          const { writes, result } = decide(view);
          const changes = writes.map((write, index) => toChange(write, view, next + BigInt(index)));
          return { changes, settle: () => resolve(new Promise((settled) => settled(result(changes)))) };
        },
        reject,
      });
      this.#work ??= this.#run();
    });
  }

  /** Resolves once nothing waits. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #run(): Promise<void> {
    // Whoever calls in the same turn of the event loop shares the first flush.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#commit(this.#waiting.splice(0, LARGEST_BATCH));
      await this.#parts.afterBatch();
    }
    this.#work = undefined;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const { changes, settle, left } = this.#decide(batch);
    this.#waiting.unshift(...left);
    try {
      if (changes.length > 0) await this.#parts.persist(changes);
    } catch (error) {
      // One that is too large for the room that is left must not take the others with it.
      const [only, ...others] = batch;
      if (others.length === 0) return only?.reject(error);
      this.#waiting.splice(0, left.length);
      for (const one of batch) await this.#commit([one]);
      return;
    }
    this.#parts.apply(changes);
    for (const tell of settle) tell();
  }

  #decide(batch: readonly Waiting[]): {
    readonly changes: readonly Change[];
    readonly settle: readonly (() => void)[];
    /** Those that the batch has no room for. */
    readonly left: readonly Waiting[];
  } {
    const view = new BatchView(this.#parts.table);
    const changes: Change[] = [];
    const settle: (() => void)[] = [];
    let bytes = 0;
    for (const [index, { decide, reject }] of batch.entries()) {
      if (bytes > LARGEST_BATCH_BYTES) return { changes, settle, left: batch.slice(index) };
      try {
        const outcome = decide(view, this.#parts.revision() + BigInt(changes.length) + 1n);
        for (const change of outcome.changes) {
          view.add(change);
          changes.push(change);
          bytes += change.after?.bytes ?? 0;
        }
        settle.push(outcome.settle);
      } catch (error) {
        settle.push(() => reject(error));
      }
    }
    return { changes, settle, left: [] };
  }
}

function toChange({ key, object }: Write, view: View, revision: bigint): Change {
  const before = view.get(key);
  if (object === null) return { key, revision, before, after: undefined };
  const written = freezeJson(withRevision(object, revision));
  return { key, revision, before, after: { key, revision, object: written, bytes: JSON.stringify(written).length } };
}
