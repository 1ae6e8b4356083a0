import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { silentLog, systemClock, type Log } from '../base/index.ts';
import { acquireLock, type Lock } from '../store/index.ts';
import { waitForLock } from './locks.ts';

const never = new AbortController().signal;

async function heldLock(): Promise<{ readonly held: Lock; readonly again: () => Promise<Lock> }> {
  const path = join(await temporaryFolder(), 'lock');
  const acquire = (): Promise<Lock> => acquireLock(path, { purpose: 'a test', clock: systemClock });
  return { held: await acquire(), again: acquire };
}

/** Calls `heard` when the waiting is told of. */
function telling(heard: () => void): Log {
  return { ...silentLog, info: heard };
}

describe('A lock that another run holds', () => {
  it('is waited for', async () => {
    const { held, again } = await heldLock();
    const log = telling(() => void held.release());
    const lock = await waitForLock(again, { waitMs: 60_000, clock: systemClock, log, signal: never });
    await lock.assertHeld();
    await lock.release();
  });

  it('is an error when the time is up, which says who holds it', async () => {
    const { held, again } = await heldLock();
    const patience = { waitMs: 5, clock: systemClock, log: silentLog, signal: never };
    await expect(waitForLock(again, patience)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await held.release();
  });

  it('is an error at once for somebody who does not wait', async () => {
    const { held, again } = await heldLock();
    let waits = 0;
    const log = telling(() => (waits += 1));
    const patience = { waitMs: 0, clock: systemClock, log, signal: never };
    await expect(waitForLock(again, patience)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    expect(waits).toBe(0);
    await held.release();
  });

  it('is waited for no longer when the run is to end', async () => {
    const { held, again } = await heldLock();
    const ending = new AbortController();
    const log = telling(() => ending.abort(new Error('to end')));
    const patience = { waitMs: 60_000, clock: systemClock, log, signal: ending.signal };
    await expect(waitForLock(again, patience)).rejects.toThrow('to end');
    await held.release();
  });
});
