import type { Time } from '../base/index.ts';

/** Resolves after `ms` milliseconds, or as soon as the signal aborts. It never rejects: look at the signal afterwards. */
export function pause(time: Time, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = time.after(ms, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
