import { expect, it } from 'vitest';
import { alarmsIn } from './alarms.ts';

it('alarms are found among the errors of a status', () => {
  expect(
    alarmsIn(['etcdserver: no leader', 'memberID:10276657743932975437 alarm:NOSPACE ', 'memberID:7 alarm:CORRUPT ']),
  ).toEqual([
    { type: 'NOSPACE', memberId: 10_276_657_743_932_975_437n },
    { type: 'CORRUPT', memberId: 7n },
  ]);
});

it('an alarm about no member in particular has no member', () => {
  expect(alarmsIn(['alarm:CORRUPT '])).toEqual([{ type: 'CORRUPT' }]);
});

it('the unstable spaces of newer protobuf libraries do not matter', () => {
  expect(alarmsIn(['memberID:7  alarm:NOSPACE', 'memberID: 8 alarm: CORRUPT'])).toEqual([
    { type: 'NOSPACE', memberId: 7n },
    { type: 'CORRUPT', memberId: 8n },
  ]);
});

it('anything else is no alarm', () => {
  expect(alarmsIn(['', 'etcdserver: no leader', 'memberID:7', 'alarm:NONE', 'alarm:NOSPACEX'])).toEqual([]);
});
