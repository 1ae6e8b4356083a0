import { DIRTY_MARKER, filesOf, scanRepository, type Backup } from '../backup/index.ts';
import { messageOf } from '../base/index.ts';
import { planRetention, type RetentionPlan, type RetentionPolicy } from '../retention/index.ts';
import { removeEmptyFolder, removeFile, type Lock } from '../store/index.ts';
import { lockRepository } from './locks.ts';
import type { Surroundings } from './surroundings.ts';
import { verifyBackup } from './verify-backup.ts';

export interface PruneRequest {
  /** The repository. */
  readonly folder: string;
  readonly resourcesDir: string | undefined;
  readonly policy: RetentionPolicy;
  /** Only the backups of this recurring Backup; all others are as if they were not there. */
  readonly series?: string | undefined;
  /** Decide and report, but remove nothing. */
  readonly dryRun: boolean;
}

export interface PruneReport {
  readonly folder: string;
  readonly dryRun: boolean;
  /** Newest first. */
  readonly kept: readonly { readonly id: string; readonly reason: string; readonly bytes: number }[];
  /** Those removed, or that a dry run would remove; newest first. */
  readonly removed: readonly {
    readonly id: string;
    readonly reason: string;
    readonly bytes: number;
    readonly files: readonly string[];
  }[];
  /** Those that should have been removed and could not be. */
  readonly failed: readonly { readonly id: string; readonly message: string }[];
}

/**
 * Applies a retention policy to a repository.
 *
 * @throws StoreError where the folder cannot be read or another run holds it. A backup that cannot be removed is
 * reported, and the others are removed all the same.
 */
export async function pruneBackups(request: PruneRequest, surroundings: Surroundings): Promise<PruneReport> {
  if (request.dryRun) return pruneLocked(request, { made: [] }, surroundings);
  const lock = await lockRepository(request.folder, 'prune', surroundings);
  try {
    return await pruneLocked(request, { lock, made: [] }, surroundings);
  } finally {
    await lock.release();
  }
}

/** What a caller of {@link pruneLocked} brings along. */
export interface PruneContext {
  /** The repository's lock; absent for a dry run. */
  readonly lock?: Lock | undefined;
  /** Ids of backups that were made and proven good in this very run. They stay, even if the clock has jumped back. */
  readonly made: readonly string[];
}

/** The same for a caller that holds the repository's lock. */
export async function pruneLocked(
  request: PruneRequest,
  { lock, made }: PruneContext,
  surroundings: Surroundings,
): Promise<PruneReport> {
  const { backups } = await scanRepository(request.folder, {
    resourcesDir: request.resourcesDir,
    series: request.series,
    signal: surroundings.signal,
  });
  const plan = await decide(request.policy, backups, made, surroundings);
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const removed: PruneReport['removed'][number][] = [];
  const failed: PruneReport['failed'][number][] = [];
  // Oldest first: a run that is interrupted leaves the newest.
  for (const { id, reason } of plan.remove.toReversed()) {
    const backup = byId.get(id);
    if (backup === undefined) continue;
    try {
      surroundings.signal.throwIfAborted();
      await lock?.assertHeld();
      if (!request.dryRun) await removeBackup(backup, request.folder);
      removed.unshift({ id, reason, bytes: backup.bytes, files: filesOf(backup) });
    } catch (error) {
      if (surroundings.signal.aborted) throw error;
      failed.push({ id, message: messageOf(error) });
    }
  }
  const kept = plan.keep.map((each) => ({ ...each, bytes: byId.get(each.id)?.bytes ?? 0 }));
  return { folder: request.folder, dryRun: request.dryRun, kept, removed, failed };
}

/**
 * Plans with what is known, reads what is not known but matters, and plans again, until every backup that the plan
 * counts as good has been proven so. Nothing is removed on the word of a manifest alone: the newest backup that is kept
 * is read back in full, and so is every one that no manifest vouches for.
 */
async function decide(
  policy: RetentionPolicy,
  backups: readonly Backup[],
  made: readonly string[],
  surroundings: Surroundings,
): Promise<RetentionPlan> {
  const proven = new Map<string, boolean>(made.map((id) => [id, true]));
  const isGood = (backup: Backup): boolean => proven.get(backup.id) ?? backup.state !== 'incomplete';
  for (;;) {
    const plan = planRetention(
      policy,
      backups.map((backup) => ({
        id: backup.id,
        created: backup.created,
        bytes: backup.bytes,
        good: isGood(backup),
      })),
      { pinned: [...made, ...heldBack(backups, isGood)] },
    );
    if (plan.remove.length === 0) return plan;
    const kept = new Set(plan.keep.map(({ id }) => id));
    const next = backups.find(
      (backup, index) => kept.has(backup.id) && needsProof(backup, proven, index === backups.findIndex(isGood)),
    );
    if (next === undefined) return plan;
    proven.set(next.id, (await verifyBackup(next, surroundings)).good);
  }
}

/**
 * What stays whatever the policy says: what is newer than the newest good backup (another tool may be writing it), the
 * newest good one that was not forced, and the newest good one with static pod resources, since forced ones and bare
 * snapshots must not crowd those out.
 */
function heldBack(backups: readonly Backup[], isGood: (backup: Backup) => boolean): readonly string[] {
  const newestGood = backups.findIndex(isGood);
  const newer = newestGood < 0 ? [] : backups.slice(0, newestGood);
  const clean = backups.find((backup) => isGood(backup) && !backup.id.endsWith(DIRTY_MARKER));
  const whole = backups.find((backup) => isGood(backup) && backup.files.some(({ kind }) => kind === 'resources'));
  return [...newer, clean, whole].flatMap((backup) => (backup === undefined ? [] : [backup.id]));
}

function needsProof(backup: Backup, proven: ReadonlyMap<string, boolean>, newest: boolean): boolean {
  if (proven.has(backup.id) || backup.state === 'incomplete') return false;
  return newest || backup.state === 'foreign' || backup.state === 'unverified';
}

/** Removes a backup's own files, and its sub-folder where nothing else is left in it. */
export async function removeBackup(backup: Backup, repository: string): Promise<void> {
  for (const path of filesOf(backup)) await removeFile(path);
  if (backup.subfolder !== undefined && backup.folder !== repository) await removeEmptyFolder(backup.folder);
}
