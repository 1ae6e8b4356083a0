import { onAbort } from '../../base/index.ts';
import type { Change } from './stored-object.ts';

/** What a feed reads from. */
export interface FeedSource {
  /** The newest revision that is durable. */
  readonly revision: bigint;
  /** Undefined where the revision is too old. */
  changesAfter(revision: bigint): readonly Change[] | undefined;
  /** Calls `listener` after each batch of changes, and when the source closes. */
  onCommit(listener: () => void): () => void;
  readonly isClosed: boolean;
}

/** Why a feed has ended. */
export type FeedEnd =
  /** The reader was slower than the store for so long that changes which it has not seen are forgotten. */
  'lagging' | 'closed';

/**
 * Follows the changes from a revision on at its reader's own pace. It holds no queue: a slow reader costs no memory,
 * and its feed ends once what it has not read yet falls out of the store's bounded history.
 */
export class ChangeFeed {
  readonly #source: FeedSource;
  #revision: bigint;

  /** @param after - the first change that is given has a higher revision; has to be reachable */
  constructor(source: FeedSource, after: bigint) {
    this.#source = source;
    this.#revision = after;
  }

  /** All changes up to this revision have been given. */
  get revision(): bigint {
    return this.#revision;
  }

  /** What has changed since the last call; empty where nothing has. */
  take(): readonly Change[] | FeedEnd {
    const changes = this.#source.changesAfter(this.#revision);
    if (changes === undefined) return 'lagging';
    if (changes.length === 0 && this.#source.isClosed) return 'closed';
    this.#revision = changes.at(-1)?.revision ?? this.#revision;
    return changes;
  }

  /** Resolves once {@link take} has something to give, and at the latest when the signal aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    const isReady = (): boolean => signal.aborted || this.#source.isClosed || this.#source.revision > this.#revision;
    if (isReady()) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        if (!isReady()) return;
        stopListening();
        stopWaiting();
        resolve();
      };
      const stopListening = this.#source.onCommit(settle);
      const stopWaiting = onAbort(signal, settle);
    });
  }
}
