import type { OperatorProgress } from '../../apiserver/index.ts';
import { formatTime } from '../../controller/index.ts';
import { ROLLOUT_ANNOTATION } from '../../crd/index.ts';
import { failed, pending, type EtcdBackupPass } from '../etcd-backup-status.ts';
import { failureOf } from '../job-state.ts';
import type { Verdict } from '../reconcile.ts';
import type { ResolvedSettings } from '../settings.ts';
import { isBeforeUpdate, isDespiteRollout } from './despite-rollout.ts';
import type { HouseRules } from './house-rules.ts';

const MINUTE_MS = 60_000;
const LONGEST_MESSAGE = 300;
/** Options of `holdfast backup` with which a Job goes on in spite of a rollout. */
const OVERRIDES = ['--despite-rollout', '--force'];
/** So late a backup is none from before the update any more. */
const TOO_LATE_MS = 30 * MINUTE_MS;

/**
 * A backup whose turn it is waits while an operator of the control plane rolls out, since its snapshot and static pods would
 * not belong together. It does not wait for ever: what has rolled out for so long hangs, and its administrator has to know
 * that there is no backup.
 */
export function waitForRollout(
  pass: EtcdBackupPass,
  {
    rules,
    settings,
  }: { readonly rules: HouseRules; readonly settings: Pick<ResolvedSettings, 'rolloutWaitMs' | 'backupArgs'> },
): Verdict {
  const { object, now } = pass;
  const { rolloutWaitMs } = settings;
  const rollouts = rules.rollouts();
  if (rolloutWaitMs === 0 || rollouts.length === 0 || isDespiteRollout(object)) return undefined;
  const until = waitsSince(rollouts, object.metadata.creationTimestamp) + rolloutWaitMs;
  if (until <= now.getTime()) {
    if (OVERRIDES.some((option) => settings.backupArgs.includes(option))) return undefined;
    const message = `no backup was taken, since ${describe(rollouts)}: a backup waits ${Math.round(rolloutWaitMs / MINUTE_MS)} minutes for that`;
    const [{ name } = { name: '' }] = rollouts;
    const hint =
      `See oc describe clusteroperator ${name}. Ask for another backup when the rollout is over; or for one in spite of it, ` +
      `marked __POSSIBLY_DIRTY__, with the annotation ${ROLLOUT_ANNOTATION}=accepted.`;
    failed(pass, failureOf('OPERATOR_ROLLOUT_TOO_LONG', message, hint));
    return 'done';
  }
  pending(pass, `waiting until ${formatTime(new Date(until))} at most, since ${describe(rollouts)}`);
  return { again: until - now.getTime() + 1_000 };
}

/** From when on the rollouts stand in its way: they may have begun while it waited for its turn. */
function waitsSince(rollouts: readonly OperatorProgress[], asked: string): number {
  const begun = rollouts.map(({ since }) => Date.parse(since ?? asked)).filter((time) => !isNaN(time));
  return Math.max(Date.parse(asked), Math.min(...begun));
}

/** `the operator etcd rolls out since 15:44 (1 node at revision 8), the operator …` */
function describe(rollouts: readonly OperatorProgress[]): string {
  return rollouts
    .map(({ name, since, message }) => {
      const when = since === undefined ? '' : ` since ${since}`;
      const words = message === '' ? '' : ` (${message.slice(0, LONGEST_MESSAGE)})`;
      return `the operator ${name} rolls out${when}${words}`;
    })
    .join(', ');
}

/** A backup from before an update that comes later is not taken: its name would be a lie. */
export function giveUpAfterUpdate(pass: EtcdBackupPass): Verdict {
  const { object, now } = pass;
  const { creationTimestamp } = object.metadata;
  if (!isBeforeUpdate(object) || now.getTime() - Date.parse(creationTimestamp) < TOO_LATE_MS) return undefined;
  const message = `no backup was taken before the update: it could not start within ${TOO_LATE_MS / MINUTE_MS} minutes`;
  const hint = 'The update goes on by itself. Ask for a backup when it is over.';
  failed(pass, failureOf('OPERATOR_UPDATE_AHEAD', message, hint));
  return 'done';
}
