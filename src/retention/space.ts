import { formatBytes } from '../base/index.ts';
import { newestFirst, type RetainedBackup } from './order.ts';
import { planRetention, type Decision } from './plan.ts';
import { checked, type RetentionPolicy } from './policy.ts';

/** The backup that is about to be made. */
export interface IncomingBackup {
  /** How large it will be, as far as one can tell. */
  readonly bytes: number;
  /** When it will have been taken; absent: after all others. */
  readonly created?: Date | undefined;
}

export interface SpacePlan {
  /** What to remove before the run, oldest first; empty where nothing needs to go or where it would not be enough. */
  readonly remove: readonly Decision[];
  /** What that frees, in bytes. */
  readonly freedBytes: number;
  /** Whether the space needed is there after the removals. */
  readonly enough: boolean;
}

/**
 * What may be removed before a run because the volume is short: only backups that this run's retention would remove
 * anyway once the new one stands, oldest first, no more than needed; never the newest good one, and nothing while no
 * good one stands, since the run may fail. If even that is not enough nothing is removed.
 *
 * @param needBytes - how many bytes have to become free beyond those that are; 0 or less if the volume is not short
 * @throws what {@link planRetention} throws
 */
export function planSpace(
  policy: RetentionPolicy,
  backups: readonly RetainedBackup[],
  incoming: IncomingBackup,
  needBytes: number,
): SpacePlan {
  checked(policy);
  const ordered = newestFirst(backups);
  if (needBytes <= 0) return { remove: [], freedBytes: 0, enough: true };
  const newestGood = ordered.find((backup) => backup.good);
  const remove: Decision[] = [];
  let freedBytes = 0;
  for (const backup of removable(policy, ordered, incoming).reverse()) {
    if (newestGood === undefined || freedBytes >= needBytes) break;
    if (backup.id === newestGood.id) continue;
    freedBytes += backup.bytes;
    remove.push({
      id: backup.id,
      reason: `${formatBytes(needBytes)} more are needed, and the policy removes it once the new backup stands`,
    });
  }
  if (freedBytes < needBytes) return { remove: [], freedBytes: 0, enough: false };
  return { remove, freedBytes, enough: true };
}

/** What retention would remove if the incoming backup stood and were good; newest first. */
function removable(
  policy: RetentionPolicy,
  ordered: readonly RetainedBackup[],
  incoming: IncomingBackup,
): RetainedBackup[] {
  const id = `${ordered.reduce((longest, backup) => (backup.id.length > longest.length ? backup.id : longest), '')}+`;
  const after = (ordered[0]?.created.getTime() ?? 0) + 1;
  const created = incoming.created ?? new Date(after);
  const standing = [...ordered, { id, created, bytes: incoming.bytes, good: true }];
  const going = new Set(planRetention(policy, standing, { pinned: [id] }).remove.map((decision) => decision.id));
  return ordered.filter((backup) => going.has(backup.id));
}
