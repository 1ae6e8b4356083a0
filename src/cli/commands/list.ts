import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';

interface ListFlags {
  readonly resourcesDir?: string;
  readonly output: 'table' | 'wide' | 'json' | 'yaml';
}

/** `holdfast list <folder>` */
export function defineList(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('list')
    .description('list the backups of a folder, newest first, those of other tools too')
    .argument('<folder>', 'a folder of backups')
    .option('--resources-dir <folder>', 'where static pod resources lie, if not beside the snapshots')
    .addOption(
      new Option('-o, --output <format>', 'what is printed')
        .choices(['table', 'wide', 'json', 'yaml'])
        .default('table'),
    )
    .action((folder: string, flags: ListFlags) => schedule(() => run(command, folder, flags, environment)));
}

async function run(
  command: Command,
  folder: string,
  flags: ListFlags,
  environment: CliEnvironment,
): Promise<ExitReason> {
  const { listBackups } = await import('../../operations/index.ts');
  const { showList } = await import('../output/list-words.ts');
  const place = (path: string): string => resolve(environment.workingFolder, path);
  const request = {
    folder: place(folder),
    resourcesDir: flags.resourcesDir === undefined ? undefined : place(flags.resourcesDir),
  };
  const listing = await listBackups(request, await setUp(command, environment));
  await showList(listing, flags.output, environment);
  return 'ok';
}
