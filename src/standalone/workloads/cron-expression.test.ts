import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCronExpression } from './cron-expression.ts';

describe('a cron expression', () => {
  it.each([
    ['20 4 * * *', { minutes: [20], hours: [4], days: undefined, weekdays: undefined }],
    ['*/20 0-6/3 1,15 JAN-mar ?', { minutes: [0, 20, 40], hours: [0, 3, 6], days: [1, 15], months: [1, 2, 3] }],
    ['5/20 23 * * sun,FRI', { minutes: [5, 25, 45], hours: [23], weekdays: [0, 5] }],
    ['0 0 */10 * */2', { days: [1, 11, 21, 31], weekdays: [0, 2, 4, 6] }],
    ['  0   12 1  *  * ', { minutes: [0], hours: [12], days: [1], weekdays: undefined }],
    ['@weekly', { minutes: [0], hours: [0], days: undefined, weekdays: [0] }],
    ['@annually', { days: [1], months: [1], weekdays: undefined }],
  ])('is read as Kubernetes reads it: %s', (expression, fields) => {
    expect(parseCronExpression(expression)).toMatchObject(fields);
  });

  it.each([
    ['', 'expected exactly 5 fields, found 0: []'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['0 20 4 * * *', 'expected exactly 5 fields, found 6: [0 20 4 * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['* 5-2 * * *', 'beginning of range (5) beyond end of range (2): 5-2'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['* * L * *', 'failed to parse int from L'],
    ['* * * * 5#3', 'failed to parse int from 5#3'],
    ['TZ=UTC 0 0 * * *', 'expected exactly 5 fields, found 6: [TZ=UTC 0 0 * * *]'],
    ['@reboot', 'unrecognized descriptor: @reboot'],
    ['@every 5m', 'unrecognized descriptor: @every 5m'],
  ])('is refused with a reason: %s', (expression, message) => {
    expect(() => parseCronExpression(expression)).toThrow(
      expect.objectContaining({ code: 'WORKLOAD_SCHEDULE_INVALID', message }),
    );
  });

  it('never fails in any other way', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[0-9*,/?A-Z-]{0,6}$/), { minLength: 5, maxLength: 5 }), (fields) => {
        try {
          expect(parseCronExpression(fields.join(' ')).minutes.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'WORKLOAD_SCHEDULE_INVALID' });
        }
      }),
    );
  });
});
