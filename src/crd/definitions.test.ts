import { describe, expect, it } from 'vitest';
import { kindsFromDefinition, prepareObject, validateObject, type Kind } from '../standalone/schema/index.ts';
import { backupDefinition } from './backup-definition.ts';
import { etcdBackupDefinition } from './etcd-backup-definition.ts';

function kindOf(definition: unknown): Kind {
  const [kind, ...others] = kindsFromDefinition(definition);
  if (kind === undefined || others.length > 0) throw new Error('expected one version');
  return kind;
}

const BACKUP = kindOf(backupDefinition);
const ETCD_BACKUP = kindOf(etcdBackupDefinition);

/** The fields that an API server has something against. */
function problems(kind: Kind, rest: object, old?: object): readonly string[] {
  const full = (part: object): unknown => ({
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { name: 'x' },
    ...part,
  });
  const { object, unknownFields } = prepareObject(kind, full(rest));
  const before = old && prepareObject(kind, full(old)).object;
  return [...unknownFields, ...validateObject(kind, object, before).map(({ field }) => field)];
}

function etcd(fields: object): object {
  return { spec: { etcd: fields } };
}

describe('The definition of Backup', () => {
  it.each([
    [{}],
    [{ schedule: '20 4 * * *', timeZone: 'UTC', pvcName: 'etcd-backup-pvc' }],
    [{ schedule: '@daily', timeZone: 'Asia/Tokyo' }],
    [{ schedule: '0 */2 * * *' }],
    [{ schedule: '5/10 0-23 1,15 JAN MON' }],
    [{ timeZone: 'America/Argentina/Buenos_Aires' }],
    [{ timeZone: 'Etc/GMT+5' }],
    // The pattern is not tied to the start, nor its macros to the end: the CronJob's own checks refuse these two.
    [{ schedule: '60 4 * * *' }],
    [{ schedule: '@dailyy' }],
    [{ pvcName: '' }],
    [{ retentionPolicy: { retentionType: 'RetentionNumber' } }],
    [{ retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 5 } } }],
    [{ retentionPolicy: { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: 20 } } }],
  ])("takes %j, as the reference's does", (fields) => {
    expect(problems(BACKUP, etcd(fields))).toEqual([]);
  });

  it.each<[object, string]>([
    [{ schedule: '' }, 'spec.etcd.schedule'],
    [{ schedule: '20 4 * * 8' }, 'spec.etcd.schedule'],
    [{ schedule: '20 24 * * *' }, 'spec.etcd.schedule'],
    [{ schedule: '20 4 * *' }, 'spec.etcd.schedule'],
    [{ schedule: '20 4 * * 7' }, 'spec.etcd.schedule'],
    [{ schedule: '20 4 */2 * *' }, 'spec.etcd.schedule'],
    [{ schedule: '@every 1h' }, 'spec.etcd.schedule'],
    [{ timeZone: '' }, 'spec.etcd.timeZone'],
    [{ timeZone: 'Asia Tokyo' }, 'spec.etcd.timeZone'],
    [{ timeZone: 'a/b/c/d' }, 'spec.etcd.timeZone'],
    [{ retentionPolicy: {} }, 'spec.etcd.retentionPolicy.retentionType'],
    [{ retentionPolicy: { retentionType: '' } }, 'spec.etcd.retentionPolicy.retentionType'],
    [{ retentionPolicy: { retentionType: 'RetentionAge' } }, 'spec.etcd.retentionPolicy.retentionType'],
    [
      { retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 0 } } },
      'spec.etcd.retentionPolicy.retentionNumber.maxNumberOfBackups',
    ],
    [
      { retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: {} } },
      'spec.etcd.retentionPolicy.retentionNumber.maxNumberOfBackups',
    ],
    [
      { retentionPolicy: { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: 0.5 } } },
      'spec.etcd.retentionPolicy.retentionSize.maxSizeOfBackupsGb',
    ],
    [{ retention: {} }, 'spec.etcd.retention'],
  ])("refuses %j, as the reference's does", (fields, field) => {
    expect(problems(BACKUP, etcd(fields))).toContain(field);
  });

  it('needs a spec, and etcd in it', () => {
    expect(problems(BACKUP, {})).toEqual(['spec']);
    expect(problems(BACKUP, { spec: {} })).toEqual(['spec.etcd']);
  });
});

describe('The definition of EtcdBackup', () => {
  it('takes a claim, none, and an empty one', () => {
    for (const spec of [{ pvcName: 'etcd-backup-pvc' }, {}, { pvcName: '' }])
      expect(problems(ETCD_BACKUP, { spec })).toEqual([]);
  });

  it('does not let the claim be changed once it is set', () => {
    expect(problems(ETCD_BACKUP, { spec: { pvcName: 'b' } }, { spec: { pvcName: 'a' } })).toEqual(['spec.pvcName']);
    expect(problems(ETCD_BACKUP, { spec: { pvcName: 'a' } }, { spec: { pvcName: 'a' } })).toEqual([]);
  });

  it('needs a spec', () => {
    expect(problems(ETCD_BACKUP, {})).toContain('spec');
  });

  it('takes no Job outside of openshift-etcd', () => {
    const status = { backupJob: { namespace: 'default', name: 'x' } };
    expect(problems(ETCD_BACKUP, { spec: {}, status })).toEqual(['status.backupJob.namespace']);
  });

  it('takes one condition of a type', () => {
    const condition = {
      type: 'BackupPending',
      status: 'True',
      reason: 'BackupPending',
      message: '',
      lastTransitionTime: '2026-11-22T15:44:00Z',
    };
    expect(problems(ETCD_BACKUP, { spec: {}, status: { conditions: [condition] } })).toEqual([]);
    expect(problems(ETCD_BACKUP, { spec: {}, status: { conditions: [condition, condition] } })).toEqual([
      'status.conditions[1]',
    ]);
  });
});

describe('kubectl get', () => {
  const now = new Date('2026-11-22T16:44:00Z');

  it('shows what became of an EtcdBackup', () => {
    const row = ETCD_BACKUP.row(
      {
        metadata: { name: 'single', creationTimestamp: '2026-11-22T15:44:00Z' },
        spec: { pvcName: 'etcd-backup-pvc' },
        status: {
          conditions: [
            { type: 'BackupPending', status: 'False' },
            { type: 'BackupCompleted', status: 'True' },
          ],
          backup: { revision: '31407', size: '114.4 MiB', seconds: 3.21, folder: 'backup-single-x' },
        },
      },
      now,
    );
    expect(ETCD_BACKUP.columns.map(({ name }, index) => [name, row[index]])).toEqual([
      ['Name', 'single'],
      ['Status', 'BackupCompleted'],
      ['Revision', '31407'],
      ['Size', '114.4 MiB'],
      ['Seconds', 3.21],
      ['Age', '60m'],
      ['PVC', 'etcd-backup-pvc'],
      ['Folder', 'backup-single-x'],
      ['Reason', expect.toSatisfy((cell: unknown) => cell === null || cell === '')],
    ]);
  });

  it('shows how a Backup is doing', () => {
    const row = BACKUP.row(
      {
        metadata: { name: 'nightly', creationTimestamp: '2026-11-22T15:44:00Z' },
        spec: { etcd: { schedule: '20 4 * * *', timeZone: 'UTC', pvcName: 'etcd-backup-pvc' } },
        status: {
          lastSuccessfulTime: '2026-11-22T16:14:00Z',
          consecutiveFailures: 0,
          nextRunTime: '2026-11-23T04:20:00Z',
          kept: { backups: 5, bytes: 500 },
        },
      },
      now,
    );
    expect(row.slice(0, 7)).toEqual(['nightly', '20 4 * * *', '30m', 0, '2026-11-23T04:20:00Z', 5, '60m']);
  });
});
