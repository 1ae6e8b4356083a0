import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeRaftSnapshot, RecordEncoder } from '../../wal/index.ts';
import { planIdentity, type RestoreIdentity } from './identity.ts';
import { encodeMember, planRaftState } from './raft-state.ts';
import type { TargetRelease } from './target-release.ts';

const identity: RestoreIdentity = planIdentity({
  name: 'm1',
  initialCluster: 'm1=http://127.0.0.1:23801,m2=http://10.0.0.2:2380',
  initialClusterToken: 'tok',
  initialAdvertisePeerUrls: 'http://127.0.0.1:23801',
  target: '3.5',
});

/** The start of the log that `etcdutl snapshot restore` of 3.5.30 wrote for the same flags. */
const LOG_OF_ETCD = Buffer.from(
  'BAAAAAAAAIQIBBAAAAAAAB4AAAAAAACCCAEQ2f2o9AoaFAigvd2jsrusm0AQ3cTdo5arkuEmAAAOAAAAAAAAgggFEPn0iekIGgQIABAAAABuAAAAAAAAgggC' +
    'ENfI8JQGGmQIARABGAEiXAgAEAAYoL3do7K7rJtAIkx7ImlkIjo0NjI3MDgxMjIxOTM3NTIwMjg4LCJwZWVyVVJMcyI6WyJodHRwOi8vMTI3LjAuMC4xOjIz' +
    'ODAxIl0sIm5hbWUiOiJtMSJ9AABsAAAAAAAAhAgCEKTx7swMGmIIARABGAIiWggAEAAY2KP0xJfYkdhhIkp7ImlkIjo3MDM5MjA0MDE0MzQ2Mjc3MzM2LCJw' +
    'ZWVyVVJMcyI6WyJodHRwOi8vMTAuMC4wLjI6MjM4MCJdLCJuYW1lIjoibTIifQAAAAAYAAAAAAAAAAgDENugrsMLGg4IARCgvd2jsrusm0AYAiYAAAAAAACC' +
    'CAUQhKHH2QMaHAgCEAEaFgigvd2jsrusm0AI2KP0xJfYkdhhKAAAAA==',
  'base64',
);
/** Of the `.snap` file that etcdctl 3.4.23 and etcdutl 3.5.16 and 3.5.30 wrote. */
const SNAP_SHA256 = 'feb3ca210ded6ff3326afe768546168990ada950a0ee72a4e94ac138a0362d94';

function logFor(target: TargetRelease): Buffer {
  return new RecordEncoder().encodeAll([{ kind: 'crc' }, ...planRaftState(identity, target).log]);
}

describe('the raft side of a restored member', () => {
  it("has the bytes of etcd's own restore in its log", () => {
    expect(logFor('3.5').equals(LOG_OF_ETCD)).toBe(true);
    expect(logFor('3.6').equals(LOG_OF_ETCD)).toBe(true);
  });

  it('names the voters at the end of its log only for releases that read them there', () => {
    expect(logFor('3.4').length).toBe(376);
    expect(planRaftState(identity, '3.4').log.at(-1)).toMatchObject({ snapshot: { index: 2n, confState: undefined } });
  });

  it("has the bytes of etcd's own restore in its .snap file, the membership as v2 store included", () => {
    const bytes = encodeRaftSnapshot(planRaftState(identity, '3.5').snapshot);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(SNAP_SHA256);
  });

  it('has committed what it adds, in the first term', () => {
    expect(planRaftState(identity, '3.5').hardState).toEqual({ term: 1n, vote: identity.members[0]?.id, commit: 2n });
  });
});

describe('a member as etcd writes it', () => {
  it('keeps all digits of its id and escapes as Go does', () => {
    const member = { id: 2n ** 64n - 1n, name: '<é&\u2028>', peerUrls: ['http://h:1'] };
    expect(Buffer.from(encodeMember(member)).toString()).toBe(
      '{"id":18446744073709551615,"peerURLs":["http://h:1"],"name":"\\u003cé\\u0026\\u2028\\u003e"}',
    );
  });
});
