import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemTime } from '../../src/base/index.ts';
import { backups } from '../../src/crd/index.ts';
import { createProcessRuntime, type ContainerRuntime, type RunningContainer } from '../../src/standalone/index.ts';
import { freePorts, startControlPlane, waitFor, type ControlPlane } from '../kit/index.ts';
import { holdfastCommand } from '../kit/holdfast.ts';
import { SeededRandom } from '../kit/seeded-random.ts';
import { checkStatus, checkVolume, createClaim, createSeries, readVolume, volumeFolder } from './month-judge.ts';
import { fleetingFolder, Machine, PATIENCE_MS } from './month-machine.ts';

interface Started {
  readonly verb: string;
  readonly container: RunningContainer;
}

/** Real processes, and what was started. */
class WatchedRuntime implements ContainerRuntime {
  readonly started: Started[] = [];
  readonly #runtime = createProcessRuntime({ time: systemTime });

  async start(attempt: Parameters<ContainerRuntime['start']>[0]): Promise<RunningContainer> {
    const container = await this.#runtime.start(attempt);
    const verb = attempt.argv.includes('request-backup') ? 'request-backup' : 'backup';
    this.started.push({ verb, container });
    return container;
  }

  adopt(folder: string): ReturnType<ContainerRuntime['adopt']> {
    return this.#runtime.adopt(folder);
  }
}

const DAY_MS = 24 * 3_600_000;
const SCHEDULE = { series: 'nightly', schedule: '20 4 * * *', timeZone: 'UTC' };

let plane: ControlPlane;
let folder: string;
beforeAll(async () => {
  plane = await startControlPlane();
  folder = await fleetingFolder();
});
afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What happens at a run, once its instant has come. */
type Happening = (week: Week) => Promise<void>;

class Week {
  readonly machine: Machine;
  readonly runtime: WatchedRuntime;
  readonly random = new SeededRandom(7);

  constructor(machine: Machine, runtime: WatchedRuntime) {
    this.machine = machine;
    this.runtime = runtime;
  }

  /** The process of the run's next `holdfast backup`. */
  async nextBackup(seen: number): Promise<RunningContainer> {
    const find = (): RunningContainer | undefined =>
      this.runtime.started.filter(({ verb }) => verb === 'backup')[seen]?.container;
    return this.whileTimePasses(() => Promise.resolve(find()), 'the start of a backup');
  }

  /** Time passes twenty times as fast as it does until something is so. */
  whileTimePasses<T>(condition: () => Promise<T | undefined | false>, what: string): Promise<T> {
    const { machine } = this;
    const look = async (): Promise<T | undefined | false> => {
      await machine.passTo(new Date(machine.now.getTime() + 1000));
      return machine.isOn && condition();
    };
    return waitFor(look, { timeoutMs: 90_000, everyMs: 50, what });
  }
}

const well: Happening = () => Promise.resolve();

/** At a random moment of a run, which takes about a second. */
function amid({ random }: Week): Promise<void> {
  return sleep(random.below(600));
}

const happenings: readonly (readonly [string, Happening, ('fails' | 'succeeds')?])[] = [
  ['nothing', well],
  [
    'the engine is killed and started again while the processes run on',
    async (week) => {
      await amid(week);
      await week.machine.kill();
      await amid(week);
      await week.machine.boot();
    },
  ],
  [
    'the process of the backup is killed twice',
    async (week) => {
      const { started } = week.runtime;
      const before = started.filter(({ verb }) => verb === 'backup').length;
      for (const number of [before, before + 1]) {
        const process = await week.nextBackup(number);
        await amid(week);
        process.signal('SIGKILL');
        // On a quick machine it may have been done by then.
        if ((await process.exited).exitCode === 0) return;
      }
    },
  ],
  [
    'etcd is down',
    async (week) => {
      await plane.cluster.members[0]?.stop('SIGKILL');
      const isTold = async (): Promise<boolean> => {
        const { status } = await week.machine.client.get(backups, { name: SCHEDULE.series });
        return status?.lastFailure !== undefined;
      };
      await week.whileTimePasses(isTold, 'the failure');
      await plane.cluster.members[0]?.start();
    },
    'fails',
  ],
  ['nothing', well],
];

it(
  'days of runs by real processes: whatever is killed, none is lost or doubled, and three of them stay',
  { timeout: PATIENCE_MS },
  async () => {
    const runtime = new WatchedRuntime();
    const [port = 0] = await freePorts(1);
    const start = new Date();
    const machine = new Machine({
      at: start.toISOString(),
      ...{ folder, runtime, port, program: holdfastCommand() },
      backupArgs: ['--host-root', plane.root],
    });
    const week = new Week(machine, runtime);
    try {
      await machine.boot();
      await createClaim(machine.client, 'week');
      const model = await createSeries(machine.client, SCHEDULE, { claim: 'week', keep: { number: 3 } });
      let at = new Date(start.toISOString().replace(/T.*/, 'T04:20:00Z'));
      for (const [what, happening, end = 'succeeds'] of happenings) {
        do at = new Date(at.getTime() + DAY_MS);
        while (at <= machine.now);
        const name = `nightly-${at.getTime() / 60_000}`;
        await machine.leapTo(new Date(at.getTime() - 60_000));
        await machine.passTo(at);
        await happening(week);
        const status = await week.whileTimePasses(async () => {
          const resource = await machine.client.get(backups, { name: SCHEDULE.series });
          const { lastSuccess, lastFailure } = resource.status ?? {};
          const told = end === 'fails' ? lastFailure : lastSuccess;
          return told?.etcdBackup === name && runtime.started.length > 0 && resource;
        }, `the outcome of ${name}, at which this happened: ${what}`);
        const volume = await volumeFolder(machine.client, 'week');
        const made = (await readVolume(volume)).filter((each) => each.name === name);
        expect(made, what).toHaveLength(end === 'fails' ? 0 : 1);
        if (made[0] === undefined) model.failures += 1;
        else model.succeed(name, made[0].bytes);
        await checkVolume(volume, [model]);
        checkStatus(status, model, new Date(at.getTime() + DAY_MS));
      }
      expect(machine.unforeseen).toEqual([]);
    } finally {
      await machine.kill();
      for (const { container } of runtime.started) container.signal('SIGKILL');
    }
  },
);
