import { describe, expect, it } from 'vitest';
import { OperatorCluster, SUCCESS } from '../kit/operator-cluster.ts';
import { clusterRules, hostRules } from './alert-rules.ts';
import { testRules, type Firing, type RuleTest } from './promtool.ts';
import { daily, figuresOf, runsEvery, seriesOf, type Life, type Replica, type Run } from './told-figures.ts';
import { textOf } from '../kit/text-of.ts';

const HOUR = 60;
const DAY = 24 * HOUR;

interface Scenario {
  readonly lives: readonly Life[];
  readonly replicas?: readonly Replica[];
  readonly days: number;
  readonly stepMinutes?: number;
  readonly fires: readonly Firing[];
  readonly says?: RuleTest['says'] | undefined;
}

const OF_NIGHTLY = 'backup_policy="nightly"';

/** What both files of rules do with it, of the one Backup `nightly` of the one instance `a`. */
async function judged({ fires, says, ...scenario }: Scenario): Promise<void> {
  await judgedOnCluster({ ...scenario, fires, says });
  await judgedOnHosts({ ...scenario, fires: fires.map((each) => ({ ...each, which: `instance="a",${OF_NIGHTLY}` })) });
}

async function judgedOnCluster({ fires, ...scenario }: Scenario): Promise<void> {
  await testRules(
    await clusterRules(),
    testOf({ ...scenario, fires: fires.map((each) => ({ which: OF_NIGHTLY, ...each })) }),
  );
}

async function judgedOnHosts(scenario: Scenario): Promise<void> {
  await testRules(hostRules(await clusterRules()), testOf(scenario));
}

function testOf({ lives, replicas = [{ instance: 'a' }], days, stepMinutes = 1, ...rest }: Scenario): RuleTest {
  const span = { minutes: Math.round(days * DAY), stepMinutes };
  return { ...span, series: seriesOf(replicas, lives, span), ...rest };
}

/** A run that is due every hour and fails, from a minute on. */
const hourly = (changes: Partial<Life>): Life => ({
  policy: 'nightly',
  since: 0,
  interval: HOUR,
  runs: [],
  ...changes,
});

describe('The figures of these tests', () => {
  it('are those that the operator tells', async () => {
    const cluster = new OperatorCluster();
    const begin = cluster.time.now().getTime();
    const minute = (): number => (cluster.time.now().getTime() - begin) / 60_000;
    const life = (to: number): Life => hourly({ interval: DAY, runs: [{ from: 2, to, ok: true }] });
    const told = async (): Promise<object> => {
      const text = await textOf(cluster.operator.metrics());
      return Object.fromEntries(
        [...text.matchAll(/^holdfast_backup_(\w+)\{backup_policy="nightly"[^}]*\} (\S+)$/gm)].map(
          ([, name = '', figure]) => [name, name.endsWith('_time') ? Number(figure) - begin / 1000 : Number(figure)],
        ),
      );
    };
    const expected = (to: number): object =>
      Object.fromEntries(Object.entries(figuresOf(life(to), minute())).filter(([, figure]) => figure !== undefined));
    await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
    expect(await told()).toMatchObject(expected(Infinity));
    await cluster.pass(2 * 60_000);
    await cluster.ask('nightly-1', { series: 'nightly' });
    expect(await told()).toMatchObject(expected(Infinity));
    await cluster.pass(3 * 60_000);
    await cluster.end('nightly-1', { ...SUCCESS, verifiedAt: cluster.time.now().toISOString() });
    const after = expected(5);
    expect(Object.keys(await told())).toEqual(expect.arrayContaining(Object.keys(after)));
    // Those are of the Job's report, not of the time.
    const reported = ['volume_free_bytes', 'certificates_expiry_time'];
    const rest = Object.entries(after).filter(([name]) => !reported.includes(name));
    expect(await told()).toMatchObject(Object.fromEntries(rest));
  });
});

describe('No alert fires', () => {
  it('on a healthy cluster over days, while the operator starts again and the other replica takes over', async () => {
    const isRestarting = (minute: number): boolean => minute % (2 * DAY) < 5;
    const firstLeads = (minute: number): boolean => minute < 1.5 * DAY || minute > 3 * DAY;
    const often = runsEvery(HOUR, { first: -HOUR, until: 5 * DAY });
    await judged({
      days: 3.5,
      stepMinutes: 5,
      lives: [daily(), hourly({ policy: 'often', since: -3 * HOUR, runs: often })],
      replicas: [
        { instance: 'a', leads: firstLeads, isUp: (minute) => !isRestarting(minute) },
        // Nobody leads for five minutes, which is long.
        { instance: 'b', leads: (minute) => !firstLeads(minute) && !firstLeads(minute - 5) },
      ],
      fires: [],
    });
  });

  it.each([
    ['of a day', { interval: DAY, since: 0 }],
    ['of five minutes', { interval: 5, since: 0 }],
  ])('while a first backup is running, by a schedule %s', async (_how, schedule) => {
    const first = { from: schedule.interval, to: schedule.interval + 8 * HOUR, ok: true };
    const more = runsEvery(schedule.interval, { first: first.to + 5, until: 2 * DAY });
    await judged({ days: 1.5, stepMinutes: 5, lives: [hourly({ ...schedule, runs: [first, ...more] })], fires: [] });
  });

  it('where a rare schedule has become a frequent one', async () => {
    const runs = [{ from: -20 * DAY, to: -20 * DAY + 3, ok: true }, ...runsEvery(DAY, { first: DAY, until: 3 * DAY })];
    await judged({ days: 2, stepMinutes: 10, lives: [daily({ since: 0, runs })], fires: [] });
  });

  it('for a Backup that has no schedule, beside one that has', async () => {
    await judged({
      days: 3,
      stepMinutes: 10,
      lives: [daily(), daily({ policy: 'once', runs: daily().runs.slice(0, 1), scheduleEnds: 0 })],
      fires: [],
    });
  });
});

describe('HoldfastNoRecentBackup', () => {
  /** Two intervals, and half an hour in which a run may take its time, and ten minutes in which figures may be missing. */
  const AFTER = 2 * DAY + 30 + 10 + 10;

  it('fires when two runs have left nothing, until one succeeds', async () => {
    const success = { from: 3 * DAY, to: 3 * DAY + 3, ok: true };
    const lost = { from: 0, to: 0, ok: true };
    await judged({
      days: 3.5,
      stepMinutes: 10,
      lives: [daily({ runs: [lost, success] })],
      fires: [{ alert: 'HoldfastNoRecentBackup', from: AFTER, until: success.from }],
      says: {
        at: AFTER,
        alert: 'HoldfastNoRecentBackup',
        alerts: [
          {
            exp_labels: { backup_policy: 'nightly', severity: 'critical', namespace: 'holdfast' },
            exp_annotations: {
              summary: 'The newest backup of nightly is older than two intervals of its schedule.',
              description: 'See docs/runbooks/HoldfastNoRecentBackup.md.',
            },
          },
        ],
      },
    });
  });

  it('takes no account of which replica leads', async () => {
    const firstLeads = (minute: number): boolean => minute < DAY;
    await judgedOnCluster({
      days: 3,
      stepMinutes: 10,
      lives: [daily({ runs: [{ from: 0, to: 0, ok: true }] })],
      replicas: [
        { instance: 'a', leads: firstLeads },
        { instance: 'b', leads: (minute) => !firstLeads(minute) },
      ],
      fires: [{ alert: 'HoldfastNoRecentBackup', from: AFTER, until: 3 * DAY }],
    });
  });
});

describe('HoldfastNeverSucceeded', () => {
  const failing = (from: number, takes: number): readonly Run[] =>
    runsEvery(HOUR, { first: from, until: DAY, takes, ok: () => false });

  it.each([
    ['at once', 1],
    // The next one is at work all the time.
    ['after an hour', HOUR],
  ])('fires where every run fails %s', async (_how, takes) => {
    await judgedOnCluster({
      days: 0.25,
      lives: [hourly({ runs: failing(HOUR, takes) })],
      fires: [
        { alert: 'HoldfastNeverSucceeded', from: 2 * HOUR + 30 + 1 + 10, until: 6 * HOUR },
        { alert: 'HoldfastBackupFailing', from: HOUR + takes + 1, until: 6 * HOUR },
      ],
    });
  });

  it('fires after a day where the first run waits for ever', async () => {
    await judgedOnCluster({
      days: 1.5,
      stepMinutes: 5,
      lives: [hourly({ runs: [{ from: HOUR, to: Infinity, ok: false }] })],
      fires: [{ alert: 'HoldfastNeverSucceeded', from: 2 * HOUR + DAY + 10, until: 1.5 * DAY }],
    });
  });

  it('fires where no run ever started', async () => {
    await judgedOnCluster({
      days: 0.25,
      lives: [hourly({ missed: [[HOUR + 5, DAY]] })],
      fires: [
        { alert: 'HoldfastNeverSucceeded', from: 2 * HOUR + 30 + 1 + 10, until: 6 * HOUR },
        { alert: 'HoldfastScheduleMissed', from: HOUR + 5 + 5, until: 6 * HOUR },
      ],
    });
  });
});

describe('HoldfastNothingScheduled', () => {
  const which = 'instance="a",job="holdfast"';
  const fires = [{ alert: 'HoldfastNothingScheduled', which, from: HOUR + HOUR, until: 6 * HOUR }];

  it.each([
    ['has lost its schedule', { scheduleEnds: HOUR }],
    ['is removed', { removed: HOUR }],
  ])('fires an hour after the only Backup %s', async (_how, end) => {
    await judgedOnCluster({ days: 0.25, lives: [daily(end)], fires });
    await judgedOnHosts({ days: 0.25, lives: [daily(end)], fires });
  });

  it('does not fire where the cluster takes care of its Backups itself', async () => {
    const target = 'instance="a",job="holdfast"';
    const told = ['holdfast_operator_leader', 'up', 'holdfast_backup_policy_info'];
    const more = ['', '', ',backup_policy="nightly"'];
    const series = told.map((name, index) => [`${name}{${target}${more[index] ?? ''}}`, '1x360'] as const);
    await testRules(await clusterRules(), { minutes: 360, stepMinutes: 1, series, fires: [] });
  });
});

describe('HoldfastBackupFailing', () => {
  it('fires from the first failure on, also while the next run is at work, until one succeeds', async () => {
    const runs = runsEvery(HOUR, { first: -HOUR, until: 6 * HOUR, ok: (from) => from !== 60 && from !== 120 });
    await judgedOnCluster({
      days: 0.25,
      lives: [hourly({ since: -3 * HOUR, runs })],
      fires: [
        { alert: 'HoldfastBackupFailing', from: 63 + 1, until: 183 - 1 },
        { alert: 'HoldfastNoRecentBackup', from: 3 + 2 * HOUR + 30 + 1 + 10, until: 183 - 1 },
      ],
      says: {
        at: 130,
        alert: 'HoldfastBackupFailing',
        alerts: [
          {
            exp_labels: { backup_policy: 'nightly', severity: 'warning', namespace: 'holdfast' },
            exp_annotations: {
              summary: 'The last 2 runs of nightly have failed.',
              description: 'See docs/runbooks/HoldfastBackupFailing.md.',
            },
          },
        ],
      },
    });
  });
});

describe('HoldfastScheduleMissed', () => {
  it('fires where a run does not start, and not where it is a little late', async () => {
    await judgedOnCluster({
      days: 0.25,
      lives: [
        daily({
          missed: [
            [100, 104],
            [300, 340],
          ],
        }),
      ],
      fires: [{ alert: 'HoldfastScheduleMissed', from: 305, until: 339 }],
    });
  });
});

describe('HoldfastVolumeNearlyFull', () => {
  it('fires where two more backups have no room', async () => {
    await judgedOnCluster({
      days: 1.5,
      stepMinutes: 5,
      lives: [daily({ room: (minute) => (minute < 0 ? 2 : minute < DAY ? 1.9 : 2) })],
      // Every five minutes somebody looks; ten it has to hold.
      fires: [{ alert: 'HoldfastVolumeNearlyFull', from: 265 + 10, until: DAY + 260 }],
    });
  });
});

describe('HoldfastCertificatesExpiring', () => {
  it('fires an hour after a certificate has less than 14 days left, until a backup sees a new one', async () => {
    const end = 16 * DAY;
    await judgedOnCluster({
      days: 4,
      stepMinutes: 10,
      lives: [daily({ expiry: (minute) => (minute < 3 * DAY ? end : end + 100 * DAY) })],
      fires: [{ alert: 'HoldfastCertificatesExpiring', from: 2 * DAY + 10 + HOUR, until: 3 * DAY + 260 }],
    });
  });
});

describe('HoldfastBackupsUnverified', () => {
  it('fires after 35 days, whether there is a schedule or not', async () => {
    const stopped = daily({ runs: [{ from: 0, to: 0, ok: true }], scheduleEnds: HOUR });
    const other = daily({ policy: 'monthly', interval: 31 * DAY, since: -40 * DAY });
    const monthly = { ...other, runs: runsEvery(31 * DAY, { first: -10 * DAY, until: 60 * DAY }) };
    await judgedOnCluster({
      days: 36,
      stepMinutes: 60,
      lives: [stopped, monthly],
      fires: [{ alert: 'HoldfastBackupsUnverified', from: 35 * DAY + HOUR + HOUR, until: 36 * DAY }],
    });
  });
});

describe('HoldfastOperatorAbsent', () => {
  const isUp = (minute: number): boolean => minute < 60 || minute >= 120;
  const gone = { alert: 'HoldfastOperatorAbsent', from: 70, until: 119 };

  it('fires where no replica leads, though both are there', async () => {
    const replicas = ['a', 'b'].map((instance) => ({ instance, leads: (at: number) => instance === 'a' && isUp(at) }));
    await judgedOnCluster({ days: 0.2, lives: [daily()], replicas, fires: [{ ...gone, which: '' }] });
  });

  it('fires where none was ever there', async () => {
    const fires = [{ ...gone, from: 10, until: 0.2 * DAY }];
    await judgedOnCluster({ days: 0.2, lives: [], replicas: [], fires: fires.map((each) => ({ ...each, which: '' })) });
    await judgedOnHosts({
      days: 0.2,
      lives: [],
      replicas: [],
      fires: fires.map((each) => ({ ...each, which: 'job="holdfast"' })),
    });
  });

  it('fires for the one host of many that is not there', async () => {
    const replicas = [{ instance: 'a', isUp }, { instance: 'b' }];
    await judgedOnHosts({
      days: 0.2,
      lives: [daily()],
      replicas,
      fires: [{ ...gone, which: 'instance="a",job="holdfast"' }],
    });
  });
});

describe('Of many hosts with a Backup of the same name', () => {
  it('each is judged by itself', async () => {
    const span = { minutes: 3 * DAY, stepMinutes: 10 };
    const last = daily({ runs: [{ from: 0, to: 0, ok: true }] });
    const series = [...seriesOf([{ instance: 'a' }], [last], span), ...seriesOf([{ instance: 'b' }], [daily()], span)];
    const which = 'instance="a",backup_policy="nightly"';
    const from = 2 * DAY + 40 + 10;
    const fires = [{ alert: 'HoldfastNoRecentBackup', which, from, until: span.minutes }];
    await testRules(hostRules(await clusterRules()), { ...span, series, fires });
  });
});
