import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openForReading, type Finding } from '../base/index.ts';
import { openWal, summarizeWal, type WalSummary } from '../wal/index.ts';
import type { ClusterState } from './cluster-state.ts';
import { planWalk } from './walk-plan.ts';

/** The data directory of a member that does not run. */
export interface StoppedMemberOptions {
  readonly dataDir: string;
  /** Where the log lies, if not in `member/wal`. */
  readonly walDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a stopped member's database and its log stand to each other. */
export interface StoppedMember {
  readonly database: string;
  /** Bytes. */
  readonly size: number;
  /** Undefined where the database is damaged; the findings say how. */
  readonly state: ClusterState | undefined;
  /** What the log holds after the last entry that the database has. */
  readonly log: WalSummary;
  /** Of the database; those of the log are with it. */
  readonly findings: readonly Finding[];
}

/**
 * Compares the database of a stopped member with its write-ahead log.
 *
 * etcd writes to the log first and commits the database later, in batches, so that a member that was killed may have entries
 * in its log that its database lacks. One that ended orderly has none, but for entries that it never knew to be committed.
 *
 * @throws Node's system error where the database is not there, WalError `WAL_MISSING`, `WAL_READ_FAILED`
 */
export async function inspectStoppedMember(options: StoppedMemberOptions): Promise<StoppedMember> {
  const { dataDir, walDir = join(dataDir, 'member', 'wal'), signal } = options;
  const database = join(dataDir, 'member', 'snap', 'db');
  const { size } = await stat(database);
  const { state, findings } = readState(database);
  const wal = await openWal(walDir);
  try {
    const after = state?.consistentIndex;
    return { database, size, state, findings, log: summarizeWal(wal.segments, { after, signal }) };
  } finally {
    wal.close();
  }
}

function readState(database: string): Pick<StoppedMember, 'state' | 'findings'> {
  const file = openForReading(database);
  try {
    const { plan, findings } = planWalk(file);
    return { state: plan?.state, findings: findings.kept };
  } finally {
    file.close();
  }
}
