import { Command, CommanderError, Option } from 'commander';
import { defineBackup } from './commands/backup.ts';
import { defineList } from './commands/list.ts';
import { defineOperator } from './commands/operator.ts';
import { definePrune } from './commands/prune.ts';
import { defineRequestBackup } from './commands/request-backup.ts';
import { defineRestore } from './commands/restore.ts';
import { defineStandalone } from './commands/standalone.ts';
import { defineStatus } from './commands/status.ts';
import { defineVerify } from './commands/verify.ts';
import { Interruption, type CliEnvironment } from './environment.ts';
import { exitCodes, exitReasonOf, type ExitReason } from './exit-codes.ts';
import { showError } from './output/show-error.ts';
import type { CommandAction, Schedule } from './schedule.ts';

/**
 * Runs one command line.
 *
 * @param args - the arguments after `holdfast`
 * @returns the exit code (docs/cli.md lists them)
 */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  let action: CommandAction | undefined;
  const program = defineProgram(environment, (chosen) => {
    action = chosen;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    const reason = action === undefined ? 'ok' : await action();
    return exitCodes[reason].code;
  } catch (error) {
    return exitCodes[report(error, environment, args)].code;
  }
}

function defineProgram(environment: CliEnvironment, schedule: Schedule): Command {
  const program = new Command('holdfast')
    .description('Backs up control planes of Kubernetes and OpenShift, and proves the backups good.')
    .version(environment.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError('(see --help)')
    .addOption(
      new Option('--log-format <format>', 'how diagnostics are written').choices(['text', 'json']).default('text'),
    )
    .addOption(
      new Option('--log-level <level>', 'the least level that is written')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .option('--no-progress', 'show no progress of long work')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text),
      getOutHelpWidth: () => environment.stdout.columns,
      getErrHelpWidth: () => environment.stderr.columns,
    });
  defineBackup(program, environment, schedule);
  defineStatus(program, environment, schedule);
  defineVerify(program, environment, schedule);
  defineList(program, environment, schedule);
  definePrune(program, environment, schedule);
  defineRestore(program, environment, schedule);
  defineStandalone(program, environment, schedule);
  defineOperator(program, environment, schedule);
  defineRequestBackup(program, environment, schedule);
  // Sub-commands do not inherit these two from their parent by themselves.
  for (const command of allCommands(program)) command.exitOverride().showHelpAfterError('(see --help)');
  return program;
}

function allCommands(parent: Command): readonly Command[] {
  return parent.commands.flatMap((command) => [command, ...allCommands(command)]);
}

function report(error: unknown, environment: CliEnvironment, args: readonly string[]): ExitReason {
  // Commander has already written what is wrong with the command line, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 'ok' : 'usage';
  const interruption: unknown = environment.signal.aborted ? environment.signal.reason : undefined;
  if (interruption instanceof Interruption) {
    environment.stderr.write(`interrupted by ${interruption.by}: nothing half-done was left with a final name\n`);
    return interruption.by === 'SIGINT' ? 'interrupted' : 'terminated';
  }
  const reason = exitReasonOf(error);
  showError(error, environment, { json: asksForJsonLogs(args) });
  return reason;
}

function asksForJsonLogs(args: readonly string[]): boolean {
  return args.includes('--log-format=json') || args[args.indexOf('--log-format') + 1] === 'json';
}
