import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatId } from '../../base/index.ts';
import { RestoreError } from './errors.ts';
import { planIdentity, type IdentityOptions, type RestoreIdentity } from './identity.ts';

const TWO = {
  name: 'm1',
  initialCluster: 'm1=http://127.0.0.1:23801,m2=http://10.0.0.2:2380',
  initialClusterToken: 'tok',
  initialAdvertisePeerUrls: 'http://127.0.0.1:23801',
} as const;

const plan = (options: Partial<IdentityOptions>): RestoreIdentity => planIdentity({ target: '3.5', ...options });

function problem(options: Partial<IdentityOptions>): string {
  try {
    plan(options);
  } catch (error) {
    if (error instanceof RestoreError && error.code === 'RESTORE_IDENTITY_INVALID') return error.message;
    throw error;
  }
  return 'none';
}

describe('the ids of a restored cluster', () => {
  it('are those that etcdutl 3.4.23, 3.5.16 and 3.5.30 compute', () => {
    const { clusterId, memberId, members } = plan(TWO);
    expect(clusterId).toBe(2792875367209591389n);
    expect(memberId).toBe(4627081221937520288n);
    expect(members).toEqual([
      { id: 4627081221937520288n, name: 'm1', peerUrls: ['http://127.0.0.1:23801'] },
      { id: 7039204014346277336n, name: 'm2', peerUrls: ['http://10.0.0.2:2380'] },
    ]);
  });

  it('are, without any flag, those that every fresh etcd on localhost has', () => {
    const { clusterId, memberId } = plan({});
    expect([formatId(clusterId), formatId(memberId)]).toEqual(['cdf818194e3a8c32', '8e9e05c52164694d']);
  });

  it('are the same on every host, in whatever order the members and their URLs are given', () => {
    const pairs = ['a=http://h:1', 'a=http://h:2', 'b=http://h:3', 'c=http://h:4'];
    const reference = plan({ name: 'b', initialCluster: pairs.join(','), initialAdvertisePeerUrls: 'http://h:3' });
    fc.assert(
      fc.property(fc.shuffledSubarray(pairs, { minLength: 4 }), (shuffled) => {
        const initialCluster = shuffled.join(',');
        const other = plan({ name: 'a', initialCluster, initialAdvertisePeerUrls: 'http://h:2,http://h:1' });
        expect(other.clusterId).toBe(reference.clusterId);
        expect(other.members).toEqual(reference.members);
      }),
    );
  });

  it('differ by the token', () => {
    expect(plan({ ...TWO, initialClusterToken: 'other' }).clusterId).not.toBe(plan(TWO).clusterId);
  });

  it('are made from the URLs as given, but for the scheme, which is written small', () => {
    const upper = 'HTTP://Host.Example:2380';
    const { members } = plan({ name: 'a', initialCluster: `a=${upper}`, initialAdvertisePeerUrls: ` ${upper} ` });
    expect(members[0]?.peerUrls).toEqual(['http://Host.Example:2380']);
  });
});

describe('flags that describe no cluster', () => {
  it.each([
    [{ name: 'm3' }, '--name is "m3", but --initial-cluster names m1, m2'],
    [{ initialCluster: '' }, '--name is "m1", but --initial-cluster names nobody'],
    [{ initialCluster: 'm1' }, '--initial-cluster holds "m1", which is no name=url'],
    [{ initialCluster: '=http://h:1' }, '--initial-cluster holds "=http://h:1", which is no name=url'],
    [
      { initialAdvertisePeerUrls: 'http://127.0.0.1:1' },
      'the peer URLs of "m1" differ: m1=http://127.0.0.1:23801 is only in --initial-cluster; http://127.0.0.1:1 is only in --initial-advertise-peer-urls',
    ],
    [
      { initialAdvertisePeerUrls: 'http://127.0.0.1:23801,http://127.0.0.1:23801' },
      'the peer URLs of "m1" differ: a URL comes more than once',
    ],
    [
      { initialCluster: 'm1=http://127.0.0.1:23801,m2=http://127.0.0.1:23801' },
      '--initial-cluster has http://127.0.0.1:23801 for both m1 and m2',
    ],
  ])('are refused: %j', (change, message) => {
    expect(problem({ ...TWO, ...change })).toBe(message);
  });

  it.each([
    ['http://h:2380/', 'it has "/" behind its port'],
    ['http://h', 'it does not have the form host:port'],
    ['http://user@h:1', 'it does not have the form host:port'],
    ['http://h:1?x', 'it has "?x" behind its port'],
    ['h:2380', 'it does not begin with http://, https://, unix:// or unixs://'],
    ['ftp://h:1', 'it does not begin with http://, https://, unix:// or unixs://'],
    ['', 'it does not begin with http://, https://, unix:// or unixs://'],
    ['unix://', 'it names no socket'],
  ])('are refused for the peer URL %j', (url, why) => {
    expect(problem({ name: 'a', initialCluster: `a=${url}` })).toBe(
      `--initial-cluster holds ${JSON.stringify(url)}: ${why}`,
    );
  });

  it.each(['http://[::1]:2380', 'https://[fe80::1%25eth0]:2380', 'http://:2380', 'unix:///run/etcd.sock'])(
    'are not those with %s',
    (url) => {
      expect(problem({ name: 'a', initialCluster: `a=${url}`, initialAdvertisePeerUrls: url })).toBe('none');
    },
  );

  it('are, in etcd 3.4 only, those with a socket that has no port', () => {
    const url = 'unix:///run/etcd.sock';
    const options = { name: 'a', initialCluster: `a=${url}`, initialAdvertisePeerUrls: url };
    expect(problem({ ...options, target: '3.4' })).toContain('it does not have the form host:port');
  });
});
