import { compare } from './figures.ts';
import { holdfast, type Ground } from './ground.ts';
import { mib, seconds, type Table } from './report.ts';
import { watchedRun } from './watched-run.ts';

/** How long `holdfast --help` takes, beside a Node that does nothing: the least that any program on it can take. */
export async function benchStart(ground: Ground): Promise<readonly Table[]> {
  const environment = { PATH: process.env['PATH'] };
  const { ours, theirs, ratio, load } = await compare(
    ground.runs * 3,
    () => watchedRun(holdfast(ground, '--help'), environment),
    () => watchedRun([process.execPath, '-e', '0'], environment),
  );
  const row = [
    seconds(ours.seconds),
    seconds(theirs.seconds),
    ratio.toFixed(2),
    mib(ours.residentMiB),
    load.toFixed(1),
  ];
  const columns = ['What', 'Holdfast', 'node -e 0', 'ratio', 'resident', 'load'];
  return [{ name: 'start', columns, rows: [['holdfast --help', ...row]] }];
}
