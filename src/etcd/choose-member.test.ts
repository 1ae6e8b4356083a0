import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSnapshotMembers, SMALL_LAG } from './choose-member.ts';
import { parseEndpoints, type EtcdEndpoint } from './endpoints.ts';
import { EtcdError } from './errors.ts';
import type { MemberStatus } from './member.ts';
import type { SurveyedEndpoint } from './survey.ts';

const APPLIED = 1_000_000n;

function endpointNumber(number: number): EtcdEndpoint {
  const [endpoint] = parseEndpoints(`https://10.0.0.${number}:2379`, { tls: true });
  if (endpoint === undefined) throw new Error('no endpoint');
  return endpoint;
}

/** Member 1 to 254 of a cluster that member 1 leads, unless said otherwise. */
function member(id: number, differing: Partial<MemberStatus> = {}): SurveyedEndpoint & { status: MemberStatus } {
  const endpoint = endpointNumber(id);
  const status: MemberStatus = {
    endpoint,
    memberId: BigInt(id),
    clusterId: 99n,
    version: '3.5.30',
    dbSize: 1n,
    dbSizeInUse: 1n,
    dbSizeQuota: undefined,
    leader: 1n,
    raftIndex: APPLIED,
    raftTerm: 2n,
    raftAppliedIndex: APPLIED,
    isLearner: false,
    revision: 5n,
    errors: [],
    alarms: [],
    storageVersion: undefined,
    ...differing,
  };
  return { endpoint, status };
}

const leader = member(1);
const follower = member(2);
const unreachable: SurveyedEndpoint = {
  endpoint: endpointNumber(3),
  error: new EtcdError('ETCD_TIMEOUT', 'no answer', { hint: 'wait' }),
};
const lagging = member(4, { raftAppliedIndex: APPLIED - SMALL_LAG - 1n });
const cutOff = member(5, { leader: 0n });
const learner = member(6, { isLearner: true });
const corrupt = member(7, { alarms: [{ type: 'CORRUPT', memberId: 7n }] });

const chosen = (...args: Parameters<typeof chooseSnapshotMembers>): string[] =>
  chooseSnapshotMembers(...args).map(({ endpoint, role }) => `${String(endpoint.url.at(-6))} ${role}`);

describe('the members to take a snapshot from', () => {
  it('are ordered from the follower that has caught up down to the corrupt member', () => {
    expect(chosen([corrupt, learner, cutOff, lagging, unreachable, leader, follower])).toEqual([
      '2 follower',
      '1 leader',
      '4 lagging',
      '5 cut-off',
      '6 learner',
      '7 corrupt',
    ]);
  });

  it('are none where nobody answered', () => {
    expect(chosen([])).toEqual([]);
    expect(chosen([unreachable])).toEqual([]);
  });

  it('are a single member where there is only one', () => {
    expect(chosen([leader])).toEqual(['1 leader']);
  });

  it('may lag a little, and then keep the order in which they were given', () => {
    const slightly = member(8, { raftAppliedIndex: APPLIED - SMALL_LAG });
    expect(chosen([slightly, follower, leader])).toEqual(['8 follower', '2 follower', '1 leader']);
  });

  it('that lag too much come in the order of what they lack', () => {
    const further = member(9, { raftAppliedIndex: APPLIED - 5_000n });
    expect(chosen([further, lagging, leader])).toEqual(['1 leader', '4 lagging', '9 lagging']);
  });

  it('include a leader that lags: another has applied more', () => {
    const slowLeader = member(1, { raftAppliedIndex: APPLIED - 5_000n });
    expect(chosen([slowLeader, follower])).toEqual(['2 follower', '1 lagging']);
  });

  it('are not measured against a learner', () => {
    expect(chosen([member(6, { isLearner: true, raftAppliedIndex: APPLIED * 2n }), leader])).toEqual([
      '1 leader',
      '6 learner',
    ]);
  });

  it('are all as good as followers where none knows a leader', () => {
    const orphans = [member(2, { leader: 0n }), member(3, { leader: 0n, raftAppliedIndex: APPLIED - 2_000n })];
    expect(chosen(orphans)).toEqual(['2 follower', '3 lagging']);
    expect(chooseSnapshotMembers(orphans)[0]?.reason).toContain('no member knows a leader');
  });

  it('are suspect only where the CORRUPT alarm is about them', () => {
    const witness = member(2, { alarms: [{ type: 'CORRUPT', memberId: 7n }] });
    const unknown = member(8, { alarms: [{ type: 'CORRUPT' }] });
    const full = member(9, { alarms: [{ type: 'NOSPACE', memberId: 9n }] });
    expect(chosen([corrupt, witness, unknown, full])).toEqual(['2 follower', '8 follower', '9 follower', '7 corrupt']);
  });

  it('count once where two endpoints lead to one member', () => {
    const again = {
      ...follower,
      endpoint: endpointNumber(9),
      status: { ...follower.status, endpoint: endpointNumber(9) },
    };
    expect(chosen([follower, again, leader])).toEqual(['2 follower', '1 leader']);
    expect(chosen([follower, again, leader], { prefer: again.endpoint })).toEqual(['9 follower', '1 leader']);
  });

  it('start with the preferred one, whatever its role, and say so', () => {
    for (const local of [leader, follower, lagging, cutOff, learner]) {
      const [first, ...others] = chooseSnapshotMembers([leader, follower, lagging, cutOff, learner], {
        prefer: local.endpoint,
      });
      expect(first?.endpoint).toBe(local.endpoint);
      expect(first?.reason).toMatch(/^preferred; /);
      expect(others.every(({ reason }) => !reason.startsWith('preferred'))).toBe(true);
    }
  });

  it('never start with a corrupt member while there is another', () => {
    expect(chosen([corrupt, learner], { prefer: corrupt.endpoint })).toEqual(['6 learner', '7 corrupt']);
  });

  it('are not touched by a preference for somebody who did not answer', () => {
    expect(chosen([leader, follower], { prefer: endpointNumber(77) })).toEqual(['2 follower', '1 leader']);
  });

  it('are all who answered, each once, best role first, in whatever order they are given', () => {
    const RANK = ['follower', 'leader', 'lagging', 'cut-off', 'learner', 'corrupt'];
    const anyone = fc
      .record({
        leader: fc.constantFrom(0n, 1n, 2n),
        raftAppliedIndex: fc.bigInt({ min: APPLIED - 3_000n, max: APPLIED }),
        isLearner: fc.boolean(),
        isCorrupt: fc.boolean(),
      })
      .map(
        ({ isCorrupt, ...rest }) =>
          (id: number) =>
            member(id, { ...rest, alarms: isCorrupt ? [{ type: 'CORRUPT' as const, memberId: BigInt(id) }] : [] }),
      );
    fc.assert(
      fc.property(fc.array(anyone, { maxLength: 7 }), fc.option(fc.integer({ min: 1, max: 7 })), (makers, local) => {
        const given = makers.map((make, index) => make(index + 1));
        const options = local === null ? {} : { prefer: endpointNumber(local) };
        const candidates = chooseSnapshotMembers(given, options);
        expect(new Set(candidates.map(({ endpoint }) => endpoint))).toEqual(
          new Set(given.map(({ endpoint }) => endpoint)),
        );
        const rest = candidates.filter(({ reason }) => !reason.startsWith('preferred'));
        const ranks = rest.map(({ role }) => RANK.indexOf(role));
        expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
        expect(candidates.length - rest.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
