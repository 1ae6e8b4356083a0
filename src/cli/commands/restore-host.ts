import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { ExitReason } from '../exit-codes.ts';
import {
  addRestoreOptions,
  readRestoreOptions,
  setUpRestore,
  tellOfInterruption,
  type RestoreFlags,
} from '../restore-options.ts';
import type { Schedule } from '../schedule.ts';

interface RestoreHostFlags extends RestoreFlags {
  readonly resourcesDir?: string;
  readonly snapshotOnly?: true;
  readonly dataDir?: string;
  readonly rollback?: true;
}

/** `holdfast restore host <backup>` */
export function defineRestoreHost(restore: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = restore
    .command('host')
    .description('bring this control-plane host back from a backup: etcd alone in a new cluster, and its static pods')
    .argument('[backup]', 'a backup, one of its files, any snapshot, or a folder of backups (its newest)')
    .option('--rollback', 'take the latest restore of this host back, finished or not')
    .option('--resources-dir <folder>', 'where the static pod resources lie, if not beside the snapshot')
    .option('--snapshot-only', "restore etcd's data and leave the static pod resources as they are")
    .option('--data-dir <folder>', "etcd's data directory, if not where its manifest says");
  addRestoreOptions(command).action((backup: string | undefined, flags: RestoreHostFlags) =>
    schedule(() => tellOfInterruption(environment, () => run(command, backup, flags, environment))),
  );
}

async function run(
  command: Command,
  backup: string | undefined,
  flags: RestoreHostFlags,
  environment: CliEnvironment,
): Promise<ExitReason> {
  const { restoreHost, rollBackHost } = await import('../../operations/index.ts');
  const { showRestore } = await import('../output/restore-words.ts');
  const request = await readRestoreOptions(flags, environment);
  const surroundings = await setUpRestore(command, environment);
  if (flags.rollback === true) {
    showRestore(await rollBackHost(request, surroundings), flags.output, environment);
    return 'ok';
  }
  if (backup === undefined) {
    throw new CliError('CLI_OPTIONS_CONFLICT', 'neither a backup nor --rollback is given', {
      hint: 'Name the backup: holdfast restore host <backup>.',
    });
  }
  const place = (path: string): string => resolve(environment.workingFolder, path);
  const report = await restoreHost(
    {
      ...request,
      path: place(backup),
      resourcesDir: flags.resourcesDir === undefined ? undefined : place(flags.resourcesDir),
      snapshotOnly: flags.snapshotOnly === true,
      dataDir: flags.dataDir,
    },
    surroundings,
  );
  showRestore(report, flags.output, environment);
  return 'ok';
}
