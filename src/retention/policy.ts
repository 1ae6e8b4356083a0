import { formatBytes } from '../base/index.ts';
import { RetentionError } from './errors.ts';

/** How many good backups stand where the user does not say; OpenShift's `retentionNumber.maxNumberOfBackups`. */
export const DEFAULT_RETENTION_NUMBER = 15;
/** How many {@link BYTES_PER_GB} stand where the user asks for a size and does not say which; `retentionSize.maxSizeOfBackupsGb`. */
export const DEFAULT_RETENTION_SIZE_GB = 10;
/** What one unit of `maxSizeOfBackupsGb` and `--retain-size-gb` is: 2^30 bytes. */
export const BYTES_PER_GB: number = 2 ** 30;

/** Keep so many good backups. */
export interface NumberPolicy {
  readonly kind: 'number';
  /** A whole number, at least 1. */
  readonly maxBackups: number;
}

/** Keep good backups up to a sum of bytes, but never fewer than one. */
export interface SizePolicy {
  readonly kind: 'size';
  /** At least 1. */
  readonly maxBytes: number;
}

export type RetentionPolicy = NumberPolicy | SizePolicy;

/** The policy `--retain-number <maxBackups>`. Throws {@link RetentionError} unless it is a whole number of at least 1. */
export function retainNumber(maxBackups: number): NumberPolicy {
  return checked({ kind: 'number', maxBackups });
}

/** The policy `--retain-size-gb <gigabytes>`, in units of 2^30 bytes. Throws {@link RetentionError} unless it is at least one byte. */
export function retainSizeGb(gigabytes: number): SizePolicy {
  return checked({ kind: 'size', maxBytes: gigabytes * BYTES_PER_GB });
}

/** The policy in words: `the 15 newest good backups`, `good backups up to 10.0 GiB, newest first`. */
export function describePolicy(policy: RetentionPolicy): string {
  if (policy.kind === 'size') return `good backups up to ${formatBytes(policy.maxBytes)}, newest first`;
  return policy.maxBackups === 1 ? 'the newest good backup' : `the ${policy.maxBackups} newest good backups`;
}

/** Gives the policy back if it can be followed. Throws {@link RetentionError} otherwise. */
export function checked<P extends RetentionPolicy>(policy: P): P {
  if (policy.kind === 'number') {
    if (Number.isSafeInteger(policy.maxBackups) && policy.maxBackups >= 1) return policy;
    throw new RetentionError(
      'RETENTION_POLICY_INVALID',
      `the number of backups to keep is ${policy.maxBackups}, which is not a whole number of at least 1`,
      { hint: 'Give --retain-number (maxNumberOfBackups in a custom resource) a whole number from 1 upward.' },
    );
  }
  if (Number.isFinite(policy.maxBytes) && policy.maxBytes >= 1) return policy;
  throw new RetentionError(
    'RETENTION_POLICY_INVALID',
    `the size of backups to keep is ${policy.maxBytes} bytes, which is not at least one byte`,
    { hint: 'Give --retain-size-gb (maxSizeOfBackupsGb in a custom resource) a number above 0; it counts 2^30 bytes.' },
  );
}
