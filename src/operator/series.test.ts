import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followRuns, type Run, type SeriesRecord } from './series.ts';

const TAKEN = { id: 'i', revision: '1', hash: 1, bytes: 10, seconds: 1, verifiedAt: '2026-11-22T00:00:00Z' };

function at(minute: number): string {
  return new Date(Date.UTC(2026, 10, 22, 0, minute)).toISOString().replace('.000', '');
}

function success(name: string, minute: number): Run {
  return { name, time: at(minute), taken: { ...TAKEN, folder: `backup-${name}` } };
}

function failure(name: string, minute: number): Run {
  return { name, time: at(minute), reason: 'ETCD_UNREACHABLE', message: 'no answer' };
}

describe('The record of a series', () => {
  it('is empty before the first run', () => {
    expect(followRuns({}, [])).toEqual({});
  });

  it('counts failures since the last success', () => {
    const runs = [success('a', 1), failure('b', 2), failure('c', 3)];
    expect(followRuns({}, runs)).toMatchObject({
      lastSuccessfulTime: at(1),
      lastFailure: { etcdBackup: 'c', time: at(3), reason: 'ETCD_UNREACHABLE', message: 'no answer' },
      consecutiveFailures: 2,
    });
    expect(followRuns({}, [...runs, success('d', 4)]).consecutiveFailures).toBe(0);
  });

  it('keeps the last failure after a success, for who asks what was wrong', () => {
    expect(followRuns({}, [failure('a', 1), success('b', 2)]).lastFailure?.etcdBackup).toBe('a');
  });

  it('counts a run once, however often it is seen, and two that ended in one second both', () => {
    const runs = [failure('a', 1), failure('b', 1)];
    const once = followRuns({}, runs);
    expect(once.consecutiveFailures).toBe(2);
    expect(followRuns(once, runs)).toEqual(once);
  });

  it('does not count a run again whose Job ended later than its backup', () => {
    const once = followRuns({}, [failure('a', 1)]);
    expect(followRuns(once, [failure('a', 2)])).toEqual(once);
  });

  it('tells of a success although a later failure is known already', () => {
    const before = followRuns({}, [failure('b', 2)]);
    expect(followRuns(before, [success('a', 1), failure('b', 2)])).toMatchObject({
      lastSuccessfulTime: at(1),
      consecutiveFailures: 1,
    });
  });

  it('is the same whether runs are seen one by one or together, with or without those before them', () => {
    const run = fc.boolean();
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), fc.array(fc.boolean(), { maxLength: 12 }), (ends, isGone) => {
        const runs = ends.map((isGood, index) => {
          const name = `run-${String(index).padStart(3, '0')}`;
          return isGood ? success(name, index) : failure(name, index);
        });
        let record: SeriesRecord = {};
        for (const [index] of runs.entries()) {
          const standing = runs.slice(0, index + 1).filter((_, each) => each === index || isGone[each] !== true);
          record = followRuns(record, standing);
        }
        expect(record).toEqual(followRuns({}, runs));
      }),
    );
  });
});
