/**
 * The verbs, each loaded when it is called: `list` has no use for a gRPC client, and reading one takes longer than
 * listing.
 */

function onDemand<A extends readonly unknown[], R>(
  load: () => Promise<(...args: A) => Promise<R>>,
): (...args: A) => Promise<R> {
  return async (...args) => (await load())(...args);
}

export const takeBackup = onDemand(async () => (await import('./take-backup/take-backup.ts')).takeBackup);
export const listBackups = onDemand(async () => (await import('./list-backups.ts')).listBackups);
export const pruneBackups = onDemand(async () => (await import('./prune-backups.ts')).pruneBackups);
export const snapshotStatus = onDemand(async () => (await import('./snapshot-status.ts')).snapshotStatus);
export const verifyPath = onDemand(async () => (await import('./verify-path.ts')).verifyPath);
export const restoreMemberFrom = onDemand(async () => (await import('./restore/restore-member.ts')).restoreMemberFrom);
export const restoreHost = onDemand(async () => (await import('./restore/restore-host.ts')).restoreHost);
export const rollBackHost = onDemand(async () => (await import('./restore/restore-host.ts')).rollBackHost);
export const restoreQuorum = onDemand(async () => (await import('./restore/restore-quorum.ts')).restoreQuorum);
