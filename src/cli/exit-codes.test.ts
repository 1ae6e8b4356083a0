import { describe, expect, it } from 'vitest';
import { apiServerErrors } from '../apiserver/index.ts';
import { backupErrors } from '../backup/index.ts';
import { HoldfastError, protobuf, type ErrorTable } from '../base/index.ts';
import { boltErrors } from '../bolt/index.ts';
import { etcdErrors } from '../etcd/index.ts';
import { hostErrors } from '../host/index.ts';
import { kubeErrors } from '../kube/index.ts';
import { operationErrors } from '../operations/index.ts';
import { retentionErrors } from '../retention/index.ts';
import { restoreErrors, snapshotErrors } from '../snapshot/index.ts';
import { storeErrors } from '../store/index.ts';
import { walErrors } from '../wal/index.ts';
import { cliErrors } from './errors.ts';
import { exitCodes, exitReasonOf } from './exit-codes.ts';

const tables: readonly ErrorTable[] = [
  apiServerErrors,
  backupErrors,
  boltErrors,
  cliErrors,
  etcdErrors,
  hostErrors,
  kubeErrors,
  operationErrors,
  protobuf.protobufErrors,
  restoreErrors,
  retentionErrors,
  snapshotErrors,
  storeErrors,
  walErrors,
];

class AnyError extends HoldfastError {
  constructor(code: string) {
    super({ kind: 'permanent', meaning: '' }, code, code, { hint: '' });
  }
}

describe('exit codes', () => {
  it('every error code of every folder has one that tells what kind of failure it was', () => {
    const codes = tables.flatMap((table) => Object.keys(table));
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(exitReasonOf(new AnyError(code)), code).not.toBe('internal');
  });

  it('what nobody foresaw is 1, and no two reasons share a code', () => {
    expect(exitReasonOf(new TypeError('x'))).toBe('internal');
    const all = Object.values(exitCodes).map(({ code }) => code);
    expect(new Set(all).size).toBe(all.length);
  });

  it.each([
    ['STORE_LOCKED', 7],
    ['STORE_FULL', 6],
    ['ETCD_ENDPOINT_INVALID', 2],
    ['ETCD_TIMEOUT', 4],
    ['OPERATION_REFUSED', 3],
    ['OPERATION_NOT_GOOD', 5],
    ['HOST_LAYOUT_UNKNOWN', 8],
  ])('%s ends with %d', (code, exit) => {
    expect(exitCodes[exitReasonOf(new AnyError(code))].code).toBe(exit);
  });
});
