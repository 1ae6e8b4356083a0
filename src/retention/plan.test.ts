import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRetention, retainNumber, retainSizeGb, RetentionError } from './index.ts';
import type { RetainedBackup, RetentionPolicy } from './index.ts';

/** A good backup of 10 bytes, made on that day of November. */
const backup = (day: number, changes: Partial<RetainedBackup> = {}): RetainedBackup => ({
  id: `b${String(day).padStart(2, '0')}`,
  created: new Date(Date.UTC(2026, 10, day)),
  bytes: 10,
  good: true,
  ...changes,
});

const anyPolicy: fc.Arbitrary<RetentionPolicy> = fc.oneof(
  fc.record({ kind: fc.constant('number' as const), maxBackups: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('size' as const), maxBytes: fc.integer({ min: 1, max: 300 }) }),
);
/** Few distinct times and sizes, so that equal ones and exact fits are common. */
const anyBackups: fc.Arbitrary<RetainedBackup[]> = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 3 }),
    created: fc.integer({ min: 0, max: 6 }).map((hour) => new Date(hour * 3_600_000)),
    bytes: fc.integer({ min: 0, max: 120 }),
    good: fc.boolean(),
  }),
  { selector: ({ id }) => id, maxLength: 12 },
);

const keptIds = (policy: RetentionPolicy, backups: readonly RetainedBackup[]): string[] =>
  planRetention(policy, backups).keep.map(({ id }) => id);
const bytesPolicy = (maxBytes: number): RetentionPolicy => ({ kind: 'size', maxBytes });

describe('retention by number', () => {
  it('keeps exactly the N newest good backups and says why', () => {
    const backups = [backup(1), backup(2), backup(3), backup(4)];
    expect(planRetention(retainNumber(2), backups)).toEqual({
      keep: [
        { id: 'b04', reason: 'newest of 2 kept' },
        { id: 'b03', reason: '2nd newest of 2 kept' },
      ],
      remove: [
        { id: 'b02', reason: 'older than the 2 newest good backups' },
        { id: 'b01', reason: 'older than the 2 newest good backups' },
      ],
    });
  });

  it('keeps all where there are fewer than N', () => {
    expect(keptIds(retainNumber(15), [backup(1), backup(2)])).toEqual(['b02', 'b01']);
  });

  it('does not count backups that are not good, and lets them stay while newer than the oldest good one kept', () => {
    const backups = [backup(1), backup(2, { good: false }), backup(3), backup(4, { good: false }), backup(5)];
    expect(planRetention(retainNumber(2), backups)).toEqual({
      keep: [
        { id: 'b05', reason: 'newest of 2 kept' },
        { id: 'b04', reason: 'not a good backup, but newer than the oldest good one kept' },
        { id: 'b03', reason: '2nd newest of 2 kept' },
      ],
      remove: [
        { id: 'b02', reason: 'not a good backup, and older than every good one kept' },
        { id: 'b01', reason: 'older than the 2 newest good backups' },
      ],
    });
  });

  it('removes none that is not good while fewer than N good ones stand', () => {
    const backups = [backup(1, { good: false }), backup(2)];
    expect(planRetention(retainNumber(2), backups)).toEqual({
      keep: [
        { id: 'b02', reason: 'the newest good backup' },
        { id: 'b01', reason: 'not a good backup, but fewer than 2 good ones stand' },
      ],
      remove: [],
    });
  });

  it('removes nothing while no backup is good', () => {
    const backups = [backup(1, { good: false }), backup(2, { good: false })];
    expect(planRetention(retainNumber(1), backups)).toEqual({
      keep: [
        { id: 'b02', reason: 'no good backup stands, so nothing is removed' },
        { id: 'b01', reason: 'no good backup stands, so nothing is removed' },
      ],
      remove: [],
    });
  });

  it('takes a backup from the future for the newest, and orders equal times by id', () => {
    const future = backup(3, { created: new Date('2199-01-01T00:00:00Z') });
    const twin = { ...backup(1), id: 'b01-twin' };
    expect(keptIds(retainNumber(2), [backup(1), future, twin])).toEqual(['b03', 'b01-twin']);
  });

  it('keeps a pinned backup besides the N newest', () => {
    const plan = planRetention(retainNumber(1), [backup(1), backup(2), backup(3)], { pinned: ['b01'] });
    expect(plan.keep).toEqual([
      { id: 'b03', reason: 'the newest good backup' },
      { id: 'b01', reason: 'held back from removal (it is older than the newest good backup)' },
    ]);
    expect(plan.remove.map(({ id }) => id)).toEqual(['b02']);
  });

  it.each([
    [1, 'newest of 23 kept'],
    [2, '2nd newest of 23 kept'],
    [3, '3rd newest of 23 kept'],
    [4, '4th newest of 23 kept'],
    [11, '11th newest of 23 kept'],
    [12, '12th newest of 23 kept'],
    [13, '13th newest of 23 kept'],
    [21, '21st newest of 23 kept'],
    [22, '22nd newest of 23 kept'],
  ])('names rank %i as people do', (rank, reason) => {
    const backups = Array.from({ length: 23 }, (_, index) => backup(index + 1));
    expect(planRetention(retainNumber(30), backups).keep[rank - 1]?.reason).toBe(reason);
  });
});

describe('retention by size', () => {
  const sized = (day: number, bytes: number, good = true): RetainedBackup => backup(day, { bytes, good });

  it('keeps good backups newest first while they fit, and nothing older than the first that does not', () => {
    const backups = [sized(1, 1), sized(2, 50), sized(3, 40), sized(4, 60)];
    expect(planRetention(bytesPolicy(100), backups)).toEqual({
      keep: [
        { id: 'b04', reason: 'newest of 2 kept, with it 60 B of the 100 B allowed' },
        { id: 'b03', reason: '2nd newest of 2 kept, with it 100 B of the 100 B allowed' },
      ],
      remove: [
        { id: 'b02', reason: 'over the size allowed: with it 150 B of the 100 B allowed' },
        { id: 'b01', reason: 'older than a backup that no longer fits in 100 B' },
      ],
    });
  });

  it('keeps the newest good backup even when it alone is too large', () => {
    expect(planRetention(bytesPolicy(10), [sized(1, 5), sized(2, 11)])).toEqual({
      keep: [{ id: 'b02', reason: 'the newest good backup, kept although it takes 11 B of the 10 B allowed' }],
      remove: [{ id: 'b01', reason: 'over the size allowed: with it 16 B of the 10 B allowed' }],
    });
  });

  it('lets backups that are not good stay only in the room that the good ones leave', () => {
    const backups = [sized(1, 30), sized(2, 1, false), sized(3, 25, false), sized(4, 15, false), sized(5, 40)];
    expect(planRetention(bytesPolicy(100), backups)).toMatchObject({
      keep: [{ id: 'b05' }, { id: 'b04' }, { id: 'b01' }],
      remove: [{ id: 'b03', reason: 'not a good backup, and the good ones kept leave no room for it' }, { id: 'b02' }],
    });
  });
});

describe('a policy that cannot be followed', () => {
  it.each([0, -1, 1.5, NaN, Infinity])('is refused: %d backups', (maxBackups) => {
    expect(() => retainNumber(maxBackups)).toThrow(RetentionError);
    expect(() => planRetention({ kind: 'number', maxBackups }, [])).toThrow(/whole number of at least 1/);
  });

  it.each([0, -1, NaN, Infinity, 1e-12])('is refused: %d GB', (gigabytes) => {
    expect(() => retainSizeGb(gigabytes)).toThrow(expect.objectContaining({ code: 'RETENTION_POLICY_INVALID' }));
  });

  it('differs from a wrong list of backups, which is the caller’s mistake', () => {
    const plan = (backups: RetainedBackup[]) => () => planRetention(retainNumber(1), backups);
    expect(plan([backup(1), backup(1)])).toThrow(TypeError);
    expect(plan([backup(1, { created: new Date(NaN) })])).toThrow(TypeError);
    expect(plan([backup(1, { bytes: NaN })])).toThrow(TypeError);
  });
});

/** The rules once more, as naively as they can be said. */
function naiveKept(policy: RetentionPolicy, backups: readonly RetainedBackup[]): Set<string> {
  const newest = [...backups].sort((a, b) => Number(b.created) - Number(a.created) || (b.id > a.id ? 1 : -1));
  const good = newest.filter((each) => each.good);
  if (good.length === 0) return new Set(backups.map(({ id }) => id));
  const kept: RetainedBackup[] = [];
  const total = (): number => kept.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const each of good) {
    const fits = policy.kind === 'number' ? kept.length < policy.maxBackups : total() + each.bytes <= policy.maxBytes;
    if (!fits && kept.length > 0) break;
    kept.push(each);
    if (!fits) break;
  }
  if (policy.kind === 'number' && kept.length < policy.maxBackups) return new Set(backups.map(({ id }) => id));
  const oldest = kept.at(-1);
  for (const each of newest.slice(
    0,
    newest.findIndex((one) => one === oldest),
  )) {
    if (each.good) continue;
    if (policy.kind === 'size' && total() + each.bytes > policy.maxBytes) break;
    kept.push(each);
  }
  return new Set(kept.map(({ id }) => id));
}

describe('every plan', () => {
  it('is what the naive model says, with every backup in exactly one list, newest first', () => {
    fc.assert(
      fc.property(anyPolicy, anyBackups, (policy, backups) => {
        const plan = planRetention(policy, backups);
        expect(new Set(plan.keep.map(({ id }) => id))).toEqual(naiveKept(policy, backups));
        const all = [...plan.keep, ...plan.remove];
        expect(all.map(({ id }) => id).sort()).toEqual(backups.map(({ id }) => id).sort());
        const times = new Map(backups.map(({ id, created }) => [id, created.getTime()]));
        for (const list of [plan.keep, plan.remove]) {
          const order = list.map(({ id }) => times.get(id) ?? 0);
          expect(order).toEqual([...order].sort((a, b) => b - a));
        }
        expect(all.every(({ reason }) => reason.length > 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('removes nothing more when it is applied twice, and does not depend on the order of the list', () => {
    fc.assert(
      fc.property(anyPolicy, anyBackups, (policy, backups) => {
        const plan = planRetention(policy, backups);
        const left = backups.filter(({ id }) => plan.keep.some((kept) => kept.id === id));
        expect(planRetention(policy, left).remove).toEqual([]);
        expect(planRetention(policy, [...backups].reverse())).toEqual(plan);
      }),
    );
  });

  it('keeps the newest good backup', () => {
    fc.assert(
      fc.property(anyPolicy, anyBackups, (policy, backups) => {
        const plan = planRetention(policy, backups);
        const good = backups.filter((each) => each.good);
        const newest = Math.max(...good.map(({ created }) => created.getTime()));
        if (good.length > 0)
          expect(
            good.some(({ id, created }) => Number(created) === newest && plan.keep.some((one) => one.id === id)),
          ).toBe(true);
      }),
    );
  });
});
