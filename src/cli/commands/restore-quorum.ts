import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import type { ExitReason } from '../exit-codes.ts';
import {
  addRestoreOptions,
  readRestoreOptions,
  setUpRestore,
  tellOfInterruption,
  type RestoreFlags,
} from '../restore-options.ts';
import type { Schedule } from '../schedule.ts';

interface RestoreQuorumFlags extends RestoreFlags {
  readonly rollback?: true;
}

/** `holdfast restore quorum` */
export function defineRestoreQuorum(restore: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = restore
    .command('quorum')
    .description("make this host's etcd the only member of a new cluster, from the data it has; the others are lost")
    .option('--rollback', 'take the latest restore of this host back, finished or not');
  addRestoreOptions(command).action((flags: RestoreQuorumFlags) =>
    schedule(() => tellOfInterruption(environment, () => run(command, flags, environment))),
  );
}

async function run(command: Command, flags: RestoreQuorumFlags, environment: CliEnvironment): Promise<ExitReason> {
  const { restoreQuorum, rollBackHost } = await import('../../operations/index.ts');
  const { showRestore } = await import('../output/restore-words.ts');
  const request = await readRestoreOptions(flags, environment);
  const surroundings = await setUpRestore(command, environment);
  const verb = flags.rollback === true ? rollBackHost : restoreQuorum;
  showRestore(await verb(request, surroundings), flags.output, environment);
  return 'ok';
}
