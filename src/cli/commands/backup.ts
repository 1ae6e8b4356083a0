import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { BackupReport, BackupRequest } from '../../operations/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { addEtcdOptions, readEtcdOptions, type EtcdFlags } from '../etcd-options.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { Schedule } from '../schedule.ts';
import { parseDuration } from '../parse.ts';
import { addResourceOptions, readResourceOptions, reportPath, type ResourceFlags } from '../resource-options.ts';
import { addRetentionOptions, readRetentionPolicy, type RetentionFlags } from '../retention-options.ts';
import { setUp } from '../setup.ts';

interface BackupFlags extends EtcdFlags, RetentionFlags, ResourceFlags {
  readonly force?: true;
  readonly despiteRollout?: true;
  readonly rolloutWait?: number;
  readonly snapshotOnly?: true;
  readonly resourcesDir?: string;
  readonly layout: BackupRequest['layout'];
  readonly hostRoot: string;
  readonly fromDataDir?: string;
  readonly timeout?: number;
  readonly idleTimeout: number;
  readonly lockWait?: number;
  readonly output: 'text' | 'json';
}

const DEFAULT_IDLE_TIMEOUT_MS = 30_000;

/** `holdfast backup <folder>` */
export function defineBackup(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('backup')
    .description('save an etcd snapshot and the static pod resources of this control-plane host, and prove both good')
    .argument('<folder>', 'where the backup goes; made if it is not there')
    .option('--force', 'go on although a check of the cluster refuses, and mark the files __POSSIBLY_DIRTY__')
    .option('--snapshot-only', 'save no static pod resources')
    .option(
      '--resources-dir <folder>',
      'write the static pod resources here, apart from the snapshot that their keys open',
    )
    .addOption(
      new Option('--layout <layout>', 'the kind of control-plane host')
        .choices(['auto', 'openshift', 'kubeadm', 'k3s', 'rke2'])
        .default('auto'),
    )
    .option('--host-root <folder>', "the folder that is the host's /", '/');
  addRolloutOptions(command);
  command.option(
    '--from-data-dir <folder>',
    "take the snapshot from a stopped member's data directory, for when none can start",
  );
  addEtcdOptions(command);
  addResourceOptions(command);
  addRetentionOptions(command)
    .addOption(
      new Option('--timeout <duration>', 'give up after this long in all (default: no limit)').argParser(parseDuration),
    )
    .addOption(
      new Option('--idle-timeout <duration>', 'turn to another member when one has been silent for this long')
        .argParser(parseDuration)
        .default(DEFAULT_IDLE_TIMEOUT_MS, '30s'),
    )
    .addOption(
      new Option(
        '--lock-wait <duration>',
        'wait this long where another run holds the folder or the cluster (default: end at once)',
      ).argParser(parseDuration),
    )
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .action((folder: string, flags: BackupFlags) => schedule(() => run(command, folder, flags, environment)));
}

/** OpenShift's operators install new revisions of static pods whenever they have to. */
function addRolloutOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '--rollout-wait <duration>',
        'OpenShift: wait this long where a rollout stands in the way (default: refuse at once)',
      ).argParser(parseDuration),
    )
    .option('--despite-rollout', 'OpenShift: go on (after that wait), and mark the files as --force does');
}

async function run(
  command: Command,
  folder: string,
  flags: BackupFlags,
  environment: CliEnvironment,
): Promise<ExitReason> {
  const request = await readRequest(folder, flags, environment);
  const { takeBackup } = await import('../../operations/index.ts');
  const { showBackup } = await import('../output/backup-words.ts');
  const surroundings = await setUp(command, environment);
  const report = await withReport(flags, environment, () => takeBackup(request, surroundings));
  showBackup(report, flags.output, environment);
  return wentWholly(report) || isToldByReport(flags) ? 'ok' : 'partly';
}

async function readRequest(folder: string, flags: BackupFlags, environment: CliEnvironment): Promise<BackupRequest> {
  const place = (path: string): string => resolve(environment.workingFolder, path);
  const resource = readResourceOptions(flags);
  return {
    folder: place(folder),
    resource,
    resourcesDir: flags.resourcesDir === undefined ? undefined : place(flags.resourcesDir),
    force: flags.force === true,
    despiteRollout: flags.despiteRollout,
    rolloutWaitMs: flags.rolloutWait,
    snapshotOnly: flags.snapshotOnly === true,
    layout: flags.layout,
    hostRoot: place(flags.hostRoot),
    fromDataDir: flags.fromDataDir === undefined ? undefined : place(flags.fromDataDir),
    etcd: await readEtcdOptions(flags, environment),
    retention: readRetentionPolicy(flags),
    timeoutMs: flags.timeout,
    idleTimeoutMs: flags.idleTimeout,
    lockWaitMs: flags.lockWait,
    // For a person's shell. A Job runs nothing else, and would be told the same at every backup.
    proxyVariables: resource === undefined ? proxiesOf(environment) : undefined,
  };
}

function proxiesOf({ variables }: CliEnvironment): BackupRequest['proxyVariables'] {
  return {
    httpProxy: variables['HTTP_PROXY'] ?? variables['http_proxy'],
    httpsProxy: variables['HTTPS_PROXY'] ?? variables['https_proxy'],
    noProxy: variables['NO_PROXY'] ?? variables['no_proxy'],
  };
}

async function withReport(
  flags: BackupFlags,
  { workingFolder }: CliEnvironment,
  take: () => Promise<BackupReport>,
): Promise<BackupReport> {
  const path = reportPath(flags, workingFolder);
  if (path === undefined) return take();
  const { describeBackup, reporting } = await import('../output/job-report.ts');
  return reporting(path, take, describeBackup);
}

/** A Job that fails is run again; whoever reads the report learns that the backup is good and what retention left. */
function isToldByReport({ reportFile }: BackupFlags): boolean {
  return reportFile !== undefined;
}

function wentWholly(report: BackupReport): boolean {
  return report.retention === undefined || report.retention.failed.length === 0;
}
