import { rm } from 'node:fs/promises';
import { expect } from 'vitest';
import { resources } from '../../src/apiserver/index.ts';
import { backups, BACKUP_NAMESPACE } from '../../src/crd/index.ts';
import { startCluster } from '../kit/index.ts';
import { SeededRandom } from '../kit/seeded-random.ts';
import { changeSize } from './month-etcd.ts';
import type { Month, Plan } from './month-instants.ts';
import {
  checkStatus,
  checkVolume,
  createClaim,
  createSeries,
  inSmallGigabytes,
  readVolume,
  volumeFolder,
  type Keep,
  type SeriesModel,
} from './month-judge.ts';
import { fleetingFolder, Machine } from './month-machine.ts';

/** What stays of a series, and where it lies. Two series share a claim with each other. */
interface Storage {
  readonly claim: string;
  readonly keep: Keep;
}

interface Live {
  readonly plan: Plan;
  readonly storage: Storage;
  readonly model: SeriesModel;
}

const DAY_MS = 24 * 3_600_000;
const HALF_A_DAY_MS = DAY_MS / 2;

/**
 * Lives through a month, with real backups of a real etcd, and holds everything against the plans after each run: which runs
 * there were, what lies in the volumes, what the resources say.
 */
export async function liveThrough({ start, end, plans }: Month, storageOf: (plan: Plan) => Storage): Promise<void> {
  const cluster = await startCluster();
  const folder = await fleetingFolder();
  const backupArgs = ['--snapshot-only', '--endpoints', cluster.endpoints.join(',')];
  const machine = new Machine({ at: start, folder, backupArgs });
  try {
    await machine.boot();
    machine.containers.rewrite = inSmallGigabytes;
    const month = new LivedMonth(machine);
    for (const claim of new Set(plans.map((plan) => storageOf(plan).claim))) await createClaim(machine.client, claim);
    const random = new SeededRandom(25);
    for (const { at, begin, run, finish } of agenda(plans, { start, end })) {
      await machine.leapTo(new Date(at.getTime() - 60_000));
      await machine.passTo(at);
      if (begin !== undefined) await month.begin(begin, storageOf(begin));
      if (finish !== undefined) await month.finish(finish);
      if (run === undefined) continue;
      await month.check(run, at);
      await changeSize(cluster, random);
    }
    await machine.leapTo(new Date(end));
    month.checkRuns(plans);
    expect(machine.unforeseen).toEqual([]);
    await machine.kill();
  } finally {
    await machine.kill();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Item {
  readonly at: Date;
  readonly begin?: Plan;
  readonly run?: Plan;
  readonly finish?: Plan;
}

/** A plan that does not last the whole month begins and ends half a day beside its runs. */
function agenda(plans: readonly Plan[], { start, end }: { start: string; end: string }): readonly Item[] {
  const items = plans.flatMap((plan): Item[] => {
    const first = Number(plan.runs[0]) - HALF_A_DAY_MS;
    const last = Number(plan.runs.at(-1)) + HALF_A_DAY_MS;
    return [
      { at: new Date(Math.max(first, Date.parse(start))), begin: plan },
      ...plan.runs.map((at) => ({ at, run: plan })),
      ...(last < Date.parse(end) ? [{ at: new Date(last), finish: plan }] : []),
    ];
  });
  return items.sort((one, other) => Number(one.at) - Number(other.at));
}

class LivedMonth {
  readonly #machine: Machine;
  readonly #live = new Map<string, Live>();
  /** Of series that have been removed since: their backups stay. */
  readonly #former: Live[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async begin(plan: Plan, storage: Storage): Promise<void> {
    const model = await createSeries(this.#machine.client, plan, storage);
    this.#live.set(plan.series, { plan, storage, model });
    await this.#machine.settle();
  }

  async finish({ series }: Plan): Promise<void> {
    const { client } = this.#machine;
    await client.delete(backups, { name: series });
    await this.#machine.settle();
    const cronJobs = await client.list(resources.cronJobs, { namespace: BACKUP_NAMESPACE });
    expect(cronJobs.items.map(({ metadata }) => metadata.name)).not.toContain(series);
    const live = this.#live.get(series);
    this.#live.delete(series);
    if (live === undefined) return;
    this.#former.push(live);
    await this.#checkVolume(live.storage.claim);
  }

  /** Everything that can be known after a run. */
  async check(plan: Plan, at: Date): Promise<void> {
    const live = this.#live.get(plan.series);
    if (live === undefined) throw new Error(`${plan.series} has not begun`);
    const { client } = this.#machine;
    const name = runName(plan, at);
    const folder = await volumeFolder(client, live.storage.claim);
    const made = (await readVolume(folder)).find((each) => each.name === name);
    expect(made, `the backup of ${name}`).toMatchObject({ series: plan.series, created: at.toISOString() });
    live.model.succeed(name, made?.bytes ?? 0);
    await this.#checkVolume(live.storage.claim);
    // After the last run of a plan no clock is set any more.
    const resource = await client.get(backups, { name: plan.series });
    checkStatus(resource, live.model, plan.runs[plan.runs.indexOf(at) + 1] ?? new Date(at.getTime() + DAY_MS));
    const { standing, bytes } = live.model;
    expect(resource.status).toMatchObject({
      kept: { backups: standing.length, bytes },
      lastSuccessfulTime: at.toISOString().replace('.000', ''),
    });
  }

  /** Each run that was due has been made once, and no other. */
  checkRuns(plans: readonly Plan[]): void {
    const wanted = plans.flatMap((plan) => plan.runs.map((at) => ({ at, name: runName(plan, at) })));
    wanted.sort((one, other) => Number(one.at) - Number(other.at));
    const made = this.#machine.containers.backups.map((args) => args[args.indexOf('--name') + 1]);
    expect(made).toEqual(wanted.map(({ name }) => name));
  }

  async #checkVolume(claim: string): Promise<void> {
    const here = [...this.#former, ...this.#live.values()].filter(({ storage }) => storage.claim === claim);
    await checkVolume(
      await volumeFolder(this.#machine.client, claim),
      here.map(({ model }) => model),
    );
  }
}

/** kube-controller-manager's name of a run. */
function runName({ series }: Plan, at: Date): string {
  return `${series}-${at.getTime() / 60_000}`;
}
