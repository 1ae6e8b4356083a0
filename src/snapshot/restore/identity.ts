import { createHash } from 'node:crypto';
import { formatId } from '../../base/index.ts';
import { RestoreError } from './errors.ts';
import { parsePeerUrl, parsePeerUrls } from './peer-urls.ts';
import type { TargetRelease } from './target-release.ts';

/** A member of the cluster that comes to be. */
export interface InitialMember {
  readonly id: bigint;
  readonly name: string;
  /** As etcd writes them, sorted. */
  readonly peerUrls: readonly string[];
}

/** Who the restored member is, and in which cluster. Every host that is given the same flags computes the same. */
export interface RestoreIdentity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** All members of the new cluster, this one included, by id. */
  readonly members: readonly InitialMember[];
}

/** etcdutl's defaults (etcdutl/etcdutl/snapshot_command.go); they do not follow `--name`. */
export const IDENTITY_DEFAULTS = {
  name: 'default',
  initialCluster: 'default=http://localhost:2380',
  initialClusterToken: 'etcd-cluster',
  initialAdvertisePeerUrls: 'http://localhost:2380',
} as const;

export interface IdentityOptions {
  /** This member's name. Default: `default`. */
  readonly name?: string | undefined;
  /** `name=url` of every member, comma-separated; one with several URLs comes several times. */
  readonly initialCluster?: string | undefined;
  /** Keeps clusters apart that have the same names and URLs. Default: `etcd-cluster`. */
  readonly initialClusterToken?: string | undefined;
  /** This member's peer URLs, comma-separated. */
  readonly initialAdvertisePeerUrls?: string | undefined;
  readonly target: TargetRelease;
}

/**
 * Computes the ids as etcd does for a new cluster (server/etcdserver/api/membership: NewClusterFromURLsMap), after
 * checking the flags as it does (server/config: VerifyBootstrap), but that host names are not resolved: the advertised
 * URLs have to be the same text in both flags.
 *
 * @throws RestoreError `RESTORE_IDENTITY_INVALID`
 */
export function planIdentity(options: IdentityOptions): RestoreIdentity {
  const { name = IDENTITY_DEFAULTS.name, initialClusterToken: token = IDENTITY_DEFAULTS.initialClusterToken } = options;
  const initialCluster = options.initialCluster ?? IDENTITY_DEFAULTS.initialCluster;
  const advertised = options.initialAdvertisePeerUrls ?? IDENTITY_DEFAULTS.initialAdvertisePeerUrls;
  const urlsByName = parseInitialCluster(initialCluster, options.target);
  const own = urlsByName.get(name);
  if (own === undefined) throw unknownName(name, [...urlsByName.keys()]);
  checkAdvertised(name, own, parsePeerUrls(advertised, '--initial-advertise-peer-urls', options.target));
  checkDuplicates(urlsByName);
  const members = [...urlsByName].map(([memberName, peerUrls]) => ({
    id: memberId(peerUrls, token),
    name: memberName,
    peerUrls,
  }));
  members.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  checkIds(members);
  return { clusterId: clusterId(members.map(({ id }) => id)), memberId: memberId(own, token), members };
}

/** Source: membership/member.go, computeMemberId. The time is left out for members of a new cluster. */
export function memberId(peerUrls: readonly string[], token: string): bigint {
  return firstEightBytesOfSha1(Buffer.from([...peerUrls].sort().join('') + token));
}

/**
 * Source: membership/cluster.go, genID.
 *
 * @param memberIds - ascending
 */
export function clusterId(memberIds: readonly bigint[]): bigint {
  const bytes = Buffer.alloc(8 * memberIds.length);
  memberIds.forEach((id, index) => bytes.writeBigUInt64BE(id, index * 8));
  return firstEightBytesOfSha1(bytes);
}

function firstEightBytesOfSha1(bytes: Uint8Array): bigint {
  return createHash('sha1').update(bytes).digest().readBigUInt64BE(0);
}

/** Source: client/pkg/types/urlsmap.go, parse. */
function parseInitialCluster(text: string, target: TargetRelease): ReadonlyMap<string, readonly string[]> {
  const urls = new Map<string, string[]>();
  for (const pair of text.split(',').filter((item) => item !== '')) {
    const equals = pair.indexOf('=');
    if (equals <= 0) {
      const hint = 'Give --initial-cluster as name=url,name=url, for example etcd-0=https://10.0.0.5:2380.';
      throw invalid(`--initial-cluster holds ${JSON.stringify(pair)}, which is no name=url`, hint);
    }
    const name = pair.slice(0, equals);
    const url = parsePeerUrl(pair.slice(equals + 1), '--initial-cluster', target);
    urls.set(name, [...(urls.get(name) ?? []), url].sort());
  }
  return urls;
}

function unknownName(name: string, known: readonly string[]): RestoreError {
  const list = known.length === 0 ? 'nobody' : known.join(', ');
  return invalid(
    `--name is ${JSON.stringify(name)}, but --initial-cluster names ${list}`,
    'Give --name the name that this member has in --initial-cluster.',
  );
}

function checkAdvertised(name: string, initial: readonly string[], advertised: readonly string[]): void {
  const missing = initial.filter((url) => !advertised.includes(url));
  const surplus = advertised.filter((url) => !initial.includes(url));
  if (missing.length === 0 && surplus.length === 0 && initial.length === advertised.length) return;
  const parts = [
    ...missing.map((url) => `${name}=${url} is only in --initial-cluster`),
    ...surplus.map((url) => `${url} is only in --initial-advertise-peer-urls`),
    ...(missing.length + surplus.length === 0 ? ['a URL comes more than once'] : []),
  ];
  throw invalid(
    `the peer URLs of ${JSON.stringify(name)} differ: ${parts.join('; ')}`,
    `Give the same URLs in both, for example --initial-advertise-peer-urls=${initial.join(',')}.`,
  );
}

function checkDuplicates(urlsByName: ReadonlyMap<string, readonly string[]>): void {
  const owners = new Map<string, string>();
  for (const [name, urls] of urlsByName) {
    for (const url of urls) {
      const owner = owners.get(url);
      if (owner !== undefined) {
        const whose = owner === name ? `twice for ${name}` : `for both ${owner} and ${name}`;
        throw invalid(`--initial-cluster has ${url} ${whose}`, 'Give every member peer URLs of its own.');
      }
      owners.set(url, name);
    }
  }
}

function checkIds(members: readonly InitialMember[]): void {
  for (const [index, { id, name }] of members.entries()) {
    const twin = members[index + 1];
    if (id !== 0n && id !== twin?.id) continue;
    throw invalid(
      `the members ${name} and ${twin?.name ?? 'none'} would have the same id ${formatId(id)}`,
      'Give another --initial-cluster-token.',
    );
  }
}

function invalid(message: string, hint: string): RestoreError {
  return new RestoreError('RESTORE_IDENTITY_INVALID', message, { hint, subject: '--initial-cluster' });
}
