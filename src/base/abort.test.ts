import { describe, expect, it } from 'vitest';
import { onAbort } from './abort.ts';

describe('onAbort', () => {
  it('calls when the signal aborts, and at once where it has already', () => {
    const stop = new AbortController();
    const calls: string[] = [];
    onAbort(stop.signal, () => calls.push('before'));
    onAbort(stop.signal, () => calls.push('taken back'))();
    stop.abort();
    onAbort(stop.signal, () => calls.push('after'));
    expect(calls).toEqual(['before', 'after']);
  });

  it('is no cause for a warning, however many wait for the same signal', async () => {
    const warnings: unknown[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    for (let count = 0; count < 50; count += 1) onAbort(signal, () => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
