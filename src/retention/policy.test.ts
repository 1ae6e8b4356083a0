import { expect, it } from 'vitest';
import {
  BYTES_PER_GB,
  DEFAULT_RETENTION_NUMBER,
  DEFAULT_RETENTION_SIZE_GB,
  describePolicy,
  RetentionError,
  retainNumber,
  retainSizeGb,
} from './index.ts';

it('a gigabyte is 2^30 bytes, and fractions of it are allowed', () => {
  expect(retainSizeGb(1)).toEqual({ kind: 'size', maxBytes: 1_073_741_824 });
  expect(retainSizeGb(0.5).maxBytes).toBe(BYTES_PER_GB / 2);
});

it('the defaults are OpenShift’s', () => {
  expect([DEFAULT_RETENTION_NUMBER, DEFAULT_RETENTION_SIZE_GB]).toEqual([15, 10]);
});

it('a policy says in words what it keeps', () => {
  expect(describePolicy(retainNumber(1))).toBe('the newest good backup');
  expect(describePolicy(retainNumber(15))).toBe('the 15 newest good backups');
  expect(describePolicy(retainSizeGb(10))).toBe('good backups up to 10.0 GiB, newest first');
});

it('a refused policy tells which flag to correct', () => {
  const hintOf = (call: () => unknown): string => {
    try {
      call();
    } catch (error) {
      if (error instanceof RetentionError) return error.hint;
    }
    return '';
  };
  expect(hintOf(() => retainNumber(0))).toContain('--retain-number');
  expect(hintOf(() => retainSizeGb(0))).toContain('--retain-size-gb');
});
