import { DATA_SETS, provideSnapshot } from './data-sets.ts';
import { alone, compare } from './figures.ts';
import { etcdTool, holdfast, type Ground } from './ground.ts';
import { aloneRow, COMPARISON_COLUMNS, comparisonRow, type Table } from './report.ts';
import { watchedRun } from './watched-run.ts';

/** `holdfast status` against `etcdutl snapshot status`; and `holdfast verify`, which nothing of etcd's does. */
export async function benchStatus(ground: Ground): Promise<readonly Table[]> {
  const rows: (readonly string[])[] = [];
  const environment = { PATH: process.env['PATH'] };
  const run = (argv: readonly string[]): ReturnType<typeof watchedRun> => watchedRun(argv, environment);
  for (const data of DATA_SETS) {
    const snapshot = await provideSnapshot(ground, data);
    const status = await compare(
      ground.runs,
      () => run(holdfast(ground, 'status', snapshot, '-o', 'json', '--no-progress')),
      () => run(etcdTool(ground, 'etcdutl', 'snapshot', 'status', snapshot, '-w', 'json')),
    );
    rows.push(comparisonRow(`status, ${data.label}`, status));
    const verify = await alone(ground.runs, () => run(holdfast(ground, 'verify', snapshot, '--no-progress')));
    rows.push(aloneRow(`verify, ${data.label}`, verify));
  }
  return [{ name: 'status', columns: COMPARISON_COLUMNS, rows }];
}
