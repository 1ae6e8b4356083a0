import { describe, expect, it } from 'vitest';
import { parseEndpoints } from './endpoints.ts';
import { quorumOf, surveyCluster } from './survey.ts';

const voters = (count: number): { isLearner: boolean }[] => Array.from({ length: count }, () => ({ isLearner: false }));
const following = (memberId: number) => ({ memberId: BigInt(memberId), leader: 1n, isLearner: false });
const orphan = (memberId: number) => ({ memberId: BigInt(memberId), leader: 0n, isLearner: false });
const learner = (memberId: number) => ({ memberId: BigInt(memberId), leader: 1n, isLearner: true });

describe('the quorum of a cluster', () => {
  it('is there where most members follow a leader', () => {
    expect(quorumOf([following(1), following(2), following(3)], voters(3), 0)).toBe('yes');
    expect(quorumOf([following(1), following(2)], voters(3), 1)).toBe('yes');
    expect(quorumOf([following(1)], voters(1), 0)).toBe('yes');
    expect(quorumOf([following(1), following(2), orphan(3)], voters(3), 0)).toBe('yes');
  });

  it('is believed of the only member asked', () => {
    expect(quorumOf([following(1)], voters(3), 0)).toBe('yes');
    expect(quorumOf([orphan(1)], voters(3), 0)).toBe('no');
  });

  it('is not there where nobody who answered knows a leader', () => {
    expect(quorumOf([orphan(1)], voters(3), 2)).toBe('no');
    expect(quorumOf([orphan(1), orphan(2), orphan(3)], voters(3), 0)).toBe('no');
  });

  it('is unknown where nobody answered', () => {
    expect(quorumOf([], [], 3)).toBe('unknown');
  });

  it('is unknown where a leader is named while most are silent or know none: it may not have stepped down yet', () => {
    expect(quorumOf([following(1)], voters(3), 2)).toBe('unknown');
    expect(quorumOf([following(1), orphan(2)], voters(3), 1)).toBe('unknown');
    expect(quorumOf([following(1), orphan(2), orphan(3)], voters(3), 0)).toBe('unknown');
  });

  it('is made of voting members only', () => {
    expect(quorumOf([following(1), learner(2)], [...voters(3), { isLearner: true }], 2)).toBe('unknown');
    expect(quorumOf([following(1), learner(2)], [...voters(1), { isLearner: true }], 0)).toBe('yes');
  });

  it('counts a member that two endpoints lead to once', () => {
    expect(quorumOf([following(1), following(1)], voters(3), 2)).toBe('unknown');
  });

  it('is judged by those who answered where the members are not known', () => {
    expect(quorumOf([following(1), following(2)], [], 0)).toBe('yes');
  });
});

describe('a survey', () => {
  it('of no endpoints is a mistake of the caller', async () => {
    await expect(surveyCluster([])).rejects.toThrow(TypeError);
  });

  it('of a cluster that is not there says so for each endpoint', async () => {
    const endpoints = parseEndpoints('http://127.0.0.1:1,unix:///run/no-such-etcd.sock', { tls: false });
    const survey = await surveyCluster(endpoints, {}, { timeoutMs: 2_000 });
    expect(survey).toMatchObject({ clusterId: undefined, members: [], leader: undefined, quorum: 'unknown' });
    expect(survey.endpoints.map(({ error }) => error?.code)).toEqual([
      'ETCD_CONNECTION_REFUSED',
      'ETCD_CONNECTION_REFUSED',
    ]);
  });

  it('fails at once where the TLS files cannot be read', async () => {
    const endpoints = parseEndpoints('https://127.0.0.1:1', { tls: true });
    await expect(surveyCluster(endpoints, { tls: { cacert: '/no/such/ca.crt' } })).rejects.toMatchObject({
      code: 'ETCD_CREDENTIALS_UNREADABLE',
      subject: '/no/such/ca.crt',
    });
  });
});
