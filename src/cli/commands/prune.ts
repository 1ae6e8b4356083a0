import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { Schedule } from '../schedule.ts';
import { parseObjectName } from '../resource-options.ts';
import { addRetentionOptions, requireRetentionPolicy, type RetentionFlags } from '../retention-options.ts';
import { setUp } from '../setup.ts';

interface PruneFlags extends RetentionFlags {
  readonly resourcesDir?: string;
  readonly series?: string;
  readonly dryRun?: true;
  readonly output: 'text' | 'json';
}

/** `holdfast prune <folder>` */
export function definePrune(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('prune')
    .description('remove the backups that a retention policy does not keep, and say why each is kept or removed')
    .argument('<folder>', 'a folder of backups');
  addRetentionOptions(command)
    .addOption(
      new Option('--series <name>', 'count and remove the backups of this recurring Backup alone').argParser(
        parseObjectName,
      ),
    )
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .option('--resources-dir <folder>', 'where static pod resources lie, if not beside the snapshots')
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .action((folder: string, flags: PruneFlags) => schedule(() => run(command, folder, flags, environment)));
}

async function run(
  command: Command,
  folder: string,
  flags: PruneFlags,
  environment: CliEnvironment,
): Promise<ExitReason> {
  const policy = requireRetentionPolicy(flags);
  const { pruneBackups } = await import('../../operations/index.ts');
  const { showPrune } = await import('../output/prune-words.ts');
  const place = (path: string): string => resolve(environment.workingFolder, path);
  const request = {
    folder: place(folder),
    resourcesDir: flags.resourcesDir === undefined ? undefined : place(flags.resourcesDir),
    policy,
    series: flags.series,
    dryRun: flags.dryRun === true,
  };
  const report = await pruneBackups(request, await setUp(command, environment));
  showPrune(report, flags.output, environment);
  return report.failed.length === 0 ? 'ok' : 'partly';
}
