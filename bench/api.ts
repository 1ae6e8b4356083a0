import { loadavg } from 'node:os';
import { createHttpsTransport, loadKubeconfig } from '../src/apiserver/index.ts';
import { connectMember, parseEndpoints, prefixEnd, type Kv } from '../src/etcd/index.ts';
import { FEW, provideSnapshot } from './data-sets.ts';
import { median, quantile } from './figures.ts';
import { tell, type Ground } from './ground.ts';
import { Leases, leaseText } from './leases.ts';
import { withMembers } from './members.ts';
import { milliseconds, type Table } from './report.ts';
import { NO_ETCD, withStandalone } from './standalone.ts';

/** How many objects stand while requests are measured. */
const STANDING = 1000;
const EVENTS = 200;
/** How many requests are under way at a time, where it is not one after the other. */
const CLIENTS = 16;

/** Does something once more; told how often it was done before. */
type Operation = (index: number) => Promise<unknown>;

interface Operations extends Readonly<Record<'get' | 'create' | 'change' | 'list', Operation>> {
  /** Removes what was created, so that as many objects stand as before. */
  clean(): Promise<unknown>;
}

interface Way {
  readonly label: string;
  readonly operation: Exclude<keyof Operations, 'clean'>;
  readonly clients: number;
  readonly requests: number;
}

const WAYS: readonly Way[] = [
  { label: 'get', operation: 'get', clients: 1, requests: 1000 },
  { label: 'get', operation: 'get', clients: CLIENTS, requests: 2000 },
  { label: 'create', operation: 'create', clients: 1, requests: 200 },
  { label: 'create', operation: 'create', clients: CLIENTS, requests: 1000 },
  { label: 'merge patch', operation: 'change', clients: 1, requests: 200 },
  { label: 'merge patch', operation: 'change', clients: CLIENTS, requests: 1000 },
  { label: 'list of 1,000', operation: 'list', clients: 1, requests: 25 },
];

/** Requests a second of the engine's API over HTTPS, and how soon a watch hears; an etcd on the same disk is the yardstick. */
export async function benchApi(ground: Ground): Promise<readonly Table[]> {
  const snapshot = await provideSnapshot(ground, FEW);
  return withMembers(ground, { snapshot, count: 1, tls: true }, async ({ members, tls }) => {
    const [endpoint] = parseEndpoints([members[0]?.endpoint ?? ''], { tls: true });
    if (endpoint === undefined || tls === undefined) throw new TypeError('there is no etcd with TLS');
    const etcd = connectMember(endpoint, { tls });
    try {
      if (ground.kubeconfig !== undefined) {
        tell(`measuring the API server of ${ground.kubeconfig}`);
        const tables = await measure(ground, ground.kubeconfig, etcd.kv);
        return tables.map((table) => ({ ...table, name: `${table.name}-other` }));
      }
      return await withStandalone(ground, NO_ETCD, ({ kubeconfig }) => measure(ground, kubeconfig, etcd.kv));
    } finally {
      etcd.close();
    }
  });
}

async function measure(ground: Ground, kubeconfig: string, kv: Kv): Promise<readonly Table[]> {
  const transport = createHttpsTransport(await loadKubeconfig({ path: kubeconfig }));
  const leases = new Leases(transport, 'default');
  const made = new Leases(transport, 'kube-public');
  try {
    for (const each of [leases, made]) await each.removeAll();
    await together(CLIENTS, STANDING, (index) => leases.create(standing(index)));
    await together(CLIENTS, STANDING, (index) => kv.put(keyOf(standing(index)), VALUE));
    const tables = [await measureRequests(ground, ours(leases, made), yardstick(kv)), await measureWatch(leases)];
    await leases.removeAll();
    return tables;
  } finally {
    transport.close();
  }
}

async function measureRequests(ground: Ground, one: Operations, other: Operations): Promise<Table> {
  const rows: (readonly string[])[] = [];
  for (const { label, operation, clients, requests } of WAYS) {
    const rounds = { ours: [] as Rate[], theirs: [] as Rate[] };
    // The first round does not count.
    for (let run = 0; run <= ground.runs; run++) {
      const from = run * requests;
      const our = await together(clients, requests, (index) => one[operation](from + index));
      await one.clean();
      const their = await together(clients, requests, (index) => other[operation](from + index));
      await other.clean();
      if (run === 0) continue;
      rounds.ours.push(our);
      rounds.theirs.push(their);
    }
    rows.push([label, String(clients), ...rateCells(rounds.ours, rounds.theirs), (loadavg()[0] ?? 0).toFixed(1)]);
  }
  const columns = ['What', 'at a time', 'API, a second', 'median', 'p99', 'etcd, a second', 'ratio', 'load'];
  return { name: 'api', columns, rows };
}

function rateCells(our: readonly Rate[], their: readonly Rate[]): readonly string[] {
  const latencies = our.flatMap(({ latenciesMs }) => latenciesMs);
  return [
    median(our.map(({ perSecond }) => perSecond)).toFixed(0),
    milliseconds(median(latencies)),
    milliseconds(quantile(latencies, 0.99)),
    median(their.map(({ perSecond }) => perSecond)).toFixed(0),
    median(our.map(({ perSecond }, run) => perSecond / (their[run]?.perSecond ?? Number.NaN))).toFixed(2),
  ];
}

/** How soon a watch of all objects hears of a change of one. */
async function measureWatch(leases: Leases): Promise<Table> {
  const stop = new AbortController();
  const heard = await leases.watch(stop.signal);
  const afterRequest: number[] = [];
  const afterAnswer: number[] = [];
  for (let index = 0; index < EVENTS; index++) {
    const holder = `watched-${index}`;
    const event = heard(holder);
    const asked = performance.now();
    await leases.patch(standing(index), holder);
    const answered = performance.now();
    const at = await event;
    afterRequest.push(at - asked);
    afterAnswer.push(Math.max(at - answered, 0));
  }
  stop.abort();
  const row = (label: string, values: readonly number[]): readonly string[] => [
    label,
    String(values.length),
    milliseconds(median(values)),
    milliseconds(quantile(values, 0.99)),
    milliseconds(Math.max(...values)),
    (loadavg()[0] ?? 0).toFixed(1),
  ];
  const rows = [row('after the request was sent', afterRequest), row('after its answer', afterAnswer)];
  return { name: 'watch', columns: ['An event comes', 'events', 'median', 'p99', 'worst', 'load'], rows };
}

/** How fast many requests of a kind were answered. */
interface Rate {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** Does something so many times, so many at a time. */
async function together(clients: number, times: number, operation: Operation): Promise<Rate> {
  const latenciesMs: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < times; index = next++) {
      const before = performance.now();
      await operation(index);
      latenciesMs.push(performance.now() - before);
    }
  };
  const before = performance.now();
  await Promise.all(Array.from({ length: clients }, work));
  return { perSecond: (times * 1000) / (performance.now() - before), latenciesMs };
}

function ours(leases: Leases, made: Leases): Operations {
  return {
    get: (index) => leases.get(standing(index)),
    create: (index) => made.create(`made-${index}`),
    clean: () => made.removeAll(),
    change: (index) => leases.patch(standing(index), `changed-${index}`),
    list: () => leases.list(),
  };
}

/** The same of etcd, which an API server would do at the least: no schema, no rules, no field ownership. */
function yardstick(kv: Kv): Operations {
  const made = keyOf('made-');
  return {
    get: (index) => kv.range(keyOf(standing(index))),
    create: (index) => kv.put(keyOf(`made-${index}`), VALUE),
    clean: () => kv.deleteRange(made, { rangeEnd: prefixEnd(made) }),
    change: (index) => kv.put(keyOf(standing(index)), VALUE),
    list: () => kv.range(keyOf('standing-'), { rangeEnd: prefixEnd(keyOf('standing-')) }),
  };
}

const VALUE = Buffer.from(leaseText('standing-0000'));

function standing(index: number): string {
  return `standing-${String(index % STANDING).padStart(4, '0')}`;
}

function keyOf(name: string): Buffer {
  return Buffer.from(`/registry/leases/default/${name}`);
}
