import { hostname } from 'node:os';
import { posix, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { systemTime } from '../../base/index.ts';
import type { HostLayout } from '../../host/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { addOpenShiftOptions, readOpenShiftOptions, type OpenShiftFlags } from '../openshift-options.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { ListenAddress, OperatorRequest } from '../fronts.ts';
import { parseAddress, parseDuration } from '../parse.ts';
import { parseObjectName } from '../resource-options.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';

interface OperatorFlags extends OpenShiftFlags {
  readonly layout: HostLayout;
  readonly kubeconfig?: string;
  readonly leaderElection: boolean;
  readonly leaseDuration: number;
  readonly metrics: ListenAddress | false;
  readonly image?: string;
  readonly imagePullPolicy: OperatorRequest['imagePullPolicy'];
  readonly defaultFolder: string;
  readonly hostFolder?: readonly string[];
  readonly hostFile?: readonly string[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly backupAccount: string;
  readonly requestAccount: string;
  readonly priorityClass: string | false;
  readonly capability?: readonly string[];
  readonly jobDeadline: number;
  readonly startDeadline: number;
}

const DEFAULT_DEADLINE_MS = 3_600_000;
const DEFAULT_START_DEADLINE_MS = 600_000;
/** As long as that of Kubernetes' own components. */
const DEFAULT_LEASE_MS = 15_000;
const SHORTEST_LEASE_MS = 3_000;

/** `holdfast operator`: what the Deployment of deploy/ runs. */
export function defineOperator(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('operator')
    .description('take care of Backups and EtcdBackups on a cluster: CronJobs, Jobs, and what becomes of them')
    .usage('[options] [-- <options of holdfast backup, for every Job>...]')
    // As arguments of its own they would not fit into the list of commands.
    .allowExcessArguments(true)
    .addOption(
      new Option('--layout <layout>', 'the kind of control-plane host')
        .choices(['openshift', 'kubeadm', 'k3s', 'rke2'])
        .makeOptionMandatory(),
    )
    .option('--kubeconfig <file>', 'how to reach the API server (default: KUBECONFIG, else the service account)')
    .option('--no-leader-election', 'work at once: there is no other operator')
    .addOption(
      new Option('--lease-duration <duration>', 'how long a leader may be silent before another replica leads')
        .argParser(parseLeaseDuration)
        .default(DEFAULT_LEASE_MS, '15s'),
    )
    .addOption(
      new Option('--metrics <host:port>', 'where /metrics, /healthz and /readyz are served')
        .argParser(parseAddress)
        .default({ host: '127.0.0.1', port: 7480 }, '127.0.0.1:7480'),
    )
    .option('--no-metrics', 'serve none');
  addJobOptions(command);
  addOpenShiftOptions(command).action((flags: OperatorFlags) =>
    schedule(() => run(command, command.args, flags, environment)),
  );
}

function addJobOptions(command: Command): Command {
  return command
    .option('--image <name>', 'the image of Jobs [HOLDFAST_IMAGE] (default: that of this pod)')
    .addOption(
      new Option('--image-pull-policy <policy>', 'when nodes fetch it')
        .choices(['Always', 'IfNotPresent', 'Never'])
        .default('IfNotPresent'),
    )
    .option(
      '--default-folder <folder>',
      "the host's folder for backups that name no claim",
      parsePath,
      '/var/lib/holdfast/backups',
    )
    .option('--host-folder <folder>', 'one more folder of the host that backups read; may be repeated', addPath)
    .option('--host-file <file>', 'one more file of the host that backups read; may be repeated', addPath)
    .option('--node-selector <label=value>', 'only nodes with this label take backups; may be repeated', addLabel)
    .addOption(accountOption('--backup-account <name>', 'the service account of backups').default('holdfast-backup'))
    .addOption(accountOption('--request-account <name>', 'that of scheduled runs').default('holdfast-request'))
    .option('--priority-class <name>', "of the Jobs' pods", 'system-node-critical')
    .option('--no-priority-class', 'give them none')
    .option(
      '--capability <name>',
      "what a backup may do beyond reading root's files, such as DAC_READ_SEARCH; may be repeated",
      addCapability,
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
    );
}

async function run(
  command: Command,
  backupOptions: readonly string[],
  flags: OperatorFlags,
  environment: CliEnvironment,
): Promise<ExitReason> {
  const { signal, version, variables, fronts } = environment;
  const [stray = '-'] = backupOptions;
  if (!stray.startsWith('-'))
    throw new CliError('CLI_OPTION_INVALID', `${stray} is no option of holdfast backup`, {
      hint: 'What every Job shall be told goes behind --, such as -- --timeout 30m.',
    });
  const request = await readRequest(backupOptions, flags, environment);
  const { log } = await setUp(command, environment);
  await fronts.runOperator(request, { time: systemTime, log, signal, version, variables });
  return 'ok';
}

async function readRequest(
  backupOptions: readonly string[],
  flags: OperatorFlags,
  { variables, workingFolder }: CliEnvironment,
): Promise<OperatorRequest> {
  const { sourcesOnHost } = await import('../../host/index.ts');
  const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
  const kubeconfig = given(flags.kubeconfig ?? variables['KUBECONFIG']);
  const [podName, namespace] = [given(variables['POD_NAME']), given(variables['POD_NAMESPACE'])];
  return {
    kubeconfig: kubeconfig === undefined ? undefined : resolve(workingFolder, kubeconfig),
    image: given(flags.image ?? variables['HOLDFAST_IMAGE']),
    imagePullPolicy: flags.imagePullPolicy,
    pod: podName === undefined || namespace === undefined ? undefined : { namespace, name: podName },
    name: podName ?? hostname(),
    leaseDurationMs: flags.leaderElection ? flags.leaseDuration : undefined,
    metrics: flags.metrics === false ? undefined : flags.metrics,
    hostMounts: [
      ...sourcesOnHost(flags.layout),
      ...(flags.hostFolder ?? []).map((path) => ({ path, type: 'folder' as const })),
      ...(flags.hostFile ?? []).map((path) => ({ path, type: 'file' as const })),
    ],
    backupArgs: ['--layout', flags.layout, ...backupOptions],
    defaultFolder: flags.defaultFolder,
    nodeSelector: { ...etcdNodes(flags.layout), ...flags.nodeSelector },
    backupAccount: flags.backupAccount,
    requestAccount: flags.requestAccount,
    priorityClass: flags.priorityClass === false ? undefined : flags.priorityClass,
    capabilities: flags.capability ?? [],
    jobDeadlineMs: flags.jobDeadline,
    startDeadlineMs: flags.startDeadline,
    openshift: readOpenShiftOptions(flags),
  };
}

/** A server of k3s or RKE2 may be without etcd; those with one carry this label (k3s pkg/etcd, EtcdRoleLabel). */
function etcdNodes(layout: HostLayout): Readonly<Record<string, string>> {
  return layout === 'k3s' || layout === 'rke2' ? { 'node-role.kubernetes.io/etcd': 'true' } : {};
}

function accountOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parseObjectName);
}

/** A Lease counts whole seconds, and is renewed some seven times in its life. */
function parseLeaseDuration(text: string): number {
  const duration = parseDuration(text);
  if (duration < SHORTEST_LEASE_MS) throw new InvalidArgumentError('Expected at least 3s.');
  return duration;
}

/** A folder or file of the host, which is not this machine. */
function parsePath(text: string): string {
  if (!text.startsWith('/') || posix.normalize(text) === '/')
    throw new InvalidArgumentError('Expected an absolute path below /.');
  return posix.normalize(text).replace(/\/$/, '');
}

function addPath(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, parsePath(text)];
}

function addLabel(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const match = /^([\w./-]+)=([\w.-]*)$/.exec(text);
  if (match?.[1] === undefined) throw new InvalidArgumentError('Expected one like node-role.kubernetes.io/etcd=true.');
  return { ...before, [match[1]]: match[2] ?? '' };
}

function addCapability(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^[A-Z_]+$/.test(text)) throw new InvalidArgumentError('Expected one like DAC_READ_SEARCH.');
  return [...before, text];
}
