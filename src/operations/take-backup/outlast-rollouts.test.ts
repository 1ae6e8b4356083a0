import { describe, expect, it } from 'vitest';
import { silentLog, type Finding } from '../../base/index.ts';
import { OperationError } from '../errors.ts';
import { outlastRollouts, refuseOvertaken } from './outlast-rollouts.ts';

const ATTEMPT_MS = 15;
let now = 0;
const clock = { now: () => new Date(now), monotonicMs: () => now };
const surroundings = { clock, log: silentLog, signal: new AbortController().signal };

function refused(...codes: readonly string[]): OperationError {
  const findings: Finding[] = codes.map((code) => ({ severity: 'error', code, where: 'x', message: `${code}!` }));
  return new OperationError('OPERATION_REFUSED', 'refused', { findings, hint: '' });
}

/** A backup that fails with each of the errors in turn, then succeeds; with what it was told to go on in spite of. */
function backup(...errors: readonly Error[]) {
  const tries: string[] = [];
  const take = ({ despiteRollout }: { despiteRollout: boolean }): Promise<string> => {
    const error = errors[tries.length];
    now += ATTEMPT_MS;
    tries.push(despiteRollout ? 'in spite' : 'only if none');
    return error === undefined ? Promise.resolve('a backup') : Promise.reject(error);
  };
  return { take, tries };
}

const IN_PROGRESS = refused('BACKUP_ROLLOUT_IN_PROGRESS', 'BACKUP_ROLLOUT_UNKNOWN');
const BEGAN = refused('BACKUP_ROLLOUT_BEGAN');
/** During the second attempt the time is up. */
const WAITING = { force: false, rolloutWaitMs: 20 };

describe('A backup that a rollout stands in the way of', () => {
  it('is refused where nobody waits', async () => {
    const { take, tries } = backup(IN_PROGRESS);
    await expect(outlastRollouts({ force: false }, surroundings, take)).rejects.toBe(IN_PROGRESS);
    expect(tries).toHaveLength(1);
  });

  it('is taken when it is over, for somebody who waits', async () => {
    const { take, tries } = backup(IN_PROGRESS);
    expect(await outlastRollouts(WAITING, surroundings, take)).toBe('a backup');
    expect(tries).toEqual(['only if none', 'only if none']);
  });

  it('is refused when the time is up', async () => {
    const { take, tries } = backup(IN_PROGRESS, IN_PROGRESS);
    await expect(outlastRollouts(WAITING, surroundings, take)).rejects.toBe(IN_PROGRESS);
    expect(tries).toHaveLength(2);
  });

  it('is taken in spite of it when the time is up, where that was asked for', async () => {
    const { take, tries } = backup(IN_PROGRESS, IN_PROGRESS);
    await outlastRollouts({ ...WAITING, despiteRollout: true }, surroundings, take);
    expect(tries.at(0)).toBe('only if none');
    expect(tries.at(-1)).toBe('in spite');
  });

  it('is refused at once for another reason beside', async () => {
    const both = refused('BACKUP_ROLLOUT_IN_PROGRESS', 'BACKUP_CORRUPT_ALARM');
    const { take, tries } = backup(both);
    await expect(outlastRollouts(WAITING, surroundings, take)).rejects.toBe(both);
    expect(tries).toHaveLength(1);
  });

  it('is waited for no longer when the run is to end', async () => {
    const ending = new AbortController();
    const log = { ...silentLog, info: () => ending.abort(new Error('to end')) };
    const { take } = backup(IN_PROGRESS);
    const work = outlastRollouts({ ...WAITING, rolloutWaitMs: 60_000 }, { clock, log, signal: ending.signal }, take);
    await expect(work).rejects.toThrow('to end');
  });
});

describe('A backup that is overtaken by a rollout', () => {
  it('is given up', async () => {
    expect(() => refuseOvertaken([])).not.toThrow();
    expect(() => refuseOvertaken(BEGAN.findings)).toThrow(OperationError);
    const { take } = backup(BEGAN);
    await expect(outlastRollouts({ force: false }, surroundings, take)).rejects.toBe(BEGAN);
  });

  it('is begun again at once by somebody who goes on in spite of rollouts, and so finds it at the start', async () => {
    for (const overrides of [{ force: true }, { force: false, despiteRollout: true }]) {
      const { take, tries } = backup(BEGAN);
      expect(await outlastRollouts(overrides, surroundings, take)).toBe('a backup');
      expect(tries).toHaveLength(2);
    }
  });

  it('is not begun for ever', async () => {
    const { take, tries } = backup(BEGAN, BEGAN, BEGAN, BEGAN);
    await expect(outlastRollouts({ force: true }, surroundings, take)).rejects.toBe(BEGAN);
    expect(tries).toHaveLength(3);
  });
});
