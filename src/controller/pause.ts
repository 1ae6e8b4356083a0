import { onAbort, type Time } from '../base/index.ts';

/**
 * Resolves after `ms` milliseconds, or as soon as the signal aborts. It never rejects: look at the signal afterwards. Work goes
 * on after it, so the process stays, though there may be nothing else that holds it (an API server that cannot be reached).
 */
export function pause(time: Time, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      letGo();
      resolve();
    };
    const cancel = time.after(ms, end, { keepsProcess: true });
    let letGo = (): void => undefined;
    letGo = onAbort(signal, end);
  });
}
