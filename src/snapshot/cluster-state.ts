import { messageOf, protobuf } from '../base/index.ts';
import type { FindingList } from '../bolt/index.ts';
import { finding } from './findings.ts';

/** A member as the snapshot's "members" bucket describes it. */
export interface SnapshotMember {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** Raft's view of who votes (raftpb.ConfState), kept since etcd 3.5. */
export interface ConfState {
  readonly voters: readonly bigint[];
  readonly learners: readonly bigint[];
}

export interface Alarm {
  readonly member: bigint;
  /** etcd's name for it: `NOSPACE`, `CORRUPT`, or `alarm 7` for one that is not known. */
  readonly alarm: string;
}

/** What a snapshot says of its cluster beside the keys. Plain data. */
export interface ClusterState {
  /** The index of the last raft entry that was applied; undefined if it is missing. */
  readonly consistentIndex: bigint | undefined;
  /** That entry's term; kept since etcd 3.5. */
  readonly term: bigint | undefined;
  /** The revision of the last compaction that was begun. */
  readonly scheduledCompaction: bigint | undefined;
  /** The revision of the last compaction that was finished. */
  readonly finishedCompaction: bigint | undefined;
  readonly confState: ConfState | undefined;
  /** `3.6.0`, say; empty before etcd 3.6. */
  readonly storageVersion: string;
  /** `3.5.0`, say: the version that all members can speak; kept since etcd 3.5. */
  readonly clusterVersion: string | undefined;
  /** The version to which a downgrade is under way. */
  readonly downgradeTarget: string | undefined;
  readonly members: readonly SnapshotMember[];
  readonly removedMembers: readonly bigint[];
  readonly authEnabled: boolean;
  readonly alarms: readonly Alarm[];
}

/** The entries of one small bucket, by key as latin1 text. */
export type BucketEntries = ReadonlyMap<string, Uint8Array>;

/** The buckets that {@link readClusterState} reads. */
export const STATE_BUCKETS = ['meta', 'cluster', 'members', 'members_removed', 'alarm', 'auth'] as const;
export type StateBucket = (typeof STATE_BUCKETS)[number];

/** Decodes what etcd keeps beside the keys (etcd server/storage/schema); what cannot be decoded becomes a finding. */
export function readClusterState(
  buckets: ReadonlyMap<StateBucket, BucketEntries>,
  findings: FindingList,
): ClusterState {
  const reader = new StateReader(buckets, findings);
  return {
    consistentIndex: reader.uint64('meta', 'consistent_index'),
    term: reader.uint64('meta', 'term'),
    scheduledCompaction: reader.revision('meta', 'scheduledCompactRev'),
    finishedCompaction: reader.revision('meta', 'finishedCompactRev'),
    confState: reader.decoded('meta', 'confState', decodeConfState),
    storageVersion: reader.decoded('meta', 'storageVersion', decodeStorageVersion) ?? '',
    clusterVersion: reader.decoded('cluster', 'clusterVersion', text),
    downgradeTarget: reader.decoded('cluster', 'downgrade', decodeDowngrade),
    members: reader.each('members', decodeMember),
    removedMembers: reader.each('members_removed', (key) => parseId(key)),
    authEnabled: reader.decoded('auth', 'authEnabled', (value) => value.length === 1 && value[0] === 1) ?? false,
    alarms: reader.each('alarm', decodeAlarm),
  };
}

class StateReader {
  readonly #buckets: ReadonlyMap<StateBucket, BucketEntries>;
  readonly #findings: FindingList;

  constructor(buckets: ReadonlyMap<StateBucket, BucketEntries>, findings: FindingList) {
    this.#buckets = buckets;
    this.#findings = findings;
  }

  decoded<T>(bucket: StateBucket, key: string, decode: (value: Uint8Array) => T): T | undefined {
    const value = this.#buckets.get(bucket)?.get(key);
    return value === undefined ? undefined : this.#try(bucket, key, () => decode(value));
  }

  /** A number of 8 bytes, big-endian. */
  uint64(bucket: StateBucket, key: string): bigint | undefined {
    return this.decoded(bucket, key, (value) => {
      if (value.length !== 8) throw new RangeError(`it has ${value.length} bytes instead of 8`);
      return Buffer.from(value).readBigUInt64BE();
    });
  }

  /** The main revision of a revision key. */
  revision(bucket: StateBucket, key: string): bigint | undefined {
    return this.decoded(bucket, key, (value) => {
      if (value.length < 17) throw new RangeError(`it has ${value.length} bytes instead of 17`);
      return Buffer.from(value).readBigInt64BE();
    });
  }

  each<T>(bucket: StateBucket, decode: (key: string, value: Uint8Array) => T): readonly T[] {
    const values: T[] = [];
    for (const [key, value] of this.#buckets.get(bucket) ?? []) {
      const decoded = this.#try(bucket, key, () => decode(key, value));
      if (decoded !== undefined) values.push(decoded);
    }
    return values;
  }

  #try<T>(bucket: StateBucket, key: string, decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      const name = JSON.stringify(key.slice(0, 64));
      const message = `entry ${name} of bucket "${bucket}" cannot be decoded: ${messageOf(error)}`;
      this.#findings.add(finding('error', 'SNAPSHOT_META_MALFORMED', `bucket "${bucket}"`, message));
      return undefined;
    }
  }
}

function text(value: Uint8Array): string {
  return Buffer.from(value).toString('utf8');
}

/** etcdutl shows a storage version only if it is a semantic version (server/storage/schema/version.go). */
function decodeStorageVersion(value: Uint8Array): string {
  const version = text(value);
  return /^\d+\.\d+\.\d+(?:[-+].*)?$/.test(version) ? version : '';
}

function parseId(hex: string): bigint {
  if (!/^[0-9a-f]{1,16}$/i.test(hex)) throw new RangeError('its key is no member id');
  return BigInt(`0x${hex}`);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The value's own id is a JSON number that a double cannot hold; the key says the same in hex. */
function decodeMember(key: string, value: Uint8Array): SnapshotMember {
  const json: unknown = JSON.parse(text(value));
  const name = field(json, 'name');
  return {
    id: parseId(key),
    name: typeof name === 'string' ? name : '',
    peerUrls: strings(field(json, 'peerURLs')),
    clientUrls: strings(field(json, 'clientURLs')),
    isLearner: field(json, 'isLearner') === true,
  };
}

function decodeConfState(value: Uint8Array): ConfState {
  // Member ids are JSON numbers of up to 64 bits: quoted, they survive parsing. The message holds no other digits.
  const json: unknown = JSON.parse(text(value).replace(/\d+/g, '"$&"'));
  const ids = (name: string): readonly bigint[] => strings(field(json, name)).map(BigInt);
  return { voters: ids('voters'), learners: ids('learners') };
}

function decodeDowngrade(value: Uint8Array): string | undefined {
  const json: unknown = JSON.parse(text(value));
  const target = field(json, 'target-version');
  return field(json, 'enabled') === true && typeof target === 'string' ? target : undefined;
}

/** etcdserverpb.AlarmMember, which is the entry's key. Source: etcd api/etcdserverpb/rpc.proto. */
const alarmMember = protobuf.message({ memberId: protobuf.uint64(1), alarm: protobuf.enumeration(2) });
const ALARM_NAMES = ['NONE', 'NOSPACE', 'CORRUPT'] as const;

function decodeAlarm(key: string): Alarm {
  const { memberId, alarm } = alarmMember.decode(Buffer.from(key, 'latin1'));
  return { member: memberId, alarm: ALARM_NAMES[alarm] ?? `alarm ${alarm}` };
}
