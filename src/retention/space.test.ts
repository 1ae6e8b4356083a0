import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRetention, planSpace, retainNumber, type RetainedBackup, type RetentionPolicy } from './index.ts';

const backup = (day: number, bytes = 10, good = true): RetainedBackup => ({
  id: `b${day}`,
  created: new Date(Date.UTC(2026, 10, day)),
  bytes,
  good,
});
const ids = (decisions: readonly { readonly id: string }[]): string[] => decisions.map(({ id }) => id);

describe('space before a run', () => {
  const backups = [backup(1), backup(2), backup(3), backup(4)];

  it('is not touched while the volume is not short', () => {
    expect(planSpace(retainNumber(1), backups, { bytes: 10 }, 0)).toEqual({ remove: [], freedBytes: 0, enough: true });
  });

  it('is freed oldest first, and no more of it than needed', () => {
    const plan = planSpace(retainNumber(2), backups, { bytes: 10 }, 15);
    expect(plan).toMatchObject({ freedBytes: 20, enough: true });
    expect(plan.remove).toEqual([
      { id: 'b1', reason: '15 B more are needed, and the policy removes it once the new backup stands' },
      { id: 'b2', reason: '15 B more are needed, and the policy removes it once the new backup stands' },
    ]);
  });

  it('is not freed at all when that would not be enough', () => {
    expect(planSpace(retainNumber(2), backups, { bytes: 10 }, 31)).toEqual({
      remove: [],
      freedBytes: 0,
      enough: false,
    });
  });

  it('is never made of the newest good backup, though the policy would remove it after the run', () => {
    expect(ids(planSpace(retainNumber(1), backups, { bytes: 10 }, 30).remove)).toEqual(['b1', 'b2', 'b3']);
    expect(planSpace(retainNumber(1), backups, { bytes: 10 }, 31).enough).toBe(false);
  });

  it('is not freed while no good backup stands, since the run may fail', () => {
    const bad = [backup(1, 10, false), backup(2, 10, false)];
    expect(planSpace(retainNumber(1), bad, { bytes: 10 }, 5)).toEqual({ remove: [], freedBytes: 0, enough: false });
  });

  it('counts the new backup where the clock will put it', () => {
    const future = [backup(1), backup(20), backup(21)];
    const created = new Date(Date.UTC(2026, 10, 5));
    expect(planSpace(retainNumber(2), future, { bytes: 10, created }, 20).enough).toBe(false);
    expect(ids(planSpace(retainNumber(2), future, { bytes: 10 }, 20).remove)).toEqual(['b1', 'b20']);
  });

  it('only ever comes from what retention removes once the new backup stands', () => {
    const policy: fc.Arbitrary<RetentionPolicy> = fc.oneof(
      fc.record({ kind: fc.constant('number' as const), maxBackups: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('size' as const), maxBytes: fc.integer({ min: 1, max: 200 }) }),
    );
    const lists = fc.array(fc.record({ bytes: fc.nat(60), good: fc.boolean() }), { maxLength: 8 });
    fc.assert(
      fc.property(policy, lists, fc.nat(60), fc.integer({ min: -5, max: 200 }), (rule, list, bytes, need) => {
        const standing = list.map((each, index) => backup(index + 1, each.bytes, each.good));
        const plan = planSpace(rule, standing, { bytes }, need);
        const after = planRetention(rule, [...standing, backup(29, bytes)]);
        const newestGood = standing.findLast(({ good }) => good);
        for (const id of ids(plan.remove)) {
          expect(ids(after.remove)).toContain(id);
          expect(id).not.toBe(newestGood?.id);
        }
        const freed = standing.filter(({ id }) => ids(plan.remove).includes(id)).map((each) => each.bytes);
        expect(freed.reduce((sum, each) => sum + each, 0)).toBe(plan.freedBytes);
        expect(plan.enough).toBe(plan.freedBytes >= need);
        if (!plan.enough) expect(plan.remove).toEqual([]);
        expect(plan.freedBytes - (freed.at(-1) ?? 0)).toBeLessThanOrEqual(Math.max(0, need));
      }),
      { numRuns: 300 },
    );
  });
});
