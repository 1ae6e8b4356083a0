import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** When to give up; by default after 30 seconds. */
  readonly timeoutMs?: number;
  /** How often to look; by default every 50 milliseconds. */
  readonly everyMs?: number;
  /** What is waited for, for the failure's message. */
  readonly what?: string | (() => string);
}

/**
 * Waits until the condition returns something other than undefined, null or false, and returns that. A condition that
 * throws is one that is not met yet; the last error goes into the message when the time is up.
 */
export async function waitFor<T>(
  condition: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  options: WaitOptions = {},
): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? 30_000);
  let last: unknown;
  do {
    try {
      const found = await condition();
      if (found !== undefined && found !== null && found !== false) return found;
      last = undefined;
    } catch (error) {
      if (error instanceof Fatal) throw error;
      last = error;
    }
    await sleep(options.everyMs ?? 50);
  } while (performance.now() < deadline);
  const what = typeof options.what === 'function' ? options.what() : (options.what ?? condition.toString());
  throw new Error(`waited ${options.timeoutMs ?? 30_000} ms in vain for: ${what}`, { cause: last });
}

/** Thrown in a condition to say that waiting on is of no use. */
export class Fatal extends Error {}
