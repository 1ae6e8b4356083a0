import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectMember, parseEndpoints, type Kv } from '../src/etcd/index.ts';
import { saveSnapshot, takeBackup } from './backup.ts';
import { DATA_SETS, provideSnapshot } from './data-sets.ts';
import { median, quantile } from './figures.ts';
import type { Ground } from './ground.ts';
import { withMembers, type RunningMembers } from './members.ts';
import type { Table } from './report.ts';

const WRITES_PER_SECOND = 100;
const VALUE = Buffer.alloc(1024, 'x');
/** Time for etcd to calm down between two measurements. */
const REST_MS = 2000;
const UNDISTURBED_MS = 5000;

/** One way to take a snapshot of the cluster, or to leave it alone. */
interface Disturbance {
  readonly label: string;
  readonly run: () => Promise<unknown>;
}

/** How long writes to a cluster of three take while a snapshot is taken of it. */
export async function benchWrites(ground: Ground): Promise<readonly Table[]> {
  const [data] = DATA_SETS;
  if (data === undefined) throw new TypeError('there is no data set');
  const snapshot = await provideSnapshot(ground, data);
  const rows = await withMembers(ground, { snapshot, count: 3, tls: false }, (running) => measure(ground, running));
  const columns = ['While', 'writes', 'median', 'p99', 'worst', 'snapshot took', 'load'];
  return [{ name: 'writes', columns, rows }];
}

async function measure(ground: Ground, running: RunningMembers): Promise<readonly (readonly string[])[]> {
  const { leader, follower } = await running.roles();
  const everyone = running.members.map(({ endpoint }) => endpoint);
  const disturbances: readonly Disturbance[] = [
    { label: 'nothing else happens', run: () => sleep(UNDISTURBED_MS) },
    { label: 'holdfast backup, given all members', run: () => takeBackup(ground, running, everyone) },
    { label: 'etcdctl snapshot save of a follower', run: () => saveSnapshot(ground, running, follower.endpoint) },
    { label: 'etcdctl snapshot save of the leader', run: () => saveSnapshot(ground, running, leader.endpoint) },
  ];
  const measured = disturbances.map(() => ({ latencies: [] as number[], seconds: [] as number[] }));
  const [endpoint] = parseEndpoints([leader.endpoint], { tls: false });
  if (endpoint === undefined) throw new TypeError('the leader has no endpoint');
  const member = connectMember(endpoint, {});
  try {
    for (let run = 0; run < ground.runs; run++) {
      for (const [index, { run: disturb }] of disturbances.entries()) {
        await sleep(REST_MS);
        const before = performance.now();
        measured[index]?.latencies.push(...(await writeWhile(member.kv, disturb)));
        measured[index]?.seconds.push((performance.now() - before) / 1000);
      }
    }
  } finally {
    member.close();
  }
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return disturbances.map(({ label }, index) => {
    const { latencies, seconds } = measured[index] ?? { latencies: [], seconds: [] };
    const ms = [median(latencies), quantile(latencies, 0.99), Math.max(...latencies)].map(
      (value) => `${value.toFixed(1)} ms`,
    );
    return [label, String(latencies.length), ...ms, `${median(seconds).toFixed(1)} s`, load];
  });
}

/**
 * Writes at a fixed rate while something runs, and tells how many milliseconds each write took: from when it was due,
 * so that a write which waits behind a slow one counts as slow too.
 */
async function writeWhile(kv: Kv, work: () => Promise<unknown>): Promise<readonly number[]> {
  const latencies: number[] = [];
  const writes: Promise<void>[] = [];
  const over = new AbortController();
  const working = work().finally(() => over.abort());
  const start = performance.now();
  for (let count = 0; !over.signal.aborted; count++) {
    const due = start + (count * 1000) / WRITES_PER_SECOND;
    if (due > performance.now()) await sleep(due - performance.now());
    const write = kv
      .put(Buffer.from(`/bench/${count % 100}`), VALUE, { timeoutMs: 60_000 })
      .then(() => void latencies.push(performance.now() - due));
    // A failure is met below; until then it must not count as unhandled.
    write.catch(() => undefined);
    writes.push(write);
  }
  await working;
  await Promise.all(writes);
  return latencies;
}
