import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideBump, FALLBACK_BUMP, parseRevisionFile, type RevisionSource } from './bump-revision.ts';

const live: RevisionSource = { what: 'the member', revision: 50_000_000n, kind: 'exact', isCurrent: true };

describe('decideBump', () => {
  it('adds a billion where nothing is known', () => {
    expect(decideBump(7n, [])).toMatchObject({ bump: FALLBACK_BUMP, revision: 7n + FALLBACK_BUMP, guessed: true });
  });

  it('goes a fifth beyond the highest revision where the cluster was known until its end', () => {
    const decision = decideBump(10_000_000n, [live, { what: 'an older backup', revision: 20_000_000n, kind: 'exact' }]);
    expect(decision).toMatchObject({ revision: 60_000_000n, bump: 50_000_000n, guessed: false });
    expect(decision.reason).toContain('the highest known is revision 50000000, of the member');
  });

  it('leaves room for a million writes even in a small cluster', () => {
    expect(decideBump(100n, [{ ...live, revision: 200n }]).revision).toBe(1_000_200n);
  });

  it('does not take a later backup for the end of the cluster', () => {
    const decision = decideBump(100n, [{ what: 'the manifest of a later one', revision: 900n, kind: 'exact' }]);
    expect(decision).toMatchObject({ revision: 900n + FALLBACK_BUMP, guessed: true });
  });

  it('always ends above every source and above the snapshot', () => {
    const source = fc.record({
      what: fc.constant('x'),
      revision: fc.bigInt({ min: 0n, max: 2n ** 50n }),
      kind: fc.constantFrom('exact' as const, 'raft-index' as const),
      isCurrent: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 50n }), fc.array(source), (snapshot, sources) => {
        const { bump, revision } = decideBump(snapshot, sources);
        expect(revision).toBe(snapshot + bump);
        expect(bump).toBeGreaterThanOrEqual(1_000_000n);
        for (const each of sources) expect(revision).toBeGreaterThan(each.revision);
      }),
    );
  });
});

describe('parseRevisionFile', () => {
  it("reads the raft index of OpenShift's file, beyond what JSON numbers hold", () => {
    const text =
      '{"clusterId":14841639068965178418,"raftIndex":{"https://10.0.0.5:2379":1},"maxRaftIndex":9007199254740993}';
    expect(parseRevisionFile(text)).toBe(9_007_199_254_740_993n);
    expect(parseRevisionFile('{}')).toBeUndefined();
  });
});
