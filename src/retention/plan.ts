import { formatBytes } from '../base/index.ts';
import { newestFirst, type RetainedBackup } from './order.ts';
import { checked, type NumberPolicy, type RetentionPolicy, type SizePolicy } from './policy.ts';

/** One backup's fate with the reason for it, in a plain sentence without a full stop. */
export interface Decision {
  readonly id: string;
  readonly reason: string;
}

/** Every backup is in exactly one of the two lists; both are newest first. */
export interface RetentionPlan {
  readonly keep: readonly Decision[];
  readonly remove: readonly Decision[];
}

export interface RetentionOptions {
  /** Ids that stay whatever the policy says, in addition to what it keeps: the backup just made, one that is being read. */
  readonly pinned?: Iterable<string> | undefined;
}

/** What the policy says of one backup before pins are looked at. */
interface Verdict {
  readonly keep: boolean;
  readonly reason: string;
}

/**
 * Decides which backups stand and which go, and says why. Nothing is removed here.
 *
 * - By number exactly the N newest good ones are kept. By size good ones are kept newest first while their sum fits;
 *   the first that does not fit goes, and with it all older ones.
 * - The newest good backup is never removed. Without any good backup nothing is removed.
 * - A backup that is not good never displaces a good one. It stays while it is newer than the oldest good one kept, by
 *   size only if it fits beside the good ones, and by number while fewer than N good ones stand; others go.
 *
 * @throws RetentionError if the policy cannot be followed; TypeError if two backups share an id, or have no valid time or size
 */
export function planRetention(
  policy: RetentionPolicy,
  backups: readonly RetainedBackup[],
  options: RetentionOptions = {},
): RetentionPlan {
  checked(policy);
  const ordered = newestFirst(backups);
  const pinned = new Set(options.pinned ?? []);
  const verdicts = judge(policy, ordered, pinned);
  const keep: Decision[] = [];
  const remove: Decision[] = [];
  for (const { id } of ordered) {
    const verdict = verdicts.get(id) ?? { keep: true, reason: 'no good backup stands, so nothing is removed' };
    if (verdict.keep) keep.push({ id, reason: verdict.reason });
    else if (pinned.has(id)) keep.push({ id, reason: `held back from removal (it is ${verdict.reason})` });
    else remove.push({ id, reason: verdict.reason });
  }
  return { keep, remove };
}

function judge(
  policy: RetentionPolicy,
  ordered: readonly RetainedBackup[],
  pinned: ReadonlySet<string>,
): Map<string, Verdict> {
  const good = ordered.filter((backup) => backup.good);
  if (good.length === 0) return new Map();
  const verdicts = policy.kind === 'number' ? judgeByNumber(policy, good) : judgeBySize(policy, good);
  const kept = good.filter(({ id }) => verdicts.get(id)?.keep === true);
  let room = policy.kind === 'number' ? Infinity : policy.maxBytes - sum(kept);
  let toCome = kept.length;
  const tooFew = policy.kind === 'number' && kept.length < policy.maxBackups;
  for (const backup of ordered) {
    if (backup.good) {
      if (verdicts.get(backup.id)?.keep === true) toCome--;
      continue;
    }
    if (toCome === 0 && tooFew) {
      const reason = `not a good backup, but fewer than ${policy.maxBackups} good ones stand`;
      verdicts.set(backup.id, { keep: true, reason });
    } else if (toCome === 0) {
      verdicts.set(backup.id, { keep: false, reason: 'not a good backup, and older than every good one kept' });
    } else if (backup.bytes <= room || pinned.has(backup.id)) {
      room -= backup.bytes;
      verdicts.set(backup.id, { keep: true, reason: 'not a good backup, but newer than the oldest good one kept' });
    } else {
      room = -1;
      verdicts.set(backup.id, {
        keep: false,
        reason: 'not a good backup, and the good ones kept leave no room for it',
      });
    }
  }
  return verdicts;
}

function judgeByNumber(policy: NumberPolicy, good: readonly RetainedBackup[]): Map<string, Verdict> {
  const count = Math.min(policy.maxBackups, good.length);
  const tooOld = count === 1 ? 'older than the newest good backup' : `older than the ${count} newest good backups`;
  return new Map(
    good.map(({ id }, index) => [
      id,
      index < count ? { keep: true, reason: rankOf(index, count) } : { keep: false, reason: tooOld },
    ]),
  );
}

function judgeBySize(policy: SizePolicy, good: readonly RetainedBackup[]): Map<string, Verdict> {
  const allowed = formatBytes(policy.maxBytes);
  const fitting = countFitting(policy, good);
  const count = Math.max(1, fitting);
  let total = 0;
  return new Map(
    good.map(({ id, bytes }, index): [string, Verdict] => {
      total += bytes;
      const used = `${formatBytes(total)} of the ${allowed} allowed`;
      if (fitting === 0 && index === 0)
        return [id, { keep: true, reason: `the newest good backup, kept although it takes ${used}` }];
      if (index < count) return [id, { keep: true, reason: `${rankOf(index, count)}, with it ${used}` }];
      if (index === count) return [id, { keep: false, reason: `over the size allowed: with it ${used}` }];
      return [id, { keep: false, reason: `older than a backup that no longer fits in ${allowed}` }];
    }),
  );
}

/** How many of the newest good backups fit together. */
function countFitting(policy: SizePolicy, good: readonly RetainedBackup[]): number {
  let total = 0;
  const first = good.findIndex(({ bytes }) => (total += bytes) > policy.maxBytes);
  return first === -1 ? good.length : first;
}

function sum(backups: readonly RetainedBackup[]): number {
  return backups.reduce((total, { bytes }) => total + bytes, 0);
}

/** `newest of 5 kept`, `2nd newest of 5 kept`. */
function rankOf(index: number, count: number): string {
  if (index === 0) return count === 1 ? 'the newest good backup' : `newest of ${count} kept`;
  return `${ordinal(index + 1)} newest of ${count} kept`;
}

function ordinal(rank: number): string {
  const lastTwo = rank % 100;
  if (lastTwo >= 11 && lastTwo <= 13) return `${rank}th`;
  return `${rank}${['th', 'st', 'nd', 'rd'][rank % 10] ?? 'th'}`;
}
