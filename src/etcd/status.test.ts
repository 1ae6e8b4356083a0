import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { etcdErrors } from './errors.ts';
import { hintFor } from './hints.ts';
import { meaningOf } from './status.ts';

it.each([
  [status.INVALID_ARGUMENT, 'etcdserver: user name is empty', 'ETCD_AUTH_REQUIRED'],
  [status.UNKNOWN, 'auth: user name is empty', 'ETCD_AUTH_REQUIRED'],
  [status.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password', 'ETCD_AUTH_FAILED'],
  [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'ETCD_PERMISSION_DENIED'],
  [status.UNKNOWN, 'auth: permission denied', 'ETCD_PERMISSION_DENIED'],
  [status.UNAUTHENTICATED, 'etcdserver: invalid auth token', 'ETCD_TOKEN_INVALID'],
  [status.UNKNOWN, 'auth: invalid auth token', 'ETCD_TOKEN_INVALID'],
  [status.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old', 'ETCD_TOKEN_INVALID'],
  [status.UNAVAILABLE, 'etcdserver: no leader', 'ETCD_NO_LEADER'],
  [status.UNAVAILABLE, 'etcdserver: request timed out', 'ETCD_NO_LEADER'],
  [status.UNKNOWN, 'context deadline exceeded', 'ETCD_NO_LEADER'],
  [status.UNAVAILABLE, 'etcdserver: server stopped', 'ETCD_MEMBER_STOPPING'],
  [status.FAILED_PRECONDITION, 'etcdserver: rpc not supported for learner', 'ETCD_LEARNER'],
  [status.DATA_LOSS, 'etcdserver: corrupt cluster', 'ETCD_CORRUPT'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'ETCD_NO_SPACE'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', 'ETCD_RESOURCE_EXHAUSTED'],
  [status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max', 'ETCD_RESOURCE_EXHAUSTED'],
  [status.UNIMPLEMENTED, 'unknown method AuthStatus for service etcdserverpb.Auth', 'ETCD_UNIMPLEMENTED'],
  [status.UNIMPLEMENTED, 'Received HTTP status code 404', 'ETCD_NOT_ETCD'],
  [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'ETCD_REQUEST_REFUSED'],
  [status.UNAVAILABLE, 'etcdserver: something new', 'ETCD_FAILED'],
  [status.INTERNAL, 'Received RST_STREAM with code 2', 'ETCD_FAILED'],
] as const)('gRPC status %i with %j means %s', (code, details, expected) => {
  expect(meaningOf(code, details)).toBe(expected);
});

it.each(['No connection established. Last error: connect ECONNREFUSED', 'Connection dropped', ''])(
  'an UNAVAILABLE that is not of etcd (%j) has no meaning of its own',
  (details) => {
    expect(meaningOf(status.UNAVAILABLE, details)).toBeUndefined();
  },
);

it('every meaning has a hint, and every row of the table a full sentence', () => {
  for (const [code, { meaning }] of Object.entries(etcdErrors)) {
    expect(meaning, code).toMatch(/^(?:[A-Z]|etcd ).*\.$/);
    expect(code).toMatch(/^ETCD_[A-Z_]+$/);
  }
  expect(hintFor('ETCD_AUTH_NEEDS_QUORUM')).toContain('client certificate');
  expect(hintFor('ETCD_FAILED')).toContain('log');
});
