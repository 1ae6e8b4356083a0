import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DATA_SETS, provideSnapshot } from './data-sets.ts';
import { compare } from './figures.ts';
import { etcdTool, holdfast, scratch, type Ground } from './ground.ts';
import { withMembers, type RunningMembers } from './members.ts';
import { COMPARISON_COLUMNS, comparisonRow, type Table } from './report.ts';
import { watchedRun, type Taken } from './watched-run.ts';

/** `holdfast backup --snapshot-only`, all its checks included, against `etcdctl snapshot save`. */
export async function benchBackup(ground: Ground): Promise<readonly Table[]> {
  const rows: (readonly string[])[] = [];
  for (const data of DATA_SETS) {
    const snapshot = await provideSnapshot(ground, data);
    for (const tls of [false, true]) {
      const result = await withMembers(ground, { snapshot, count: 1, tls }, (running) => {
        const endpoint = running.members[0]?.endpoint ?? '';
        return compare(
          ground.runs,
          () => takeBackup(ground, running, [endpoint]),
          () => saveSnapshot(ground, running, endpoint),
        );
      });
      rows.push(comparisonRow(`${data.label}${tls ? ', mTLS' : ''}`, result));
    }
  }
  return [{ name: 'backup', columns: COMPARISON_COLUMNS, rows }];
}

/** Takes one backup and removes it. */
export async function takeBackup(
  ground: Ground,
  { environment }: RunningMembers,
  endpoints: readonly string[],
): Promise<Taken> {
  const folder = scratch(ground, 'backup');
  const flags = ['--snapshot-only', '--endpoints', endpoints.join(','), '--no-progress'];
  try {
    return await watchedRun(holdfast(ground, 'backup', folder, ...flags), environment);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has etcdctl save one snapshot, and removes it. */
export async function saveSnapshot(ground: Ground, { environment }: RunningMembers, endpoint: string): Promise<Taken> {
  const path = join(scratch(ground, 'etcdctl.db'));
  try {
    return await watchedRun(
      etcdTool(ground, 'etcdctl', `--endpoints=${endpoint}`, 'snapshot', 'save', path),
      environment,
    );
  } finally {
    await rm(path, { force: true });
  }
}
