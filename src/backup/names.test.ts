import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBackupFileName,
  formatBackupFolderName,
  formatBackupId,
  formatTimestamp,
  parseBackupFileName,
  parseBackupFolderName,
  parseTimestamp,
} from './index.ts';

const seconds = fc
  .integer({ min: Date.UTC(1000, 0, 2) / 1000, max: Date.UTC(9999, 11, 30) / 1000 })
  .map((each) => new Date(each * 1000));
const kinds = fc.constantFrom('snapshot' as const, 'resources' as const, 'manifest' as const);

describe('a timestamp', () => {
  it('is local time without a zone, as `date "+%F_%H%M%S"` prints it', () => {
    const date = new Date('2026-11-22T06:44:00Z');
    expect(formatTimestamp(date, 9 * 60)).toBe('2026-11-22_154400');
    expect(formatTimestamp(date, 0)).toBe('2026-11-22_064400');
    expect(formatTimestamp(date, -570)).toBe('2026-11-21_211400');
  });

  it('is of this host where no zone is given', () => {
    const date = new Date(2026, 10, 22, 15, 44, 0);
    expect(formatTimestamp(date)).toBe('2026-11-22_154400');
    expect(parseTimestamp('2026-11-22_154400')).toEqual(date);
  });

  it('leads back to the second it was made from, in every zone', () => {
    fc.assert(
      fc.property(seconds, fc.integer({ min: -14 * 60, max: 14 * 60 }), (date, offset) => {
        expect(parseTimestamp(formatTimestamp(date, offset), offset)).toEqual(date);
      }),
    );
  });

  it.each([
    '2026-11-22_1544',
    '2026-13-22_154400',
    '2026-02-30_154400',
    '2026-11-22_244400',
    '2026-11-22_156000',
    '2026-11-22-154400',
    '2026-11-22_154400 ',
    '0026-11-22_154400',
    '２026-11-22_154400',
    '',
  ])('is refused when it is %j', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it('of an invalid date is a caller’s mistake', () => {
    expect(() => formatTimestamp(new Date(NaN))).toThrow(TypeError);
    expect(() => formatBackupFileName('snapshot', 'today', false)).toThrow(TypeError);
  });
});

describe('a backup’s file name', () => {
  it.each([
    ['snapshot', false, 'snapshot_2026-11-22_154400.db'],
    ['resources', false, 'static_kuberesources_2026-11-22_154400.tar.gz'],
    ['manifest', false, 'backup_2026-11-22_154400.json'],
    ['snapshot', true, 'snapshot_2026-11-22_154400__POSSIBLY_DIRTY__.db'],
    ['resources', true, 'static_kuberesources_2026-11-22_154400__POSSIBLY_DIRTY__.tar.gz'],
    ['manifest', true, 'backup_2026-11-22_154400__POSSIBLY_DIRTY__.json'],
  ] as const)('of the %s (dirty: %s) is the reference’s', (kind, dirty, name) => {
    expect(formatBackupFileName(kind, '2026-11-22_154400', dirty)).toBe(name);
  });

  it('taken apart gives what it was made from', () => {
    fc.assert(
      fc.property(kinds, seconds, fc.boolean(), fc.boolean(), (kind, date, dirty, part) => {
        const timestamp = formatTimestamp(date, 0);
        const name = formatBackupFileName(kind, timestamp, dirty) + (part ? '.part' : '');
        expect(parseBackupFileName(name)).toEqual({ kind, timestamp, dirty, part });
      }),
    );
  });

  it.each([
    'snapshot_2026-11-22_154400.db.bak',
    'snapshot_2026-11-22_154400.db.part.part',
    'snapshot_2026-11-22_154400_.db',
    'snapshot_2026-11-22_154400__possibly_dirty__.db',
    'snapshot_2026-11-22_154400__POSSIBLY_DIRTY____POSSIBLY_DIRTY__.db',
    'snapshot_2026-02-30_154400.db',
    'snapshot_2026-11-22_154400.tar.gz',
    'Snapshot_2026-11-22_154400.db',
    ' snapshot_2026-11-22_154400.db',
    'my-snapshot_2026-11-22_154400.db',
    'snapshot_2026-11-22_154400.db\n',
    'snapshot_../../etc/passwd.db',
    'snapshot_.db',
    'backup_.json',
    'snapshot_latest.db',
    'lost+found',
    '.part',
  ])('is nothing but the exact form: %j is not ours', (name) => {
    expect(parseBackupFileName(name)).toBeUndefined();
  });

  it('is not found in arbitrary text, and what is found is written the same way', () => {
    const pieces = fc.constantFrom(
      'snapshot_',
      'backup_',
      '2026-11-22_154400',
      '__POSSIBLY_DIRTY__',
      '.db',
      '.json',
      'x',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 6 }), (parts) => {
        const name = parts.join('');
        const found = parseBackupFileName(name);
        if (found === undefined) return;
        const again = formatBackupFileName(found.kind, found.timestamp, found.dirty) + (found.part ? '.part' : '');
        expect(again).toBe(name);
      }),
    );
  });
});

describe('a sub-folder’s name', () => {
  it('is that of OpenShift’s operator', () => {
    const name = { name: 'etcd-recurring.backup', timestamp: '2026-11-22_154400' };
    expect(formatBackupFolderName(name)).toBe('backup-etcd-recurring.backup-2026-11-22_154400');
    expect(parseBackupFolderName('backup-etcd-recurring.backup-2026-11-22_154400')).toEqual(name);
  });

  it.each([
    'backup-2026-11-22_154400',
    'backup-A-2026-11-22_154400',
    'backup-a-2026-11-32_154400',
    'backup-a/b-2026-11-22_154400',
    'lost+found',
  ])('is not %j', (folder) => {
    expect(parseBackupFolderName(folder)).toBeUndefined();
  });

  it('needs a name that Kubernetes allows', () => {
    expect(() => formatBackupFolderName({ name: '../x', timestamp: '2026-11-22_154400' })).toThrow(TypeError);
  });
});

it('an id holds what tells two backups of one repository apart', () => {
  expect(formatBackupId('2026-11-22_154400', false)).toBe('2026-11-22_154400');
  expect(formatBackupId('2026-11-22_154400', true)).toBe('2026-11-22_154400__POSSIBLY_DIRTY__');
  expect(formatBackupId('2026-11-22_154400', false, 'nightly')).toBe('nightly/2026-11-22_154400');
});
