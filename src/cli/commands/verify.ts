import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';

interface VerifyFlags {
  readonly resourcesDir?: string;
  readonly output: 'text' | 'json';
}

/** `holdfast verify <backup|folder>` */
export function defineVerify(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('verify')
    .description('examine a snapshot, a backup or every backup of a folder, and report every problem')
    .argument('<path>', "a snapshot, any file of a backup, a folder of backups, or a stopped member's member/snap/db")
    .option('--resources-dir <folder>', 'where the static pod resources lie, if not beside the snapshot')
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .action((path: string, flags: VerifyFlags) => schedule(() => run(command, path, flags, environment)));
}

async function run(
  command: Command,
  path: string,
  flags: VerifyFlags,
  environment: CliEnvironment,
): Promise<ExitReason> {
  const { verifyPath } = await import('../../operations/index.ts');
  const { showVerification } = await import('../output/verify-words.ts');
  const place = (given: string): string => resolve(environment.workingFolder, given);
  const request = {
    path: place(path),
    resourcesDir: flags.resourcesDir === undefined ? undefined : place(flags.resourcesDir),
  };
  const report = await verifyPath(request, await setUp(command, environment));
  showVerification(report, flags.output, environment);
  return report.good ? 'ok' : 'notGood';
}
