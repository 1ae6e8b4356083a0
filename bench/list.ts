import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startControlPlane } from '../test/kit/control-plane.ts';
import { succeed } from '../test/kit/run-command.ts';
import { alone } from './figures.ts';
import { holdfast, scratch, tell, type Ground } from './ground.ts';
import { mib, seconds, type Table } from './report.ts';
import { watchedRun } from './watched-run.ts';

const BACKUPS = 1000;
const HOUR_MS = 3_600_000;

/** `holdfast list` of a repository with many backups. */
export async function benchList(ground: Ground): Promise<readonly Table[]> {
  const folder = scratch(ground, 'repository');
  await rm(folder, { recursive: true, force: true });
  try {
    await makeRepository(ground, folder);
    const rows: (readonly string[])[] = [];
    for (const format of ['table', 'json']) {
      const argv = holdfast(ground, 'list', folder, '-o', format);
      const listed = await alone(ground.runs, () => watchedRun(argv, { PATH: process.env['PATH'] }));
      const row = [seconds(listed.seconds), mib(listed.residentMiB), listed.load.toFixed(1)];
      rows.push([`list of ${BACKUPS.toLocaleString('en')} backups, -o ${format}`, ...row]);
    }
    return [{ name: 'list', columns: ['What', 'Holdfast', 'resident', 'load'], rows }];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One real backup of a control-plane host, and as many more that differ from it in their names and manifests. */
async function makeRepository(ground: Ground, folder: string): Promise<void> {
  tell(`making ${BACKUPS} backups`);
  const plane = await startControlPlane({ release: ground.release });
  try {
    await succeed(holdfast(ground, 'backup', plane.place('backup'), '--host-root', plane.root));
    await multiply(plane.place('backup'), folder);
  } finally {
    await plane.stop();
  }
}

async function multiply(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const files = await readdir(from);
  const name = files.find((file) => file.startsWith('backup_')) ?? '';
  const manifest = await readFile(join(from, name), 'utf8');
  const timestamp = name.slice('backup_'.length, -'.json'.length);
  for (let index = 0; index < BACKUPS; index++) {
    const another = new Date(Date.UTC(2026, 0, 1) + index * HOUR_MS).toISOString();
    const anotherTimestamp = `${another.slice(0, 10)}_${another.slice(11, 19).replaceAll(':', '')}`;
    for (const file of files) {
      const path = join(to, file.replace(timestamp, anotherTimestamp));
      if (file === name) await writeFile(path, manifest.replaceAll(timestamp, anotherTimestamp));
      else await makeHollow(path, (await stat(join(from, file))).size);
    }
  }
}

/** A listing looks at sizes alone, so the large files hold nothing. */
async function makeHollow(path: string, size: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await file.truncate(size);
  await file.close();
}
