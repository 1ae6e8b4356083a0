import type { Clock, Secret } from '../base/index.ts';

/** PEM text in a file, or at hand. A name stands for content in messages. */
export type PemSource = string | { readonly name: string; readonly content: Uint8Array };

/** Files for TLS; as etcdctl, they are left aside for endpoints that are spoken to without TLS. */
export interface EtcdTls {
  /** Whom to trust; without it, the certificate authorities that come with Node (and `NODE_EXTRA_CA_CERTS`). */
  readonly cacert?: PemSource | undefined;
  /** The client certificate, its chain after it. Needs `key`. */
  readonly cert?: PemSource | undefined;
  readonly key?: PemSource | undefined;
}

export interface EtcdUser {
  readonly name: string;
  readonly password: Secret;
}

/** How to talk to the members of one cluster. */
export interface EtcdConfig {
  readonly tls?: EtcdTls | undefined;
  readonly user?: EtcdUser | undefined;
  /** Time for time limits and for the validity of certificates; the system's where it is not given. */
  readonly clock?: Clock | undefined;
}

/** Taken by every call that waits for a member. */
export interface CallOptions {
  /** Ends the call at once; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait for the answer, in milliseconds; 7,500 where it is not given, since etcd itself gives up on a
   * lost quorum after seven seconds. Finding out why a member did not answer may take two seconds more.
   */
  readonly timeoutMs?: number | undefined;
}

export const DEFAULT_TIMEOUT_MS = 7_500;
