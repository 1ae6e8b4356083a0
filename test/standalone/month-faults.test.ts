import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { resources } from '../../src/apiserver/index.ts';
import { backups, BACKUP_NAMESPACE } from '../../src/crd/index.ts';
import { startCluster } from '../kit/index.ts';
import { SeededRandom } from '../kit/seeded-random.ts';
import { changeSize } from './month-etcd.ts';
import { faults, type Fault, type Ground, type Outcome } from './month-faults.ts';
import {
  checkStatus,
  checkVolume,
  createClaim,
  createSeries,
  inSmallGigabytes,
  readVolume,
  volumeFolder,
  type SeriesModel,
} from './month-judge.ts';
import { fleetingFolder, Machine, PATIENCE_MS } from './month-machine.ts';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2025, 5, 1);

/** Twice a day, at 04:20 and 16:20 of a zone that is two hours ahead. */
const NIGHTLY = { series: 'nightly', schedule: '20 4,16 * * *', timeZone: 'Europe/Berlin' };
const nightlyRun = (index: number): Date => new Date(START + (2 + 12 * index) * HOUR_MS + 20 * 60_000);
/** At 07:50 UTC, on six days of each month. */
const OTHER = { series: 'other', schedule: '50 9 1,6,11,16,21,26 * *', timeZone: 'Europe/Berlin' };
const OTHER_RUNS = [1, 6, 11, 16, 21, 26, 31, 36].map((day) => {
  const month = day <= 30 ? 5 : 6;
  return new Date(Date.UTC(2025, month, day <= 30 ? day : day - 30, 7, 50));
});

/** What goes wrong at each run. After each failure there is a run without, and at the end there are two failures in a row. */
function plan(random: SeededRandom): readonly (readonly [string, Fault])[] {
  const well = ['nothing is wrong', async ({ machine }: Ground, at: Date) => (await machine.passTo(at), {})] as const;
  const names = Object.keys(faults);
  for (let at = names.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [names[at], names[other]] = [names[other] ?? '', names[at] ?? ''];
  }
  const named = (name: string): readonly [string, Fault] => [name, faults[name] ?? well[1]];
  const last = ['the backup dies without a word, each time', 'etcd is down'].map(named);
  return [well, well, well, ...names.flatMap((name) => [named(name), well]), ...last, well];
}

it(
  'a month full of failures: the status is true, the next run succeeds, and the volume holds what it has to',
  { timeout: PATIENCE_MS },
  async () => {
    const cluster = await startCluster();
    const folder = await fleetingFolder();
    const backupArgs = ['--snapshot-only', '--endpoints', cluster.endpoints.join(',')];
    const machine = new Machine({ at: new Date(START).toISOString(), folder, backupArgs });
    try {
      machine.containers.rewrite = inSmallGigabytes;
      await machine.boot();
      await createClaim(machine.client, 'shared');
      const other = await createSeries(machine.client, OTHER, { claim: 'shared', keep: { gigabytes: 1 } });
      const model = await createSeries(machine.client, NIGHTLY, { claim: 'shared', keep: { number: 4 } });
      const random = new SeededRandom(2025);
      let index = 0;
      for (const [name, fault] of plan(random)) {
        const world = new FailingMonth(machine, { model, other });
        await world.passOther(nightlyRun(index));
        const ground = { machine, cluster, random, series: 'nightly', model, volume: await world.volume() };
        await machine.leapTo(new Date(nightlyRun(index).getTime() - 60_000));
        try {
          const outcome = await fault(ground, nightlyRun(index));
          index += (outcome.runs ?? 1) - 1;
          await world.judge(nightlyRun(index), outcome, nightlyRun(index + 1));
        } catch (error) {
          throw new Error(`${name} (at ${nightlyRun(index).toISOString()}): ${String(error)}`, { cause: error });
        }
        index += 1;
        await changeSize(cluster, random);
      }
      expect(machine.unforeseen).toEqual([]);
    } finally {
      await machine.kill();
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

class FailingMonth {
  readonly #machine: Machine;
  readonly #model: SeriesModel;
  readonly #other: SeriesModel;

  constructor(machine: Machine, { model, other }: { readonly model: SeriesModel; readonly other: SeriesModel }) {
    this.#machine = machine;
    this.#model = model;
    this.#other = other;
  }

  /** Where the volume is; it is there once it has been used. */
  volume(): Promise<string> {
    return volumeFolder(this.#machine.client, 'shared').catch(() => '');
  }

  /** Passes by the other series' run, where one is due before an instant. */
  async passOther(before: Date): Promise<void> {
    const due = OTHER_RUNS.find((at) => at > this.#machine.now && at < before);
    if (due === undefined) return;
    await this.#machine.leapTo(new Date(due.getTime() - 60_000));
    await this.#machine.passTo(due);
    await this.#noteOther();
  }

  /** Holds everything against what has to have become of a run. */
  async judge(at: Date, { reason, stands }: Outcome, next: Date): Promise<void> {
    const { containers } = this.#machine;
    const name = `nightly-${at.getTime() / 60_000}`;
    await this.#untilDecided(name, reason !== undefined);
    containers.fate = () => 'work';
    this.#machine.intercept = (request, send) => send(request);
    await this.#machine.settle();
    const stored = (await readVolume(await this.volume())).filter((each) => each.name === name);
    expect(stored, `the backups of ${name}`).toHaveLength(reason === undefined || stands === true ? 1 : 0);
    const { last, failures } = this.#model;
    if (stored[0] !== undefined) this.#model.succeed(name, stored[0].bytes);
    if (reason !== undefined) Object.assign(this.#model, { last, failures: failures + 1 });
    await this.#noteOther();
    await checkVolume(await this.volume(), [this.#model, this.#other]);
    const resource = await this.#machine.client.get(backups, { name: 'nightly' });
    checkStatus(resource, this.#model, next);
    if (reason !== undefined) {
      expect(resource.status?.lastFailure).toMatchObject({ etcdBackup: name });
      expect(resource.status?.lastFailure?.reason).toMatch(reason);
    } else {
      const { standing, bytes } = this.#model;
      expect(resource.status?.kept).toEqual({ backups: standing.length, bytes });
    }
  }

  /** The run has an outcome, the resource tells it, and nothing is at work for it any more. */
  async #untilDecided(name: string, hasFailed: boolean): Promise<void> {
    const { client } = this.#machine;
    await this.#machine.passUntil(async () => {
      const { status } = await client.get(backups, { name: 'nightly' });
      const told = hasFailed ? status?.lastFailure : status?.lastSuccess;
      if (told?.etcdBackup !== name) return false;
      const cronJob = await client.get(resources.cronJobs, { name: 'nightly', namespace: BACKUP_NAMESPACE });
      return (cronJob.status?.active ?? []).length === 0;
    }, `the outcome of ${name}`);
  }

  /** The other series' newest run, where it is news: all its runs succeed. */
  async #noteOther(): Promise<void> {
    const due = OTHER_RUNS.filter((at) => at <= this.#machine.now).at(-1);
    const name = due === undefined ? undefined : `other-${due.getTime() / 60_000}`;
    if (name === undefined || name === this.#other.last) return;
    const stored = (await readVolume(await this.volume())).find((each) => each.name === name);
    expect(stored, `the backup of ${name}`).toBeDefined();
    this.#other.succeed(name, stored?.bytes ?? 0);
    const next = OTHER_RUNS.find((at) => at > this.#machine.now);
    checkStatus(await this.#machine.client.get(backups, { name: 'other' }), this.#other, next);
  }
}
