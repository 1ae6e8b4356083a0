import { mkdir, readdir, rm } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchApi } from './api.ts';
import { benchBackup } from './backup.ts';
import { readGround, tell, type Ground } from './ground.ts';
import { benchEngineStart } from './engine-start.ts';
import { benchIdle } from './idle.ts';
import { benchList } from './list.ts';
import { benchLoad } from './load.ts';
import { markdown, writeTables, type Table } from './report.ts';
import { benchRequested } from './requested.ts';
import { benchRestore } from './restore.ts';
import { benchStart } from './start.ts';
import { benchStatus } from './status.ts';
import { benchWrites } from './writes.ts';

const DOCUMENT = 'docs/performance.md';

const BENCHES: Readonly<Record<string, (ground: Ground) => Promise<readonly Table[]>>> = {
  start: benchStart,
  list: benchList,
  status: benchStatus,
  backup: benchBackup,
  writes: benchWrites,
  restore: benchRestore,
  requested: benchRequested,
  api: benchApi,
  'engine-start': benchEngineStart,
  idle: benchIdle,
  load: benchLoad,
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(BENCHES).join(',') },
      runs: { type: 'string', default: '5' },
      kubeconfig: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs}: say a number from 1`);
  const ground = readGround(runs, values.kubeconfig);
  await mkdir(ground.folder, { recursive: true });
  await removeLeftovers(ground.folder);
  const tables = [describeMachine(ground)];
  for (const name of values.only.split(',')) {
    const bench = BENCHES[name];
    if (bench === undefined) throw new Error(`--only ${name}: say some of ${Object.keys(BENCHES).join(', ')}`);
    tell(`measuring ${name}`);
    const made = await bench(ground);
    for (const table of made) process.stdout.write(`\n${markdown(table)}\n`);
    tables.push(...made);
  }
  if (values.write) await writeTables(DOCUMENT, tables);
}

/** What killed runs left. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('run-') || name.endsWith('.unfinished')) await rm(join(folder, name), { recursive: true });
}

function describeMachine({ release, runs }: Ground): Table {
  const [cpu] = cpus();
  const row = [
    new Date().toISOString().slice(0, 10),
    `${cpus().length} × ${cpu?.model ?? 'unknown'}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    process.version,
    release.version,
    String(runs),
  ];
  return { name: 'machine', columns: ['Date', 'Processors', 'Memory', 'Node', 'etcd', 'Runs'], rows: [row] };
}

try {
  await main();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
