import { delay, type Finding } from '../../base/index.ts';
import { OperationError } from '../errors.ts';
import type { Surroundings } from '../surroundings.ts';
import type { BackupRequest } from './backup-request.ts';
import { ROLLOUT_CODES } from './checks/rollout.ts';

const LOOK_AGAIN_MS = 5_000;
/** Rollouts that come and go within a backup, one after the other, are no ordinary state of a cluster. */
const MOST_OVERTAKEN = 3;

/** Throws OperationError where a rollout began while the backup was taken. */
export function refuseOvertaken(findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const hint = 'Run it again when the rollout is done, or let it wait for that by --rollout-wait.';
  throw new OperationError('OPERATION_REFUSED', 'the backup was given up: a rollout began while it was taken', {
    hint,
    findings,
  });
}

/**
 * Takes a backup from its very beginning again where nothing but a rollout stood in its way: after one the static pods lie
 * elsewhere. No lock is held meanwhile. Whoever goes on in spite of rollouts waits first, where both are asked for; and is
 * overtaken by one once, to find it at the next start.
 */
export async function outlastRollouts<T>(
  request: Pick<BackupRequest, 'rolloutWaitMs' | 'force' | 'despiteRollout'>,
  { clock, log, signal }: Pick<Surroundings, 'clock' | 'log' | 'signal'>,
  take: (overrides: { readonly force: boolean; readonly despiteRollout: boolean }) => Promise<T>,
): Promise<T> {
  const { rolloutWaitMs = 0, force, despiteRollout = false } = request;
  const end = clock.monotonicMs() + rolloutWaitMs;
  let told = '';
  for (let overtaken = 0; ;) {
    const isPatient = clock.monotonicMs() < end;
    try {
      return await take({ force, despiteRollout: despiteRollout && !isPatient });
    } catch (error) {
      const rollouts = rolloutsOnly(error);
      if (rollouts === undefined) throw error;
      const isOvertaken = rollouts.every(({ code }) => code === 'BACKUP_ROLLOUT_BEGAN');
      if (isOvertaken && (overtaken += 1) >= MOST_OVERTAKEN) throw error;
      const left = end - clock.monotonicMs();
      if (left <= 0) {
        if (despiteRollout || (force && isOvertaken)) continue;
        throw error;
      }
      if (force) continue;
      const why = rollouts.map(({ message }) => message).join('; ');
      if (why !== told) log.info(`waiting, for ${Math.ceil(left / 1000)} s at most: ${why}`);
      told = why;
      await delay(Math.min(LOOK_AGAIN_MS, left), signal);
    }
  }
}

/** The rollouts that made a run end; undefined where there was another reason, or one more. */
function rolloutsOnly(error: unknown): readonly Finding[] | undefined {
  if (!(error instanceof OperationError) || error.code !== 'OPERATION_REFUSED') return undefined;
  const { findings } = error;
  return findings.length > 0 && findings.every(({ code }) => ROLLOUT_CODES.has(code)) ? findings : undefined;
}
