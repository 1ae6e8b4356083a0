import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../cluster-state.ts';
import { chooseTarget, releaseOf } from './target-release.ts';

const NOTHING: ClusterState = {
  consistentIndex: 1n,
  term: undefined,
  scheduledCompaction: undefined,
  finishedCompaction: undefined,
  confState: undefined,
  storageVersion: '',
  clusterVersion: undefined,
  downgradeTarget: undefined,
  members: [],
  removedMembers: [],
  authEnabled: false,
  alarms: [],
};
const state = (change: Partial<ClusterState>): ClusterState => ({ ...NOTHING, ...change });

describe('the release that wrote a snapshot', () => {
  it.each([
    [{ storageVersion: '3.6.0', clusterVersion: '3.6.0', term: 2n }, '3.6'],
    [{ clusterVersion: '3.5.0', term: 2n }, '3.5'],
    [{ clusterVersion: '3.4.0' }, '3.4'],
    [{ term: 2n }, '3.5'],
    [{}, '3.4'],
    [{ storageVersion: '3.10.0' }, '3.10'],
  ])('is told by %o: %s', (change, release) => {
    expect(releaseOf(state(change))).toBe(release);
  });
});

describe('the release that a data directory is made for', () => {
  it('is the one that wrote the snapshot, unless another is given', () => {
    expect(chooseTarget(state({ clusterVersion: '3.5.0' }))).toBe('3.5');
    expect(chooseTarget(state({ clusterVersion: '3.4.0' }), '3.5.16')).toBe('3.5');
    expect(chooseTarget(state({ clusterVersion: '3.5.0' }), 'v3.6')).toBe('3.6');
  });

  it.each([
    [
      { storageVersion: '3.6.0' },
      '3.5.30',
      'the snapshot was written by etcd 3.6, which etcd 3.5 does not read (storage version 3.6.0)',
    ],
    [{ clusterVersion: '3.5.0' }, '3.4.23', 'the snapshot was written by etcd 3.5, which etcd 3.4 does not read'],
    [
      { clusterVersion: '3.4.0' },
      '3.6.1',
      'the snapshot was written by etcd 3.4; etcd 3.6 reads data of etcd 3.5 at the oldest',
    ],
    [{ clusterVersion: '3.5.0' }, '3.7.0', 'a data directory for etcd 3.7.0 cannot be made'],
    [{ clusterVersion: '3.5.0' }, 'newest', 'a data directory for etcd newest cannot be made'],
    [{ storageVersion: '3.7.0' }, undefined, 'a data directory for etcd 3.7 cannot be made'],
  ])('is never one that cannot read it: %o for %s', (change, version, message) => {
    expect(() => chooseTarget(state(change), version)).toThrow(
      expect.objectContaining({ code: 'RESTORE_RELEASE_UNSUPPORTED', message }),
    );
  });
});
