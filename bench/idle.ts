import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewObject } from '../src/apiserver/index.ts';
import { backups, type Backup } from '../src/crd/index.ts';
import type { RunningStandalone } from '../test/kit/running-standalone.ts';
import { waitFor } from '../test/kit/wait-for.ts';
import { FEW, provideSnapshot } from './data-sets.ts';
import { tell, type Ground } from './ground.ts';
import { withMembers } from './members.ts';
import { mib, seconds, type Table } from './report.ts';
import { withStandalone } from './standalone.ts';
import { cpuSecondsOf, kibOf } from './watched-run.ts';

const SCHEDULES = 10;
/** Until nothing is left to do of what was asked. */
const REST_MS = 30_000;
const IDLE_MS = 180_000;

/** What `holdfast standalone` takes while it waits for its schedules. */
export async function benchIdle(ground: Ground): Promise<readonly Table[]> {
  const snapshot = await provideSnapshot(ground, FEW);
  return withMembers(ground, { snapshot, count: 1, tls: false }, ({ members }) => {
    const etcd = ['--endpoints', members[0]?.endpoint ?? '', '--snapshot-only'];
    return withStandalone(ground, etcd, async (standalone) => {
      await runSchedules(standalone);
      const rows = [await idleRow(`${SCHEDULES} schedules, after one run of each`, standalone.pid)];
      const columns = [
        'holdfast standalone',
        'resident',
        'of it not file pages',
        'processor time',
        'share of one',
        'load',
      ];
      return [{ name: 'idle', columns, rows }];
    });
  });
}

/** Ten daily schedules whose first run is due within two minutes, all at once. */
async function runSchedules({ client, log }: RunningStandalone): Promise<void> {
  const due = new Date(Math.ceil(Date.now() / 60_000 + 0.5) * 60_000);
  tell(`waiting for ${SCHEDULES} backups, due at ${due.toISOString()}`);
  for (let index = 0; index < SCHEDULES; index++) await client.create(backups, daily(`daily-${index}`, due));
  const hasRun = async (): Promise<boolean> => {
    const { items } = await client.list(backups);
    return items.every(({ status }) => status?.lastSuccessfulTime !== undefined);
  };
  await waitFor(hasRun, {
    timeoutMs: 600_000,
    everyMs: 1000,
    what: () => `a run of each schedule; ${log.slice(-4000)}`,
  });
}

function daily(name: string, at: Date): NewObject<Backup> {
  const schedule = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
  return {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name },
    spec: { etcd: { schedule, timeZone: 'UTC', pvcName: '' } },
  };
}

async function idleRow(label: string, pid: number): Promise<readonly string[]> {
  await sleep(REST_MS);
  tell(`leaving it alone for ${IDLE_MS / 60_000} minutes`);
  const before = { at: performance.now(), cpu: cpuSecondsOf(pid) };
  await sleep(IDLE_MS);
  const elapsed = (performance.now() - before.at) / 1000;
  const cpu = cpuSecondsOf(pid) - before.cpu;
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return [
    label,
    mib(kibOf(status, 'VmRSS') / 1024),
    mib(kibOf(status, 'RssAnon') / 1024),
    `${seconds(cpu)} in ${elapsed.toFixed(0)} s`,
    `${((100 * cpu) / elapsed).toFixed(2)} %`,
    (loadavg()[0] ?? 0).toFixed(1),
  ];
}
