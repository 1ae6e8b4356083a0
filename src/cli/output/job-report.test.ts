import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { OperationError } from '../../operations/index.ts';
import { parseJobReport } from '../../crd/index.ts';
import { describeFailure, reporting } from './job-report.ts';

const refused = new OperationError('OPERATION_REFUSED', 'the backup was not started: a check refuses', {
  hint: 'Mend what is named above.',
  findings: [
    {
      severity: 'error',
      where: '/srv',
      code: 'ROOM_SHORT',
      message: '/srv has 2 MiB free, 40 are needed',
      hint: 'Free space in /srv.',
    },
    { severity: 'warning', where: '/srv', code: 'OTHER', message: 'something else', hint: 'Look.' },
    { severity: 'error', where: '/srv', code: 'ALARM_NOSPACE', message: 'etcd is full', hint: 'Free space in /srv.' },
  ],
});

describe('the report of a run that failed', () => {
  it('says what was found and what to do about it, not only that something was', () => {
    expect(describeFailure(refused)).toEqual({
      outcome: 'failed',
      code: 'OPERATION_REFUSED',
      message:
        'the backup was not started: a check refuses: ' +
        '/srv has 2 MiB free, 40 are needed [ROOM_SHORT]; etcd is full [ALARM_NOSPACE]',
      hint: 'Mend what is named above. Free space in /srv.',
      findings: ['ROOM_SHORT', 'ALARM_NOSPACE'],
    });
  });

  it('is written, and the run fails as it would without', async () => {
    const path = join(await temporaryFolder(), 'report');
    await expect(
      reporting(
        path,
        () => Promise.reject(refused),
        () => ({}) as never,
      ),
    ).rejects.toBe(refused);
    expect(parseJobReport(await readFile(path, 'utf8'))).toMatchObject({ code: 'OPERATION_REFUSED' });
  });

  it('does not hide the failure where it cannot be written', async () => {
    const path = join(await temporaryFolder(), 'missing', 'report');
    await expect(
      reporting(
        path,
        () => Promise.reject(refused),
        () => ({}) as never,
      ),
    ).rejects.toBe(refused);
  });

  it('calls a fault of our own by no code of others', () => {
    expect(describeFailure(new Error('oops'))).toEqual({
      outcome: 'failed',
      code: 'INTERNAL',
      message: 'oops',
      hint: '',
    });
  });
});
