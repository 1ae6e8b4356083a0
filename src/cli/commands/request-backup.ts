import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { systemTime } from '../../base/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { ExitReason } from '../exit-codes.ts';
import { toJson } from '../output/json.ts';
import { parseDuration } from '../parse.ts';
import { parseObjectName, reportPath } from '../resource-options.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';

interface RequestBackupFlags {
  readonly series: string;
  readonly pvcName: string;
  readonly kubeconfig?: string;
  readonly timeout: number;
  readonly reportFile?: string;
}

const DEFAULT_TIMEOUT_MS = 12 * 3_600_000;

/** `holdfast request-backup`: what the pods of a recurring Backup's CronJob run. */
export function defineRequestBackup(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('request-backup')
    .description('create an EtcdBackup for a recurring Backup and wait for its outcome (run by its CronJob)')
    .addOption(new Option('--series <name>', 'the recurring Backup').argParser(parseObjectName).makeOptionMandatory())
    .option('--pvc-name <name>', 'the claim that the backup goes to; none: the default place', '')
    .option('--kubeconfig <file>', 'how to reach the API server (default: KUBECONFIG, else the service account)')
    .addOption(
      new Option('--timeout <duration>', 'wait this long for the outcome')
        .argParser(parseDuration)
        .default(DEFAULT_TIMEOUT_MS, '12h'),
    )
    .option('--report-file <path>', 'write what became of it here, as JSON: the termination message of a pod')
    .action((flags: RequestBackupFlags) => schedule(() => run(command, flags, environment)));
}

async function run(command: Command, flags: RequestBackupFlags, environment: CliEnvironment): Promise<ExitReason> {
  const { variables, workingFolder, fronts, signal, version, stdout } = environment;
  const kubeconfig = flags.kubeconfig ?? variables['KUBECONFIG'];
  const request = {
    kubeconfig: kubeconfig === undefined ? undefined : resolve(workingFolder, kubeconfig),
    series: flags.series,
    pvcName: flags.pvcName,
    jobName: required(variables, 'MY_JOB_NAME'),
    jobUid: required(variables, 'MY_JOB_UID'),
    timeoutMs: flags.timeout,
  };
  const { log } = await setUp(command, environment);
  const { reporting } = await import('../output/job-report.ts');
  const outcome = await reporting(
    reportPath(flags, workingFolder),
    () => fronts.requestBackup(request, { time: systemTime, log, signal, version, variables }),
    (report) => report,
  );
  stdout.write(`${toJson(outcome, 0)}\n`);
  return 'ok';
}

function required(variables: CliEnvironment['variables'], name: string): string {
  const value = variables[name];
  if (value !== undefined && value !== '') return value;
  throw new CliError('CLI_OPTION_INVALID', `the variable ${name} is not set`, {
    hint: 'This command is run by the CronJob of a Backup, which sets it. For a backup now, create an EtcdBackup.',
  });
}
