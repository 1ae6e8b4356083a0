import { status as grpc } from '@grpc/grpc-js';
import type { EtcdErrorCode } from './errors.ts';

/**
 * What etcd says when it refuses, by our code. The texts are etcd's own contract with its clients
 * (api/v3rpc/rpctypes/error.go), which tell refusals of one gRPC code apart by them too. Snapshot streams of 3.4 and
 * 3.5 send the inner text of server/auth/store.go with the code UNKNOWN, so the prefix is left out here.
 */
const BY_TEXT: Readonly<Record<string, EtcdErrorCode>> = {
  'user name is empty': 'ETCD_AUTH_REQUIRED',
  'authentication failed, invalid user ID or password': 'ETCD_AUTH_FAILED',
  'user name not found': 'ETCD_AUTH_FAILED',
  'authentication is not enabled': 'ETCD_AUTH_NOT_ENABLED',
  'permission denied': 'ETCD_PERMISSION_DENIED',
  'invalid auth token': 'ETCD_TOKEN_INVALID',
  'revision of auth store is old': 'ETCD_TOKEN_INVALID',
  'revision in header is old': 'ETCD_TOKEN_INVALID',
  'no leader': 'ETCD_NO_LEADER',
  'leader changed': 'ETCD_NO_LEADER',
  'unhealthy cluster': 'ETCD_NO_LEADER',
  // No request carries a deadline, so this one is etcd's own, for agreeing with the other members.
  'context deadline exceeded': 'ETCD_NO_LEADER',
  'request timed out': 'ETCD_NO_LEADER',
  'request timed out, possibly due to previous leader failure': 'ETCD_NO_LEADER',
  'request timed out, possibly due to connection lost': 'ETCD_NO_LEADER',
  'request timed out, waiting for the applied index took too long': 'ETCD_NO_LEADER',
  'server stopped': 'ETCD_MEMBER_STOPPING',
  'not capable': 'ETCD_MEMBER_STOPPING',
  'rpc not supported for learner': 'ETCD_LEARNER',
  'corrupt cluster': 'ETCD_CORRUPT',
  'mvcc: database space exceeded': 'ETCD_NO_SPACE',
  'too many requests': 'ETCD_RESOURCE_EXHAUSTED',
};

const BY_STATUS: Readonly<Partial<Record<grpc, EtcdErrorCode>>> = {
  [grpc.INVALID_ARGUMENT]: 'ETCD_REQUEST_REFUSED',
  [grpc.FAILED_PRECONDITION]: 'ETCD_REQUEST_REFUSED',
  [grpc.OUT_OF_RANGE]: 'ETCD_REQUEST_REFUSED',
  [grpc.NOT_FOUND]: 'ETCD_REQUEST_REFUSED',
  [grpc.ALREADY_EXISTS]: 'ETCD_REQUEST_REFUSED',
  [grpc.DEADLINE_EXCEEDED]: 'ETCD_NO_LEADER',
  [grpc.PERMISSION_DENIED]: 'ETCD_PERMISSION_DENIED',
  [grpc.UNAUTHENTICATED]: 'ETCD_TOKEN_INVALID',
  [grpc.RESOURCE_EXHAUSTED]: 'ETCD_RESOURCE_EXHAUSTED',
  [grpc.UNIMPLEMENTED]: 'ETCD_UNIMPLEMENTED',
  [grpc.DATA_LOSS]: 'ETCD_CORRUPT',
};

const PREFIX = /^(?:etcdserver|auth): /;

/**
 * What a gRPC status means, or undefined where it only says that the connection is broken (grpc-js gives no reason
 * that a program could read; diagnose.ts finds it).
 */
export function meaningOf(status: grpc, details: string): EtcdErrorCode | undefined {
  const known = BY_TEXT[details.replace(PREFIX, '')];
  if (known !== undefined) return known;
  if (details.startsWith('Received HTTP status code')) return 'ETCD_NOT_ETCD'; // grpc-js on an answer that is not gRPC
  if (status === grpc.UNAVAILABLE && !details.startsWith('etcdserver: ')) return undefined;
  return BY_STATUS[status] ?? 'ETCD_FAILED';
}
