import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';

/** `holdfast status <snapshot>` */
export function defineStatus(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('status')
    .description(
      'print what a snapshot holds: hash, revision, keys, size, as etcdutl snapshot status does, after walking all of it',
    )
    .argument('<snapshot>', "a snapshot, or a stopped member's member/snap/db")
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['table', 'json']).default('table'))
    .action((path: string, flags: { readonly output: 'table' | 'json' }) =>
      schedule(() => run(command, path, flags.output, environment)),
    );
}

async function run(
  command: Command,
  path: string,
  output: 'table' | 'json',
  environment: CliEnvironment,
): Promise<ExitReason> {
  const { snapshotStatus } = await import('../../operations/index.ts');
  const { showStatus } = await import('../output/status-words.ts');
  const report = await snapshotStatus(resolve(environment.workingFolder, path), await setUp(command, environment));
  showStatus(report, output, environment);
  return 'ok';
}
