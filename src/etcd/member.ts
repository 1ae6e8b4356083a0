import { alarmsIn, type EtcdAlarm } from './alarms.ts';
import { Caller } from './caller.ts';
import type { CallOptions, EtcdConfig } from './config.ts';
import type { EtcdEndpoint } from './endpoints.ts';
import { EtcdError } from './errors.ts';
import { Kv } from './kv.ts';
import { memberListMethod } from './rpc/cluster.ts';
import {
  ALARM_ACTION,
  alarmMethod,
  defragmentMethod,
  hashKvMethod,
  statusMethod,
  type StatusResponse,
} from './rpc/maintenance.ts';
import { openSnapshot, type SnapshotMessages } from './snapshot-call.ts';

/** What one member says of itself. Sizes are in bytes; ids are shown as hexadecimal by `formatId`. */
export interface MemberStatus {
  readonly endpoint: EtcdEndpoint;
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** The release of etcd, such as `3.5.30`. */
  readonly version: string;
  readonly dbSize: bigint;
  readonly dbSizeInUse: bigint;
  /** Since 3.6. */
  readonly dbSizeQuota: bigint | undefined;
  /** The member that this one follows; 0 where it knows none, which is what a lost quorum looks like. */
  readonly leader: bigint;
  readonly raftIndex: bigint;
  readonly raftTerm: bigint;
  readonly raftAppliedIndex: bigint;
  readonly isLearner: boolean;
  /** The revision of the key space. */
  readonly revision: bigint;
  /** As etcd words them; the alarms are among them. */
  readonly errors: readonly string[];
  readonly alarms: readonly EtcdAlarm[];
  /** The version of the database's schema, such as `3.6.0`; since 3.6. */
  readonly storageVersion: string | undefined;
}

export interface ClusterMember {
  readonly id: bigint;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** One member, over one channel to one endpoint. Every method throws an {@link EtcdError} or the signal's reason. */
export interface Member {
  readonly endpoint: EtcdEndpoint;
  readonly kv: Kv;
  /**
   * Needs no quorum. With a password it needs one only since 3.5.30 and 3.6, which ask who is asking; older releases
   * answer anybody, and are asked without a token if the password cannot be checked.
   */
  status(options?: CallOptions): Promise<MemberStatus>;
  /** The members as this one knows them; needs no quorum. A learner refuses with `ETCD_LEARNER`. */
  memberList(options?: CallOptions): Promise<readonly ClusterMember[]>;
  /** Opens a snapshot's raw messages; `streamSnapshot` is what checks them. Needs no quorum. */
  snapshot(options?: CallOptions): Promise<SnapshotMessages>;
  /** CRC-32C over the keys and values up to `revision` (the newest where it is not given). */
  hashKv(options?: CallOptions & { readonly revision?: bigint }): Promise<{ hash: number; compactRevision: bigint }>;
  /** Ends one alarm; needs quorum. */
  disarm(alarm: EtcdAlarm, options?: CallOptions): Promise<void>;
  /** Rewrites the member's database without its free pages; the member answers nobody meanwhile. */
  defragment(options?: CallOptions): Promise<void>;
  /** Closes the channel; calls under way fail. */
  close(): void;
}

/**
 * Opens a channel to exactly one endpoint. Nothing is sent before the first call.
 *
 * @throws EtcdError for TLS files that cannot be read or used (`ETCD_CREDENTIALS_*`, `ETCD_CERTIFICATE_*`, `ETCD_KEY_*`)
 */
export function connectMember(endpoint: EtcdEndpoint, config: EtcdConfig = {}): Member {
  return new GrpcMember(endpoint, config);
}

const ALARM_TYPE = { NOSPACE: 1, CORRUPT: 2 } as const;

class GrpcMember implements Member {
  readonly endpoint: EtcdEndpoint;
  readonly kv: Kv;
  readonly #caller: Caller;

  constructor(endpoint: EtcdEndpoint, config: EtcdConfig) {
    this.endpoint = endpoint;
    this.#caller = new Caller(endpoint, config);
    this.kv = new Kv(this.#caller);
  }

  async status(options: CallOptions = {}): Promise<MemberStatus> {
    const what = 'reading its status';
    try {
      return asStatus(this.endpoint, await this.#caller.call(statusMethod, {}, what, options));
    } catch (error) {
      if (!(error instanceof EtcdError) || error.code !== 'ETCD_AUTH_NEEDS_QUORUM') throw error;
      return this.#caller.callAnonymously(statusMethod, what, options).then(
        (answer) => asStatus(this.endpoint, answer),
        () => Promise.reject(error),
      );
    }
  }

  async memberList(options: CallOptions = {}): Promise<readonly ClusterMember[]> {
    const request = { linearizable: false };
    return (await this.#caller.call(memberListMethod, request, 'listing the members', options)).members;
  }

  snapshot(options: CallOptions = {}): Promise<SnapshotMessages> {
    return openSnapshot(this.#caller, options);
  }

  async hashKv(
    options: CallOptions & { readonly revision?: bigint } = {},
  ): Promise<{ hash: number; compactRevision: bigint }> {
    const request = { revision: options.revision ?? 0n };
    const { hash, compactRevision } = await this.#caller.call(hashKvMethod, request, 'hashing its keys', options);
    return { hash, compactRevision };
  }

  async disarm(alarm: EtcdAlarm, options: CallOptions = {}): Promise<void> {
    const request = { action: ALARM_ACTION.DEACTIVATE, memberId: alarm.memberId ?? 0n, alarm: ALARM_TYPE[alarm.type] };
    await this.#caller.call(alarmMethod, request, 'disarming an alarm', options);
  }

  async defragment(options: CallOptions = {}): Promise<void> {
    await this.#caller.call(defragmentMethod, {}, 'defragmenting', options);
  }

  close(): void {
    this.#caller.connection.close();
  }
}

function asStatus(endpoint: EtcdEndpoint, { header, ...answer }: StatusResponse): MemberStatus {
  return {
    endpoint,
    memberId: header?.memberId ?? 0n,
    clusterId: header?.clusterId ?? 0n,
    revision: header?.revision ?? 0n,
    ...answer,
    dbSizeQuota: answer.dbSizeQuota === 0n ? undefined : answer.dbSizeQuota,
    storageVersion: answer.storageVersion === '' ? undefined : answer.storageVersion,
    alarms: alarmsIn(answer.errors),
  };
}
