import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resources, type Resource } from '../../src/apiserver/index.ts';
import { backups, BACKUP_NAMESPACE, etcdBackups, outcomeOf, type Backup } from '../../src/crd/index.ts';
import { startCluster, type Cluster } from '../kit/index.ts';
import type { Fate } from './month-containers.ts';
import { createClaim, createSeries, readVolume, volumeFolder } from './month-judge.ts';
import { fleetingFolder, Machine, PATIENCE_MS } from './month-machine.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

let cluster: Cluster;
let folder: string;
let machine: Machine;
/** Midnight of the running test's own day. */
let day = Date.UTC(2025, 6, 1);
beforeAll(async () => {
  cluster = await startCluster();
  folder = await fleetingFolder();
  const backupArgs = ['--snapshot-only', '--endpoints', cluster.endpoints.join(',')];
  machine = new Machine({ at: new Date(day).toISOString(), folder, backupArgs });
  await machine.boot();
  await createClaim(machine.client, 'claim');
});
afterAll(async () => {
  await machine.kill();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  machine.containers.fate = () => 'work';
  for (const { metadata } of (await machine.client.list(backups)).items)
    await machine.client.delete(backups, { name: metadata.name });
  day += 2 * DAY_MS;
  await machine.leapTo(new Date(day));
});

function clock(time: string): Date {
  return new Date(`${new Date(day).toISOString().slice(0, 10)}T${time}Z`);
}

function runAt(series: string, time: string): string {
  return `${series}-${clock(time).getTime() / MINUTE_MS}`;
}

async function schedule(series: string, when: string): Promise<void> {
  const plan = { series, schedule: when, timeZone: 'UTC' };
  await createSeries(machine.client, plan, { claim: 'claim', keep: { number: 3 } });
  await machine.settle();
}

/** The next container of a series' command meets a fate. */
function doom(series: string, verb: string, fate: Fate): void {
  let isDue = true;
  machine.containers.fate = (started, args) => {
    if (!isDue || started !== verb || !args.includes(series)) return 'work';
    isDue = false;
    return fate;
  };
}

async function passTo(time: string): Promise<void> {
  await machine.leapTo(new Date(Math.max(clock(time).getTime() - MINUTE_MS, machine.now.getTime())));
  await machine.passTo(clock(time));
}

async function statusOf(series: string): Promise<NonNullable<Backup['status']>> {
  return (await machine.client.get(backups, { name: series })).status ?? {};
}

/** The runs of a series that left a backup. */
async function stored(series: string): Promise<readonly string[]> {
  const all = await readVolume(await volumeFolder(machine.client, 'claim'));
  return all.filter((each) => each.series === series && each.isWhole).map(({ name }) => name);
}

async function names(resource: Resource, part: string): Promise<readonly string[]> {
  const { items } = await machine.client.list(resource, resource.namespaced ? { namespace: BACKUP_NAMESPACE } : {});
  return items.map(({ metadata }) => metadata.name).filter((name) => name.includes(part));
}

async function only(resource: Resource, part: string): Promise<string> {
  const [name = '', ...others] = await names(resource, part);
  expect(others).toEqual([]);
  return name;
}

describe('two series that are due at once', { timeout: PATIENCE_MS }, () => {
  it('take turns, and the second has its backup although the first hangs until its deadline', async () => {
    await schedule('first', '20 4 * * *');
    await schedule('second', '20 4 * * *');
    doom('first', 'backup', 'hung');
    await passTo('04:25:00');
    const waiting = await machine.client.get(etcdBackups, { name: runAt('second', '04:20:00') });
    expect(waiting.status?.conditions).toMatchObject([
      { type: 'BackupPending', message: expect.stringContaining(runAt('first', '04:20:00')) as string },
    ]);
    await machine.passTo(clock('05:25:00'));
    expect(await statusOf('first')).toMatchObject({
      consecutiveFailures: 1,
      lastFailure: { etcdBackup: runAt('first', '04:20:00'), reason: 'OPERATOR_JOB_DEADLINE' },
    });
    expect(await statusOf('second')).toMatchObject({ lastSuccess: { etcdBackup: runAt('second', '04:20:00') } });
    expect(await stored('second')).toEqual([runAt('second', '04:20:00')]);
  });
});

describe('a run that lasts until the next one is due', { timeout: PATIENCE_MS }, () => {
  it('fails at its deadline, and the next one is made right after it', async () => {
    await schedule('hourly', '0 * * * *');
    doom('hourly', 'backup', 'hung');
    await machine.leapTo(clock('00:59:00'));
    await machine.passTo(clock('02:30:00'));
    expect(await statusOf('hourly')).toMatchObject({
      consecutiveFailures: 0,
      lastFailure: { etcdBackup: runAt('hourly', '01:00:00'), reason: 'OPERATOR_JOB_DEADLINE' },
      lastSuccess: { etcdBackup: runAt('hourly', '02:00:00') },
    });
    expect(await stored('hourly')).toEqual([runAt('hourly', '02:00:00')]);
  });

  it('and never even asks for its backup ends by the deadline of the run; what was due meanwhile is made up for once', async () => {
    await schedule('slow', '20 4,8,12 * * *');
    doom('slow', 'request-backup', 'hung');
    await passTo('04:20:00');
    await machine.leapTo(clock('16:45:00'));
    expect(await statusOf('slow')).toMatchObject({
      nextRunTime: new Date(clock('04:20:00').getTime() + DAY_MS).toISOString().replace('.000', ''),
    });
    await machine.passTo(clock('16:55:00'));
    expect(await statusOf('slow')).toMatchObject({
      lastFailure: { etcdBackup: runAt('slow', '04:20:00'), reason: 'OPERATOR_JOB_DEADLINE' },
      lastSuccess: { etcdBackup: runAt('slow', '12:20:00') },
    });
    expect(await stored('slow')).toEqual([runAt('slow', '12:20:00')]);
  });
});

describe('somebody who removes, in the middle of a run,', { timeout: PATIENCE_MS }, () => {
  it('its EtcdBackup ends the process, and the run asks once more', async () => {
    await schedule('asked', '20 4 * * *');
    doom('asked', 'backup', 'hung');
    await passTo('04:25:00');
    await machine.client.delete(etcdBackups, { name: runAt('asked', '04:20:00') });
    await machine.passTo(clock('04:30:00'));
    expect(machine.containers.running).toEqual([]);
    expect(await statusOf('asked')).toMatchObject({ lastSuccess: { etcdBackup: runAt('asked', '04:20:00') } });
    expect(await stored('asked')).toEqual([runAt('asked', '04:20:00')]);
  });

  it('the Job of the backup has it fail, and the next run succeeds', async () => {
    await schedule('job', '20 4,8 * * *');
    doom('job', 'backup', 'hung');
    await passTo('04:25:00');
    const name = await only(resources.jobs, 'cluster-backup-job-job');
    await machine.client.delete(resources.jobs, { name, namespace: BACKUP_NAMESPACE }, { propagation: 'Background' });
    await machine.passTo(clock('04:30:00'));
    expect(machine.containers.running).toEqual([]);
    expect(await statusOf('job')).toMatchObject({
      consecutiveFailures: 1,
      lastFailure: { etcdBackup: runAt('job', '04:20:00'), reason: 'OPERATOR_JOB_GONE' },
    });
    await passTo('08:20:00');
    expect(await statusOf('job')).toMatchObject({ consecutiveFailures: 0 });
    expect(await stored('job')).toEqual([runAt('job', '08:20:00')]);
  });

  it('the pod of the backup has it start again', async () => {
    await schedule('pod', '20 4 * * *');
    doom('pod', 'backup', 'hung');
    await passTo('04:25:00');
    const name = await only(resources.pods, 'cluster-backup-job-pod');
    await machine.client.delete(resources.pods, { name, namespace: BACKUP_NAMESPACE });
    await machine.passTo(clock('04:30:00'));
    expect(await statusOf('pod')).toMatchObject({ lastSuccess: { etcdBackup: runAt('pod', '04:20:00') } });
    expect(await stored('pod')).toEqual([runAt('pod', '04:20:00')]);
  });

  it('the Backup ends it; the backups stay, and a new one of its name goes on with them', async () => {
    await schedule('series', '20 4,8,12 * * *');
    await passTo('04:20:00');
    doom('series', 'backup', 'hung');
    await passTo('08:25:00');
    await machine.client.delete(backups, { name: 'series' });
    await machine.passTo(clock('08:30:00'));
    expect(machine.containers.running).toEqual([]);
    for (const resource of [resources.cronJobs, resources.jobs, resources.pods, etcdBackups])
      expect(await names(resource, 'series'), resource.kind).toEqual([]);
    expect(await stored('series')).toEqual([runAt('series', '04:20:00')]);
    await schedule('series', '20 4,8,12 * * *');
    await passTo('12:20:00');
    expect(await stored('series')).toEqual([runAt('series', '04:20:00'), runAt('series', '12:20:00')]);
    expect((await statusOf('series')).kept).toMatchObject({ backups: 2 });
  });
});

describe('a schedule', { timeout: PATIENCE_MS }, () => {
  it('that somebody suspends or moves at the CronJob is put right', async () => {
    await schedule('meddled', '20 4 * * *');
    const name = { name: 'meddled', namespace: BACKUP_NAMESPACE };
    for (const spec of [{ suspend: true }, { schedule: '20 5 * * *', timeZone: 'Asia/Tokyo' }]) {
      await machine.client.patch(resources.cronJobs, name, { kind: 'merge', body: { spec } });
      await machine.settle();
    }
    await passTo('04:20:00');
    expect(await stored('meddled')).toEqual([runAt('meddled', '04:20:00')]);
  });

  it('that is changed holds from then on; the last run that it would have had is made up for once, as on Kubernetes', async () => {
    await schedule('moved', '20 4 * * *');
    await machine.passTo(clock('00:30:00'));
    const etcd = { schedule: '20 9 * * *', timeZone: 'Asia/Tokyo' };
    await machine.client.patch(backups, { name: 'moved' }, { kind: 'merge', body: { spec: { etcd } } });
    await machine.settle();
    // 09:20 in Tokyo was ten minutes ago.
    const next = new Date(clock('00:20:00').getTime() + DAY_MS);
    expect((await statusOf('moved')).nextRunTime).toBe(next.toISOString().replace('.000', ''));
    await passTo('12:00:00');
    expect(await names(etcdBackups, 'moved')).toEqual([runAt('moved', '00:20:00')]);
    await machine.leapTo(new Date(next.getTime() - MINUTE_MS));
    await machine.passTo(next);
    const made = await machine.client.get(etcdBackups, { name: `moved-${next.getTime() / MINUTE_MS}` });
    expect(outcomeOf(made)).toBe('BackupCompleted');
  });
});
