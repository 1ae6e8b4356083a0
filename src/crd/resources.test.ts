import { describe, expect, it } from 'vitest';
import { backups, retentionOf } from './backup.ts';
import { etcdBackups, outcomeOf } from './etcd-backup.ts';
import { labelValue } from './names.ts';

const metadata = { name: 'x' };

describe('What a Backup keeps', () => {
  it.each([
    [undefined, { kind: 'number', maxBackups: 15 }],
    [{ retentionType: 'RetentionNumber' }, { kind: 'number', maxBackups: 15 }],
    [
      { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 5 } },
      { kind: 'number', maxBackups: 5 },
    ],
    [{ retentionType: 'RetentionSize' }, { kind: 'size', maxGb: 10 }],
    [
      { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: 20 } },
      { kind: 'size', maxGb: 20 },
    ],
    [
      { retentionType: 'RetentionSize', retentionNumber: { maxNumberOfBackups: 5 } },
      { kind: 'size', maxGb: 10 },
    ],
  ])('by %j is %j', (retentionPolicy, kept) => {
    expect(retentionOf({ spec: { etcd: retentionPolicy === undefined ? {} : { retentionPolicy } } })).toEqual(kept);
  });
});

describe('An EtcdBackup as it is read', () => {
  it('is pending until an outcome holds', () => {
    const of = (...conditions: { type: string; status: 'True' | 'False' }[]): string =>
      outcomeOf({ status: { conditions } });
    expect(outcomeOf({})).toBe('BackupPending');
    expect(of({ type: 'BackupPending', status: 'True' })).toBe('BackupPending');
    expect(of({ type: 'BackupFailed', status: 'False' })).toBe('BackupPending');
    expect(of({ type: 'BackupPending', status: 'False' }, { type: 'BackupSkipped', status: 'True' })).toBe(
      'BackupSkipped',
    );
  });

  it('loses what cannot be read of its status, but nothing else', () => {
    const status = { backup: { folder: 7 }, failure: 'bad', backupJob: { namespace: 'openshift-etcd', name: 'j' } };
    const read = etcdBackups.schema.parse({ apiVersion: 'a/v1', kind: 'EtcdBackup', metadata, spec: {}, status });
    expect(read.status).toEqual({ backupJob: { namespace: 'openshift-etcd', name: 'j' } });
  });

  it('keeps the fields of others', () => {
    const read = backups.schema.parse({
      apiVersion: 'a/v1',
      kind: 'Backup',
      metadata,
      spec: { etcd: { schedule: '@daily' }, more: 1 },
      status: { theirs: true },
    });
    expect([read.spec['more'], read.status?.['theirs']]).toEqual([1, true]);
  });
});

describe('A name as a label', () => {
  it('stays as it is where it fits', () => {
    expect(labelValue('etcd-single-backup')).toBe('etcd-single-backup');
    expect(labelValue('a'.repeat(63))).toBe('a'.repeat(63));
  });

  it('is cut where it does not, and still differs from another one', () => {
    const [one, other] = [`${'a'.repeat(100)}.x`, `${'a'.repeat(100)}.y`].map(labelValue);
    expect(one).toMatch(/^a{54}-[0-9a-f]{8}$/);
    expect(one).not.toBe(other);
    expect(labelValue(`${'a'.repeat(52)}.-.${'b'.repeat(60)}`)).toMatch(/^a{52}-[0-9a-f]{8}$/);
  });
});
