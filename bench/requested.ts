import { readdir, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../src/apiserver/index.ts';
import { etcdBackups, outcomeOf, type EtcdBackup } from '../src/crd/index.ts';
import { etcdBackup, type RunningStandalone } from '../test/kit/running-standalone.ts';
import { Kubectl, type KubectlRunner } from '../test/standalone/kubectl.ts';
import { FEW, DATA_SETS, MIDDLE, provideSnapshot, type DataSet } from './data-sets.ts';
import { median } from './figures.ts';
import { holdfast, scratch, tell, type Ground } from './ground.ts';
import { withMembers } from './members.ts';
import { seconds, type Table } from './report.ts';
import { withStandalone } from './standalone.ts';
import { watchedRun } from './watched-run.ts';

const COLUMNS = [
  'What',
  'by hand',
  'its own time',
  'create to completed',
  'over by hand',
  'over its own time',
  'kubectl apply to completed',
  'over by hand',
  'load',
];

/** One round: the same backup, asked for in three ways. Seconds. */
interface Round {
  readonly byHand: number;
  /** What the status of the EtcdBackup says that the backup took. */
  readonly own: number;
  readonly created: number;
  readonly applied: number;
}

/** How long an EtcdBackup takes until it is completed, beside the same `holdfast backup` run by hand. */
export async function benchRequested(ground: Ground): Promise<readonly Table[]> {
  const kubectl = await Kubectl.provide('sid', scratch(ground, 'kubectl'));
  const [large] = DATA_SETS;
  const rows: (readonly string[])[] = [];
  for (const data of [FEW, MIDDLE, ...(large === undefined ? [] : [large])]) {
    const rounds = await measure(ground, data, kubectl);
    const middle = (of: (round: Round) => number): number => median(rounds.map(of));
    rows.push([
      data.label,
      seconds(middle(({ byHand }) => byHand)),
      seconds(middle(({ own }) => own)),
      seconds(middle(({ created }) => created)),
      middle(({ created, byHand }) => created / byHand).toFixed(2),
      middle(({ created, own }) => created / own).toFixed(2),
      seconds(middle(({ applied }) => applied)),
      middle(({ applied, byHand }) => applied / byHand).toFixed(2),
      (loadavg()[0] ?? 0).toFixed(1),
    ]);
  }
  await rm(scratch(ground, 'kubectl'), { recursive: true, force: true });
  return [{ name: 'requested', columns: COLUMNS, rows }];
}

async function measure(ground: Ground, data: DataSet, kubectl: Kubectl): Promise<readonly Round[]> {
  const snapshot = await provideSnapshot(ground, data);
  return withMembers(ground, { snapshot, count: 1, tls: false }, ({ members }) => {
    const etcd = ['--endpoints', members[0]?.endpoint ?? '', '--snapshot-only'];
    return withStandalone(ground, etcd, async (standalone) => {
      const follow = new AbortController();
      const outcomes = await Outcomes.follow(standalone.client, follow.signal);
      const asked = new Asked(standalone, outcomes, kubectl.with(standalone.kubeconfig));
      try {
        await round(ground, etcd, asked, 0);
        const rounds: Round[] = [];
        for (let run = 1; run <= ground.runs; run++) rounds.push(await round(ground, etcd, asked, run));
        return rounds;
      } finally {
        follow.abort();
      }
    });
  });
}

/** Who goes first changes from round to round. */
async function round(ground: Ground, etcd: readonly string[], asked: Asked, number: number): Promise<Round> {
  const taken = { byHand: 0, own: 0, created: 0, applied: 0 };
  const ways = [
    async (): Promise<void> => {
      taken.byHand = await byHand(ground, etcd);
    },
    async (): Promise<void> => {
      const { seconds: created, own } = await asked.create(`created-${number}`);
      Object.assign(taken, { created, own });
    },
    async (): Promise<void> => {
      taken.applied = await asked.apply(`applied-${number}`);
    },
  ];
  for (let index = 0; index < ways.length; index++) await ways[(index + number) % ways.length]?.();
  return taken;
}

/** The command of the backup's Job, without the Job. */
async function byHand(ground: Ground, etcd: readonly string[]): Promise<number> {
  const folder = scratch(ground, 'by-hand');
  const flags = ['--name', 'by-hand', '--uid', '0', '--report-file', join(ground.folder, 'run-by-hand-report')];
  try {
    const argv = holdfast(ground, 'backup', folder, ...flags, '--no-progress', '--log-format', 'json', ...etcd);
    return (await watchedRun(argv, { PATH: process.env['PATH'] })).seconds;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Backups that the engine is asked for. */
class Asked {
  readonly #standalone: RunningStandalone;
  readonly #outcomes: Outcomes;
  readonly #kubectl: KubectlRunner;

  constructor(standalone: RunningStandalone, outcomes: Outcomes, kubectl: KubectlRunner) {
    this.#standalone = standalone;
    this.#outcomes = outcomes;
    this.#kubectl = kubectl;
  }

  create(name: string): Promise<{ readonly seconds: number; readonly own: number }> {
    return this.#time(name, () => this.#standalone.client.create(etcdBackups, etcdBackup(name)));
  }

  async apply(name: string): Promise<number> {
    return (await this.#time(name, () => this.#kubectl.apply(etcdBackup(name)))).seconds;
  }

  async #time(name: string, ask: () => Promise<unknown>): Promise<{ readonly seconds: number; readonly own: number }> {
    const before = performance.now();
    const [{ at, object }] = await Promise.all([this.#outcomes.of(name), ask()]);
    const own = object.status?.backup?.seconds;
    if (outcomeOf(object) !== 'BackupCompleted' || own === undefined)
      throw new Error(`${name}: ${JSON.stringify(object.status)}\n${this.#standalone.log.slice(-4000)}`);
    const folder = join(this.#standalone.folder, 'default');
    for (const each of await readdir(folder)) await rm(join(folder, each), { recursive: true });
    return { seconds: (at - before) / 1000, own };
  }
}

interface Outcome {
  readonly at: number;
  readonly object: EtcdBackup;
}

/** Hears over HTTPS, as any client would, when an EtcdBackup has come to an end. */
class Outcomes {
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();

  static async follow(client: KubeClient, signal: AbortSignal): Promise<Outcomes> {
    const outcomes = new Outcomes();
    const { resourceVersion } = await client.list(etcdBackups);
    void outcomes.#follow(client, resourceVersion, signal).catch((error: unknown) => {
      if (!signal.aborted) tell(`the watch has ended: ${String(error)}`);
    });
    return outcomes;
  }

  of(name: string): Promise<Outcome> {
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  async #follow(client: KubeClient, from: string, signal: AbortSignal): Promise<void> {
    // The server ends each watch after a while.
    for (let resourceVersion = from; !signal.aborted;)
      for await (const event of client.watch(etcdBackups, { resourceVersion, signal })) {
        resourceVersion = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
        if (event.type === 'BOOKMARK' || outcomeOf(event.object) === 'BackupPending') continue;
        this.#waiting.get(event.object.metadata.name)?.({ at: performance.now(), object: event.object });
        this.#waiting.delete(event.object.metadata.name);
      }
  }
}
