import { describe, expect, it } from 'vitest';
import { objects, type CronJob } from '../apiserver/index.ts';
import { dueOf } from './due.ts';
import { nextRun } from './schedule.ts';

function next(schedule: string, timeZone: string | undefined, after: string): string | undefined {
  return nextRun({ schedule, timeZone }, new Date(after))?.toISOString();
}

describe('The next run of a schedule', () => {
  it('is told in its zone', () => {
    expect(next('20 4 * * *', 'UTC', '2026-11-22T15:44:00Z')).toBe('2026-11-23T04:20:00.000Z');
    expect(next('20 4 * * *', 'Asia/Tokyo', '2026-11-22T15:44:00Z')).toBe('2026-11-22T19:20:00.000Z');
  });

  it.each(['@hourly', '@daily', '@weekly', '@monthly', '@yearly', '@annually'])('is known for %s', (macro) => {
    expect(next(macro, 'UTC', '2026-11-22T15:44:00Z')).toBeDefined();
  });

  it('that falls into an hour the clock leaves out comes right after it', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
  });

  it('that falls into an hour the clock shows twice comes once', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
  });

  it.each([
    ['0 0 30 2 *', 'UTC'],
    ['@dailyy', 'UTC'],
    ['60 4 * * *', 'UTC'],
    ['20 4 * * *', 'Mars/Olympus'],
  ])('is never for %s in %s', (schedule, zone) => {
    expect(next(schedule, zone, '2026-11-22T15:44:00Z')).toBeUndefined();
  });
});

describe('A schedule', () => {
  const settings = { defaultTimeZone: 'UTC', scheduleGraceMs: 300_000 };
  const cronJob = (status: object = {}, since = '2026-11-22T00:00:00Z'): CronJob =>
    objects.cronJob.parse({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: {
        name: 'nightly',
        creationTimestamp: '2026-01-01T00:00:00Z',
        annotations: { 'backup.holdfast.io/scheduled-since': since },
      },
      spec: { schedule: '20 4 * * *', jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
      status,
    });
  const missed = (of: CronJob, now: string): string | undefined =>
    dueOf(of, settings, new Date(now)).missed?.toISOString();

  it('has missed nothing while the grace lasts, and then the first run that did not start', () => {
    expect(missed(cronJob(), '2026-11-22T04:24:59Z')).toBeUndefined();
    expect(missed(cronJob(), '2026-11-22T04:25:00Z')).toBe('2026-11-22T04:20:00.000Z');
    expect(missed(cronJob(), '2026-11-25T00:00:00Z')).toBe('2026-11-22T04:20:00.000Z');
  });

  it('has missed nothing where a run started, or is still at work', () => {
    const started = cronJob({ lastScheduleTime: '2026-11-22T04:20:00Z' });
    expect(missed(started, '2026-11-22T05:00:00Z')).toBeUndefined();
    expect(missed(cronJob({ active: [{ name: 'nightly-1' }] }), '2026-11-22T05:00:00Z')).toBeUndefined();
  });

  it('has missed nothing of the time before it was set', () => {
    expect(missed(cronJob({}, '2026-11-22T04:30:00Z'), '2026-11-22T05:00:00Z')).toBeUndefined();
  });

  it('says when there will be something else to say', () => {
    const changes = (now: string): string | undefined =>
      dueOf(cronJob(), settings, new Date(now)).changesAt?.toISOString();
    expect(changes('2026-11-22T01:00:00Z')).toBe('2026-11-22T04:20:00.000Z');
    expect(changes('2026-11-22T04:21:00Z')).toBe('2026-11-22T04:25:00.000Z');
    expect(changes('2026-11-22T04:26:00Z')).toBe('2026-11-23T04:20:00.000Z');
  });
});
