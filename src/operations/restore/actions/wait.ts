import { delay } from '../../../base/index.ts';
import { RecoveryError } from '../errors.ts';
import type { ActionContext } from './context.ts';

const BETWEEN_LOOKS_MS = 500;
const BETWEEN_REPORTS_MS = 15_000;

/** What a look has shown: nothing left to wait for, or why one has to go on. */
export type Look = { readonly met: true } | { readonly met: false; readonly because: string };

export interface WaitRequest {
  /** `etcd to serve`: completes "waiting for". */
  readonly what: string;
  readonly look: () => Promise<Look>;
  /** The next step where it does not happen. */
  readonly hint: string;
}

/**
 * Looks again and again until the condition is met, and says now and then why it is not.
 *
 * @throws RecoveryError RECOVERY_TIMED_OUT with the last reason; the signal's reason where it aborts
 */
export async function waitUntil({ what, look, hint }: WaitRequest, context: ActionContext): Promise<void> {
  const { clock, log, signal } = context.surroundings;
  const start = clock.monotonicMs();
  for (let reported = start; ;) {
    signal.throwIfAborted();
    const seen = await look();
    if (seen.met) return;
    const now = clock.monotonicMs();
    if (now - start > context.timeoutMs) {
      const seconds = Math.round(context.timeoutMs / 1000);
      throw new RecoveryError('RECOVERY_TIMED_OUT', `waited ${seconds} s in vain for ${what}: ${seen.because}`, {
        hint,
      });
    }
    if (now - reported > BETWEEN_REPORTS_MS) {
      log.info(`still waiting for ${what}: ${seen.because}`);
      reported = now;
    }
    await delay(BETWEEN_LOOKS_MS, signal);
  }
}
