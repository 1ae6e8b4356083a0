import { loadavg } from 'node:os';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAM_VARIABLE } from '../test/kit/holdfast.ts';
import type { OperatorProcess } from '../test/deploy/operator-process.ts';
import { median } from './figures.ts';
import { tell, type Ground } from './ground.ts';
import { LoadEngine, type Asked } from './load-engine.ts';
import { jobTimes } from './load-job.ts';
import type { Load } from './load-objects.ts';
import { startOperator, untilReady, untilSettled } from './load-operator.ts';
import { mib, milliseconds, seconds, type Table } from './report.ts';
import { cpuSecondsOf, kibOf } from './watched-run.ts';

const EMPTY: Load = { backups: 0, etcdBackups: 0, pending: 0 };
const FULL: Load = { backups: 500, etcdBackups: 10_000, pending: 10 };
const FULL_LABEL = '500 Backups and 10,000 EtcdBackups';

const REST_MS = 60_000;
/** As Prometheus looks by default. */
const SCRAPE_MS = 30_000;

const COLUMNS = [
  'In the API',
  'start to ready',
  'to settled',
  'its requests',
  'peak memory',
  'at rest',
  'requests a minute at rest',
  'processor time a minute',
  'a scrape',
  'load',
];

/** What `holdfast operator` takes on a cluster that has many backups, and how much longer a new one waits for its Job. */
export async function benchLoad(ground: Ground): Promise<readonly Table[]> {
  process.env[PROGRAM_VARIABLE] = ground.program;
  const empty = await LoadEngine.with(ground, EMPTY, async (engine) => ({
    rows: [await operatorRow('nothing', engine)],
    jobMs: await jobTimes(engine, ground.runs),
  }));
  tell('filling an API');
  const full = await LoadEngine.with(ground, FULL, async (engine) => ({
    rows: [
      await operatorRow(`${FULL_LABEL}, CronJobs to be made`, engine),
      await operatorRow('the same, started again', engine),
    ],
    jobMs: await jobTimes(engine, ground.runs),
  }));
  const [before, after] = [median(empty.jobMs), median(full.jobMs)];
  const times = [
    ['nothing', milliseconds(before), '', Math.max(...empty.jobMs).toFixed(0)],
    [FULL_LABEL, milliseconds(after), (after / before).toFixed(2), Math.max(...full.jobMs).toFixed(0)],
  ];
  return [
    { name: 'load', columns: COLUMNS, rows: [...empty.rows, ...full.rows] },
    { name: 'load-job', columns: ['In the API', 'create to Job', 'ratio', 'worst, ms'], rows: times },
  ];
}

/** One life of an operator: until it has done what was to be done, and a minute in which nothing happens. */
async function operatorRow(label: string, engine: LoadEngine): Promise<readonly string[]> {
  const first = await engine.asked();
  const began = performance.now();
  const operator = await startOperator(engine);
  try {
    await untilReady(operator);
    const ready = performance.now() - began;
    const settled = await untilSettled(engine, operator);
    const doing = settled.at - began;
    const peak = memory(operator.pid, 'VmHWM');
    const cpu = cpuSecondsOf(operator.pid);
    const scrapeMs = await rest(operator);
    const atRest = difference(settled.asked, await engine.asked());
    const doingRequests = difference(first, settled.asked);
    const row = [
      label,
      seconds(ready / 1000),
      seconds(doing / 1000),
      told(doingRequests),
      `${mib(peak)} (${mib(memory(operator.pid, 'VmHWM'))} scraped)`,
      mib(memory(operator.pid, 'VmRSS')),
      told(atRest),
      seconds(cpuSecondsOf(operator.pid) - cpu),
      milliseconds(scrapeMs),
      (loadavg()[0] ?? 0).toFixed(1),
    ];
    tell(row.join(' | '));
    return row;
  } finally {
    await operator.stop();
  }
}

/** A minute with a monitoring beside. @returns how long a scrape took, milliseconds */
async function rest(operator: OperatorProcess): Promise<number> {
  const scrapes: number[] = [];
  for (let passed = 0; passed < REST_MS; passed += SCRAPE_MS) {
    const before = performance.now();
    await operator.get('/metrics');
    scrapes.push(performance.now() - before);
    await sleep(SCRAPE_MS - (performance.now() - before));
  }
  return median(scrapes);
}

function difference(before: Asked, after: Asked): ReadonlyMap<string, number> {
  const known = new Map(before.counts);
  return new Map(after.counts.map(([what, count]) => [what, count - (known.get(what) ?? 0)]));
}

/** Leases by themselves, the others by verb. */
function told(counts: ReadonlyMap<string, number>): string {
  const sums = new Map<string, number>();
  for (const [what, count] of counts) {
    const [verb = '', plural = ''] = what.split(' ');
    const name = plural === 'leases' ? 'Lease' : verb;
    if (count > 0) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return [...sums].map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
}

function memory(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  return kibOf(readFileSync(`/proc/${pid}/status`, 'latin1'), field) / 1024;
}
