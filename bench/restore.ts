import { rm } from 'node:fs/promises';
import { runCommand } from '../test/kit/run-command.ts';
import { DATA_SETS, provideSnapshot } from './data-sets.ts';
import { compare } from './figures.ts';
import { etcdTool, holdfast, scratch, tell, type Ground } from './ground.ts';
import { COMPARISON_COLUMNS, comparisonRow, type Table } from './report.ts';
import { watchedRun, type Taken } from './watched-run.ts';

/** `holdfast restore member` against `etcdutl snapshot restore`. No table where the program has no such command. */
export async function benchRestore(ground: Ground): Promise<readonly Table[]> {
  const [node = '', ...args] = holdfast(ground, 'restore', 'member', '--help');
  if ((await runCommand([node, ...args])).code !== 0) {
    tell('this build has no restore member; it is left out');
    return [];
  }
  const rows: (readonly string[])[] = [];
  for (const data of DATA_SETS) {
    const snapshot = await provideSnapshot(ground, data);
    const result = await compare(
      ground.runs,
      () => restoring(ground, (folder) => holdfast(ground, 'restore', 'member', snapshot, '--data-dir', folder)),
      () =>
        restoring(ground, (folder) =>
          etcdTool(ground, 'etcdutl', 'snapshot', 'restore', snapshot, `--data-dir=${folder}`),
        ),
    );
    rows.push(comparisonRow(data.label, result));
  }
  return [{ name: 'restore', columns: COMPARISON_COLUMNS, rows }];
}

async function restoring(ground: Ground, command: (folder: string) => readonly string[]): Promise<Taken> {
  const folder = scratch(ground, 'restored');
  await rm(folder, { recursive: true, force: true });
  try {
    return await watchedRun(command(folder), { PATH: process.env['PATH'] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
