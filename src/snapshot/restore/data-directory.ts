import { join } from 'node:path';
import { openForReading } from '../../base/index.ts';
import { summarizeWalFolder, type WalSummary } from '../../wal/index.ts';
import type { ClusterState } from '../cluster-state.ts';
import { planWalk } from '../walk-plan.ts';
import { readFailed, readRevision, unusable } from './database.ts';

/** What a stopped member's data directory says. */
export interface DataDirectory {
  /** The database: `member/snap/db`. */
  readonly databasePath: string;
  /** The database's revision. */
  readonly revision: bigint;
  /**
   * No revision that the member ever gave out is above this: the log may hold requests that the database does not, and
   * each of them makes one revision at most.
   */
  readonly highestRevision: bigint;
  /** What the database says beside the keys. */
  readonly state: ClusterState;
  /** The log; its `requests` and `confChanges` are those that the database does not have. */
  readonly log: WalSummary;
}

export interface DataDirectoryOptions {
  readonly dataDir: string;
  /** Default: `member/wal` in the data directory. */
  readonly walDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads what a member left, without changing anything. The member must have stopped; that is the caller's to know.
 *
 * @throws RestoreError `RESTORE_READ_FAILED`, `RESTORE_SNAPSHOT_UNUSABLE`; BoltError; WalError `WAL_MISSING`,
 *   `WAL_READ_FAILED`; the signal's reason if it aborts
 */
export async function readDataDirectory(options: DataDirectoryOptions): Promise<DataDirectory> {
  const { dataDir, walDir = join(dataDir, 'member', 'wal'), signal } = options;
  const databasePath = join(dataDir, 'member', 'snap', 'db');
  const { state, revision } = readDatabase(databasePath);
  const log = await summarizeWalFolder(walDir, { after: state.consistentIndex ?? 0n, signal });
  const highestRevision = revision + BigInt(log.requests + log.uncommittedRequests);
  return { databasePath, revision, highestRevision, state, log };
}

function readDatabase(path: string): { readonly state: ClusterState; readonly revision: bigint } {
  const file = openDatabase(path);
  try {
    const { plan, findings } = planWalk(file);
    if (plan === undefined) throw unusable(findings.kept[0]?.message ?? 'it has no usable meta page');
    return { state: plan.state, revision: readRevision(file) };
  } finally {
    file.close();
  }
}

function openDatabase(path: string): ReturnType<typeof openForReading> {
  try {
    return openForReading(path);
  } catch (cause) {
    throw readFailed(path, cause);
  }
}
