import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { systemTime } from '../../base/index.ts';
import type { EtcdOverrides } from '../../operations/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { addEtcdOptions, readEtcdOptions, type EtcdFlags } from '../etcd-options.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { ListenAddress, RunningStandalone, StandaloneRequest } from '../fronts.ts';
import { toJson } from '../output/json.ts';
import { parseAddress, parseDuration } from '../parse.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';

interface StandaloneFlags extends EtcdFlags {
  readonly dataDir: string;
  readonly listen: ListenAddress;
  readonly metrics: ListenAddress | false;
  readonly kubeconfig?: string;
  readonly nodeName: string;
  readonly enableBackups?: true;
  readonly embeddedEtcd?: true;
  readonly etcdBinary: string;
  readonly layout: string;
  readonly hostRoot: string;
  readonly snapshotOnly?: true;
  readonly defaultFolder: string;
  readonly grace: number;
  readonly jobDeadline: number;
  readonly startDeadline: number;
  readonly output: 'text' | 'json';
}

const DEFAULT_GRACE_MS = 5 * 60_000;
const DEFAULT_DEADLINE_MS = 3_600_000;
const DEFAULT_START_DEADLINE_MS = 600_000;

/** `holdfast standalone` */
export function defineStandalone(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('standalone')
    .description('serve automated backups on one machine: a small Kubernetes API on loopback, for kubectl and oc')
    .usage('[options] [-- <options of holdfast backup, for every Job>...]')
    // As arguments of its own they would not fit into the list of commands.
    .allowExcessArguments(true)
    .option('--data-dir <folder>', 'objects, volumes, logs and certificates', '/var/lib/holdfast/standalone')
    .option('--kubeconfig <file>', 'where the kubeconfig is written (default: <data-dir>/kubeconfig)')
    .addOption(
      new Option('--listen <host:port>', 'where the API is served; port 0 takes a free one')
        .argParser(parseAddress)
        .default({ host: '127.0.0.1', port: 7443 }, '127.0.0.1:7443'),
    )
    .addOption(
      new Option('--metrics <host:port>', 'where /metrics, /healthz and /readyz are served')
        .argParser(parseAddress)
        .default({ host: '127.0.0.1', port: 7480 }, '127.0.0.1:7480'),
    )
    .option('--no-metrics', 'serve none')
    .addOption(
      new Option('--node-name <name>', 'the name of this machine as a node').default(
        hostname().toLowerCase(),
        "the host's name",
      ),
    )
    .option('--enable-backups', 'have Backup and EtcdBackup from the start, without the FeatureGate');
  command
    .option('--embedded-etcd', 'start an etcd for a trial, and back that up')
    .option('--etcd-binary <file>', "the trial's program", 'etcd')
    .addOption(
      new Option('--layout <layout>', 'the kind of control-plane host')
        .choices(['auto', 'openshift', 'kubeadm', 'k3s', 'rke2'])
        .default('auto'),
    )
    .option('--host-root <folder>', "the folder that is the host's /", '/')
    .option('--snapshot-only', 'save no static pod resources')
    .option('--default-folder <folder>', 'where backups go that name no claim', '/var/lib/holdfast/backups');
  addEtcdOptions(command)
    .addOption(
      new Option('--grace <duration>', 'how long running backups may take to finish after SIGTERM')
        .argParser(parseDuration)
        .default(DEFAULT_GRACE_MS, '5m'),
    )
    .addOption(
      new Option('--job-deadline <duration>', 'how long a backup may take in all')
        .argParser(parseDuration)
        .default(DEFAULT_DEADLINE_MS, '1h'),
    )
    .addOption(
      new Option('--start-deadline <duration>', 'how long one may wait for its volume, a node and its start')
        .argParser(parseDuration)
        .default(DEFAULT_START_DEADLINE_MS, '10m'),
    )
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .action((flags: StandaloneFlags) => schedule(() => run(command, flags, environment)));
}

async function run(command: Command, flags: StandaloneFlags, environment: CliEnvironment): Promise<ExitReason> {
  const [stray = '-'] = command.args;
  if (!stray.startsWith('-'))
    throw new CliError('CLI_OPTION_INVALID', `${stray} is no option of holdfast backup`, {
      hint: 'What every Job shall be told goes behind --, such as -- --idle-timeout 2m.',
    });
  const request = await readRequest(flags, command.args, environment);
  const { log } = await setUp(command, environment);
  const { signal, version, variables, fronts } = environment;
  const running = await fronts.startStandalone(request, { time: systemTime, log, signal, version, variables });
  show(running, flags.output, environment);
  await running.ended;
  return 'ok';
}

async function readRequest(
  flags: StandaloneFlags,
  backupOptions: readonly string[],
  environment: CliEnvironment,
): Promise<StandaloneRequest> {
  const place = (path: string): string => resolve(environment.workingFolder, path);
  const isTrial = flags.embeddedEtcd === true;
  if (isTrial && flags.endpoints !== undefined)
    throw new CliError('CLI_OPTIONS_CONFLICT', '--embedded-etcd and --endpoints name two etcds to back up', {
      hint: 'Give one of them.',
    });
  // Variables of the shell that are meant for another etcd have no say in a trial.
  const etcd = isTrial ? undefined : await readEtcdOptions(flags, environment);
  if (etcd !== undefined) await checkCertificates(etcd, place);
  const dataDir = place(flags.dataDir);
  return {
    dataDir,
    listen: flags.listen,
    metrics: flags.metrics === false ? undefined : flags.metrics,
    kubeconfig: place(flags.kubeconfig ?? join(dataDir, 'kubeconfig')),
    nodeName: flags.nodeName,
    enableBackups: flags.enableBackups === true,
    embeddedEtcd: isTrial ? { binary: programPath(flags.etcdBinary, place) } : undefined,
    backupArgs: [...etcdArguments(etcd, place), ...hostArguments(flags, place), ...backupOptions],
    login: etcd?.login,
    defaultFolder: place(flags.defaultFolder),
    graceMs: flags.grace,
    jobDeadlineMs: flags.jobDeadline,
    startDeadlineMs: flags.startDeadline,
  };
}

type Place = (path: string) => string;

/** A name without a slash is looked for in PATH. */
function programPath(program: string, place: Place): string {
  return program.includes('/') ? place(program) : program;
}

function etcdArguments(etcd: EtcdOverrides | undefined, place: Place): readonly string[] {
  if (etcd === undefined) return [];
  const { endpoints, ...files } = etcd;
  const named = (['cacert', 'cert', 'key'] as const).flatMap((name) => {
    const path = files[name];
    return path === undefined ? [] : [`--${name}`, place(path)];
  });
  return [...(endpoints === undefined ? [] : ['--endpoints', endpoints]), ...named];
}

/** A mistyped path shall show now, and not when the first backup is due. */
async function checkCertificates({ cacert, cert, key }: EtcdOverrides, place: Place): Promise<void> {
  const { loadTls } = await import('../../etcd/index.ts');
  const placed = (path: string | undefined): string | undefined => (path === undefined ? undefined : place(path));
  loadTls({ cacert: placed(cacert), cert: placed(cert), key: placed(key) });
}

function hostArguments(flags: StandaloneFlags, place: Place): readonly string[] {
  const hostRoot = place(flags.hostRoot);
  const namesHost = flags.layout !== 'auto' || hostRoot !== '/';
  // The etcd of a trial belongs to no control plane, unless one is named.
  const isSnapshotOnly = flags.snapshotOnly === true || (flags.embeddedEtcd === true && !namesHost);
  return [
    ...(flags.layout === 'auto' ? [] : ['--layout', flags.layout]),
    ...(hostRoot === '/' ? [] : ['--host-root', hostRoot]),
    ...(isSnapshotOnly ? ['--snapshot-only'] : []),
  ];
}

function show(running: RunningStandalone, format: 'text' | 'json', { stdout }: CliEnvironment): void {
  const { url, metricsUrl, kubeconfig, etcd } = running;
  if (format === 'json') {
    stdout.write(`${toJson({ url, metricsUrl, kubeconfig, etcd }, 0)}\n`);
    return;
  }
  stdout.write(`serving the Kubernetes API at ${url}\n`);
  if (metricsUrl !== undefined) stdout.write(`metrics: ${metricsUrl}/metrics\n`);
  if (etcd !== undefined) {
    const { endpoint, cacert, cert, key } = etcd;
    stdout.write(`an etcd for trial: etcdctl --endpoints=${endpoint} --cacert=${cacert} --cert=${cert} --key=${key}\n`);
  }
  stdout.write(`export KUBECONFIG=${kubeconfig}\n`);
}
