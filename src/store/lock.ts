import { randomUUID } from 'node:crypto';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, type Clock } from '../base/index.ts';
import { storageError, StoreError } from './errors.ts';
import {
  claim,
  encodeLock,
  isDead,
  readLock,
  removeQuietly,
  sweep,
  writeNew,
  type FoundLock,
  type LockContent,
} from './lock-file.ts';
import { ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** The file in a repository's folder that keeps a second run away. */
export const REPOSITORY_LOCK_NAME = '.holdfast.lock';

const HEARTBEAT_MS = 10_000;
const SILENT_MS = 120_000;
/** Every round but the last was lost to another process that moved on, so a few are plenty. */
const ROUNDS = 20;

export interface LockOptions {
  /** What the run does, for whoever finds the lock: `holdfast backup /var/backups`. Never a secret. */
  readonly purpose: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** How often the lock shows that its owner lives; 10 s. */
  readonly heartbeatMs?: number | undefined;
  /** How long an owner that cannot be seen from here may be silent before it counts as dead; 2 min. */
  readonly silentMs?: number | undefined;
  /** Who takes the lock; this process. */
  readonly identity?: ProcessIdentity | undefined;
}

/** A lock that is held. */
export interface Lock {
  readonly path: string;
  /** Throws StoreError `STORE_LOCK_LOST` if another run has taken the lock over. Call it before whatever must not happen twice. */
  assertHeld(): Promise<void>;
  /** Gives the lock back; harmless when called again, or when the lock was lost. */
  release(): Promise<void>;
}

/**
 * Takes a lock: a file that names its owner. A dead owner's lock is taken over: one whose process is gone (same boot
 * and process-id namespace), whose machine has rebooted, or who has been silent for two minutes.
 *
 * Two that find the same dead lock never both get it: the right to follow the owner with token T is the exclusive
 * creation of `<lock>.T.after`, and only its creator may replace T's lock. If that one dies before it does, the right
 * to follow *it* decides, and so on. A marker is removed only after the lock has been replaced, so one that is created
 * late finds another token in the lock, and its creator starts again.
 *
 * @param path - the lock file; its folder must exist
 * @throws StoreError `STORE_LOCKED` with who holds it, since when and what to do; others where the folder cannot be written
 */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock> {
  const own = options.identity ?? (await ownIdentity());
  const content: LockContent = {
    ...own,
    token: randomUUID(),
    since: options.clock.now().toISOString(),
    purpose: options.purpose,
  };
  const silentMs = options.silentMs ?? SILENT_MS;
  const mine = `${path}.${content.token}.new`;
  try {
    const serverNowMs = await writeNew(mine, encodeLock(content));
    const contest: Contest = { path, mine, own, serverNowMs, silentMs };
    await win(contest, options.signal);
    try {
      await syncFolder(dirname(path));
      await sweep(path, serverNowMs, silentMs);
      return await HeldLock.open(path, content, options.heartbeatMs ?? HEARTBEAT_MS);
    } catch (error) {
      await removeQuietly(path);
      throw error;
    }
  } catch (error) {
    throw storageError(error, path);
  } finally {
    await removeQuietly(mine);
  }
}

interface Contest {
  readonly path: string;
  /** Our own content, whole, under a name that nobody looks at. */
  readonly mine: string;
  readonly own: ProcessIdentity;
  readonly serverNowMs: number;
  readonly silentMs: number;
}

async function win(contest: Contest, signal: AbortSignal | undefined): Promise<void> {
  let found: FoundLock | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    signal?.throwIfAborted();
    if (await claim(contest.mine, contest.path)) return;
    found = await readLock(contest.path);
    if (found !== undefined && (await takeOver(contest, found))) return;
  }
  throw locked(contest.path, found, contest.silentMs);
}

/** Follows a dead owner. False if somebody else was faster; throws `STORE_LOCKED` if the owner, or its heir, lives. */
async function takeOver(contest: Contest, lock: FoundLock): Promise<boolean> {
  const { path, mine, own, serverNowMs, silentMs } = contest;
  const markers: string[] = [];
  let last = lock;
  for (;;) {
    if (!(await isDead(last, own, serverNowMs, silentMs))) throw locked(path, last, silentMs);
    const marker = `${path}.${last.key}.after`;
    markers.push(marker);
    const heir = await readLock(marker);
    if (heir === undefined) break;
    last = heir;
  }
  const ownMarker = markers.at(-1) ?? '';
  if (!(await claim(mine, ownMarker))) return false;
  if ((await readLock(path))?.key !== lock.key) {
    await removeQuietly(ownMarker);
    return false;
  }
  await rename(mine, path);
  for (const marker of markers) await removeQuietly(marker);
  return true;
}

class HeldLock implements Lock {
  readonly path: string;
  readonly #content: LockContent;
  readonly #file: FileHandle;
  readonly #timer: NodeJS.Timeout;
  #beat: Promise<void> = Promise.resolve();
  #held = true;

  private constructor(path: string, content: LockContent, file: FileHandle, heartbeatMs: number) {
    this.path = path;
    this.#content = content;
    this.#file = file;
    this.#timer = setInterval(() => {
      this.#beat = this.#beat.then(() => this.#heartbeat());
    }, heartbeatMs).unref();
  }

  static async open(path: string, content: LockContent, heartbeatMs: number): Promise<HeldLock> {
    return new HeldLock(path, content, await open(path, 'r+'), heartbeatMs);
  }

  async assertHeld(): Promise<void> {
    const found = await this.#read();
    if (this.#held && found?.key === this.#content.token) return;
    throw new StoreError('STORE_LOCK_LOST', `the lock ${this.path} was taken over by ${ownerOf(found)}`, {
      subject: this.path,
      hint: 'This run stood still for too long (a suspended process, a hanging file system). Run it again.',
    });
  }

  async release(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    clearInterval(this.#timer);
    await this.#beat;
    try {
      await this.#file.close();
      if ((await readLock(this.path))?.key !== this.#content.token) return;
      await removeQuietly(this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  async #read(): Promise<FoundLock | undefined> {
    try {
      return await readLock(this.path);
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  /** Writes the last byte anew: the file server, not our clock, then sets the time of change. */
  async #heartbeat(): Promise<void> {
    try {
      await this.#file.write('\n', Buffer.byteLength(encodeLock(this.#content)) - 1);
      await this.#file.sync();
    } catch {
      // A file system that fails now may work at the next beat; if not, the lock is lost, which assertHeld reports.
    }
  }
}

function ownerOf(lock: FoundLock | undefined): string {
  if (lock === undefined) return 'nobody (the file is gone)';
  if (lock.content === undefined) return 'a process that is just writing it';
  const { pid, host, purpose, since } = lock.content;
  return `process ${pid} on ${host} (${purpose}) since ${since}`;
}

function locked(path: string, lock: FoundLock | undefined, silentMs: number): StoreError {
  const owner = lock?.content;
  const stop = owner === undefined ? '' : `, or stop it (kill ${owner.pid} on ${owner.host})`;
  return new StoreError('STORE_LOCKED', `${path} is held by ${ownerOf(lock)}`, {
    subject: path,
    hint:
      `Wait for that run to end${stop}. A dead run's lock is taken over by itself: at once on the same host, ` +
      `from elsewhere after ${silentMs / 1000} s without a sign of life.`,
  });
}
