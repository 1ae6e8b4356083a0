import { dirname, join } from 'node:path';
import { makePrivateFolder, syncFolder, type Log } from '../../base/index.ts';
import { ChangeFeed, type FeedSource } from './change-feed.ts';
import { CommitQueue, type Decide } from './commit-queue.ts';
import { closed, damaged, unreadable, writeFailed } from './failures.ts';
import { History, type HistoryLimits } from './history.ts';
import { discardUnfinishedLog, LogFile, readLog, type LogContent } from './log-file.ts';
import { encodeChanges, encodeHeading, encodeStanding } from './log-record.ts';
import { ObjectTable } from './object-table.ts';
import { freezeJson, type Change, type ObjectKey, type StoredObject } from './stored-object.ts';

/** Where the objects lie in their folder. */
export const LOG_NAME = 'objects.log';
export const STORE_LOCK_NAME = 'objects.lock';

const DEFAULT_HISTORY: HistoryLimits = { changes: 4096, bytes: 64 * 1024 * 1024 };
/** A log is begun anew once it is this long, and at least three times as long as the objects that stand. */
const COMPACT_ABOVE_BYTES = 8 * 1024 * 1024;
/** Lists of an empty store have a version that a watch can go on from; 0 would mean "any". */
const FIRST_REVISION = 1n;

/** A lock that is held, as `acquireLock` of the store folder gives it. */
export interface StoreLock {
  release(): Promise<void>;
}

export interface ObjectStoreOptions {
  /** Made 0700 where it does not stand. */
  readonly folder: string;
  /** Takes the lock that keeps a second engine away from the folder; rejects where it is held. */
  readonly lock: (path: string) => Promise<StoreLock>;
  readonly log: Log;
  /** How far back watches may begin; 4,096 changes and 64 MiB. */
  readonly history?: HistoryLimits | undefined;
  /** From which length on the log may be begun anew; 8 MiB. */
  readonly compactAboveBytes?: number | undefined;
}

/**
 * The objects of the embedded engine: in memory for reading, in a log for keeping. One counter, the revision, numbers every
 * change of any object. A write is seen by readers, and acknowledged, only once it is on the disk; a killed process leaves each
 * write whole or not at all.
 */
export class ObjectStore implements FeedSource {
  readonly #path: string;
  readonly #table = new ObjectTable();
  readonly #history: History;
  readonly #file: LogFile;
  readonly #lock: StoreLock;
  readonly #log: Log;
  readonly #queue: CommitQueue;
  readonly #listeners = new Set<() => void>();
  #revision: bigint;
  #compactAbove: number;
  #closed = false;

  private constructor(file: LogFile, content: LogContent | undefined, lock: StoreLock, options: ObjectStoreOptions) {
    this.#path = file.path;
    this.#file = file;
    this.#lock = lock;
    this.#log = options.log;
    this.#compactAbove = options.compactAboveBytes ?? COMPACT_ABOVE_BYTES;
    this.#revision = content?.heading.revision ?? FIRST_REVISION;
    for (const { object, revision, resource, namespace, name } of content?.entries ?? []) {
      const key = { resource, namespace, name };
      const after = object === null ? undefined : standing(key, revision, freezeJson(object));
      this.#table.apply({ key, after });
      if (revision > this.#revision) this.#revision = revision;
    }
    this.#history = new History(this.#revision, options.history ?? DEFAULT_HISTORY);
    this.#queue = new CommitQueue({
      table: this.#table,
      revision: () => this.#revision,
      persist: (changes) => this.#persist(changes),
      apply: (changes) => this.#apply(changes),
      afterBatch: () => this.#compactIfLong(),
    });
  }

  /**
   * Opens the store and takes its lock.
   *
   * @throws StandaloneError STANDALONE_STORE_DAMAGED, STANDALONE_STORE_NEWER, STANDALONE_STORE_UNREADABLE; whatever `lock` throws
   */
  static async open(options: ObjectStoreOptions): Promise<ObjectStore> {
    const path = join(options.folder, LOG_NAME);
    try {
      await makePrivateFolder(options.folder);
      // A new folder is an entry of its parent: without this a power cut could take it, and all that is in it.
      await syncFolder(dirname(options.folder));
    } catch (error) {
      throw unreadable(options.folder, error);
    }
    const lock = await options.lock(join(options.folder, STORE_LOCK_NAME));
    try {
      await discardUnfinishedLog(path);
      const content = await readLog(path, options.log);
      const file =
        content === undefined
          ? await LogFile.create(path, [encodeHeading({ revision: FIRST_REVISION, objects: 0 })])
          : await LogFile.open(path, content.end);
      if (content !== undefined) assertOrdered(path, content);
      return new ObjectStore(file, content, lock, options);
    } catch (error) {
      await lock.release();
      throw unreadable(path, error);
    }
  }

  /** The newest revision that is durable. */
  get revision(): bigint {
    return this.#revision;
  }

  /** The oldest revision from which a watch can begin; after a restart that is the newest one. */
  get oldestRevision(): bigint {
    return this.#history.oldest;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** How many objects stand, and how long their JSON and the log are. */
  get size(): { readonly objects: number; readonly bytes: number; readonly logBytes: number } {
    return { objects: this.#table.count, bytes: this.#table.bytes, logBytes: this.#file.size };
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#table.get(key);
  }

  /** The objects of a resource, or of one of its namespaces, in the order of namespace and name. */
  list(resource: string, namespace?: string): readonly StoredObject[] {
    return this.#table.list(resource, namespace);
  }

  /** {@link list} as it was at a revision; undefined where that is too old, or not reached yet. */
  listAt(revision: bigint, resource: string, namespace?: string): readonly StoredObject[] | undefined {
    const since = this.changesAfter(revision);
    if (since === undefined || revision > this.#revision) return undefined;
    const then = new ObjectTable();
    for (const stored of this.#table.list(resource, namespace)) then.apply({ key: stored.key, after: stored });
    for (const { key, before } of since.toReversed()) {
      if (key.resource !== resource || (namespace !== undefined && key.namespace !== namespace)) continue;
      then.apply({ key, after: before });
    }
    return then.list(resource, namespace);
  }

  changesAfter(revision: bigint): readonly Change[] | undefined {
    return this.#history.after(revision);
  }

  /** Follows all changes after a revision; undefined where that is too old. */
  follow(after: bigint): ChangeFeed | undefined {
    return this.changesAfter(after) === undefined ? undefined : new ChangeFeed(this, after);
  }

  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Decides on writes in view of what stands, and makes them durable, all or none. Nobody else's write comes between. Resolves,
   * with what the decision gives, once they are; rejects with what `decide` throws.
   *
   * @param decide - synchronous, and without effects of its own: where the disk fails it may be asked twice
   * @throws StandaloneError STANDALONE_STORE_FULL, STANDALONE_STORE_WRITE_FAILED, STANDALONE_STORE_CLOSED
   */
  commit<T>(decide: Decide<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed(this.#path));
    return this.#queue.add(decide);
  }

  /** Waits for the writes that are under way, then refuses all others, ends the feeds and gives the folder back. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.idle();
    this.#notify();
    await this.#file.close();
    await this.#lock.release();
  }

  async #persist(changes: readonly Change[]): Promise<void> {
    try {
      if (this.#file.isSuspect) await this.#file.rewrite(this.#payloads());
      await this.#file.append(encodeChanges(changes));
    } catch (error) {
      throw writeFailed(this.#path, error);
    }
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#table.apply(change);
      this.#history.add(change);
      this.#revision = change.revision;
    }
    this.#notify();
  }

  async #compactIfLong(): Promise<void> {
    if (this.#file.size < this.#compactAbove || this.#file.size < 3 * this.#table.bytes) return;
    try {
      await this.#file.rewrite(this.#payloads());
    } catch (error) {
      // The log that stands is whole; a disk that is full may have room again when the log is twice as long.
      this.#compactAbove = this.#file.size * 2;
      this.#log.warn('cannot begin the log of objects anew', {
        path: this.#path,
        reason: writeFailed(this.#path, error).message,
      });
    }
  }

  *#payloads(): Iterable<Uint8Array> {
    yield encodeHeading({ revision: this.#revision, objects: this.#table.count });
    for (const stored of this.#table.all()) yield encodeStanding(stored);
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function standing(key: ObjectKey, revision: bigint, object: StoredObject['object']): StoredObject {
  return { key, revision, object, bytes: JSON.stringify(object).length };
}

/** Revisions of changes only ever grow; a file in which they do not was put together by somebody else. */
function assertOrdered(path: string, { heading, entries, end }: LogContent): void {
  let last = heading.revision;
  for (const { revision } of entries.slice(heading.objects)) {
    if (revision <= last) throw damaged(path, end);
    last = revision;
  }
}
