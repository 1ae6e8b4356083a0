import { describe, expect, it } from 'vitest';
import { setCondition } from './conditions.ts';

const NOON = new Date('2026-11-23T12:00:00.789Z');
const failed = { type: 'Failed', status: 'True', reason: 'NoSpace', message: 'the volume is full' } as const;

describe('setting a condition', () => {
  it('appends one of a new type, with the time in whole seconds', () => {
    const other = { type: 'Other', status: 'False' as const };
    expect(setCondition([other], failed, { now: NOON, observedGeneration: 4 })).toEqual([
      other,
      { ...failed, lastTransitionTime: '2026-11-23T12:00:00Z', observedGeneration: 4 },
    ]);
    expect(setCondition(null, failed, { now: NOON })).toHaveLength(1);
  });

  it('replaces one of the same type in its place, and keeps what others wrote into it', () => {
    const before = [
      { ...failed, status: 'False' as const, lastTransitionTime: '2026-01-01T00:00:00Z', lastProbeTime: 'x' },
      { type: 'Other', status: 'False' as const },
    ];
    const after = setCondition(before, failed, { now: NOON });
    expect(after.map(({ type }) => type)).toEqual(['Failed', 'Other']);
    expect(after[0]).toMatchObject({ status: 'True', lastTransitionTime: '2026-11-23T12:00:00Z', lastProbeTime: 'x' });
    expect(before[0]?.status).toBe('False');
  });

  it('does not move the time of transition where the status stays', () => {
    const before = [{ ...failed, lastTransitionTime: '2026-01-01T00:00:00Z' }];
    const after = setCondition(before, { ...failed, reason: 'Other', message: 'm' }, { now: NOON });
    expect(after).toEqual([{ ...failed, reason: 'Other', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' }]);
  });

  it('leaves one of a type where there were several', () => {
    const twice = [failed, { ...failed, reason: 'Second' }];
    expect(setCondition(twice, failed, { now: NOON })).toHaveLength(1);
  });
});
