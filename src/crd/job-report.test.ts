import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeJobReport, LONGEST_REPORT_BYTES, parseJobReport, type JobReport } from './job-report.ts';

const SUCCESS: JobReport = {
  outcome: 'succeeded',
  folder: 'backup-single-2026-11-22_154400',
  id: 'backup-single-2026-11-22_154400/2026-11-22_154400',
  revision: '9223372036854775807',
  hash: 3866667823,
  totalKey: 12828,
  snapshotBytes: 114446336,
  bytes: 120000000,
  seconds: 3.21,
  verifiedAt: '2026-11-22T15:44:03Z',
  forced: false,
  warnings: 0,
  kept: { backups: 5, bytes: 600000000, removed: 1, failed: 0 },
};

describe('The report of a Job', () => {
  it('comes back as it went', () => {
    expect(parseJobReport(encodeJobReport(SUCCESS))).toEqual(SUCCESS);
    const failure: JobReport = { outcome: 'failed', code: 'ETCD_UNREACHABLE', message: 'no member', hint: 'Start it.' };
    expect(parseJobReport(encodeJobReport(failure))).toEqual(failure);
  });

  it('of a failure fits into a termination message whatever the texts are, and stays readable', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 9000 }),
        fc.string({ unit: 'binary', maxLength: 9000 }),
        fc.string({ unit: 'binary', maxLength: 9000 }),
        (code, message, hint) => {
          const encoded = encodeJobReport({ outcome: 'failed', code, message, hint });
          expect(Buffer.byteLength(encoded)).toBeLessThanOrEqual(LONGEST_REPORT_BYTES);
          expect(parseJobReport(encoded)).toMatchObject({ outcome: 'failed' });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps as much of a long text as fits', () => {
    const encoded = encodeJobReport({ outcome: 'failed', code: 'X', message: 'm'.repeat(9000), hint: 'Try again.' });
    expect(encoded.length).toBeGreaterThan(2000);
    expect(parseJobReport(encoded)).toMatchObject({ hint: 'Try again.' });
  });

  it('fits where every character takes six bytes', () => {
    const text = '\u0000'.repeat(5000);
    const encoded = encodeJobReport({ outcome: 'failed', code: text, message: text, hint: text });
    expect(Buffer.byteLength(encoded)).toBeLessThanOrEqual(LONGEST_REPORT_BYTES);
  });

  it.each([
    undefined,
    '',
    'panic: runtime error',
    'null',
    '[]',
    '{"outcome":"succeeded"}',
    JSON.stringify({ ...SUCCESS, revision: 'many' }),
    JSON.stringify({ ...SUCCESS, bytes: -1 }),
    JSON.stringify({ ...SUCCESS, outcome: 'went well' }),
    JSON.stringify(SUCCESS).slice(0, -1),
  ])('is none where a termination message says %o', (text) => {
    expect(parseJobReport(text)).toBeUndefined();
  });
});
