import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { systemTime } from '../../base/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { addEtcdOptions, readEtcdOptions, type EtcdFlags } from '../etcd-options.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { ListenAddress, RunningStandalone, StandaloneRequest } from '../fronts.ts';
import { parseCount, parseDuration } from '../parse.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';
import { toJson } from '../output/json.ts';

interface StandaloneFlags extends EtcdFlags {
  readonly dataDir: string;
  readonly listen: ListenAddress;
  readonly metrics: ListenAddress | false;
  readonly kubeconfig?: string;
  readonly nodeName: string;
  readonly enableBackups?: true;
  readonly embeddedEtcd?: true;
  readonly etcdBinary: string;
  readonly layout: StandaloneRequest['backup']['layout'];
  readonly hostRoot: string;
  readonly snapshotOnly?: true;
  readonly defaultFolder: string;
  readonly maxJobs: number;
  readonly grace: number;
  readonly output: 'text' | 'json';
}

const DEFAULT_GRACE_MS = 5 * 60_000;

/** `holdfast standalone` */
export function defineStandalone(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = program
    .command('standalone')
    .description('serve automated backups on one machine: a small Kubernetes API on loopback, for kubectl and oc')
    .option('--data-dir <folder>', 'objects, volumes, logs and certificates', '/var/lib/holdfast/standalone')
    .option('--kubeconfig <file>', 'where the kubeconfig goes (default: <data-dir>/kubeconfig)')
    .addOption(
      new Option('--listen <host:port>', 'where the API is served')
        .argParser(parseAddress)
        .default({ host: '127.0.0.1', port: 7443 }, '127.0.0.1:7443'),
    )
    .addOption(
      new Option('--metrics <host:port>', 'where /metrics, /healthz and /readyz are served')
        .argParser(parseAddress)
        .default({ host: '127.0.0.1', port: 7480 }, '127.0.0.1:7480'),
    )
    .option('--no-metrics', 'serve none')
    .option('--node-name <name>', 'the name of this machine as a node', hostname().toLowerCase())
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
    .addOption(new Option('--max-jobs <n>', 'how many Jobs run at once').argParser(parseCount).default(4))
    .addOption(
      new Option('--grace <duration>', 'how long running backups may take to finish after SIGTERM')
        .argParser(parseDuration)
        .default(DEFAULT_GRACE_MS, '5m'),
    )
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .action((flags: StandaloneFlags) => schedule(() => run(command, flags, environment)));
}

async function run(command: Command, flags: StandaloneFlags, environment: CliEnvironment): Promise<ExitReason> {
  const request = await readRequest(flags, environment);
  const { log } = await setUp(command, environment);
  const { signal, version, fronts } = environment;
  const running = await fronts.startStandalone(request, { time: systemTime, log, signal, version });
  show(running, flags.output, environment);
  await running.ended;
  return 'ok';
}

async function readRequest(flags: StandaloneFlags, environment: CliEnvironment): Promise<StandaloneRequest> {
  const place = (path: string): string => resolve(environment.workingFolder, path);
  const optional = (path: string | undefined): string | undefined => (path === undefined ? undefined : place(path));
  const etcd = await readEtcdOptions(flags, environment);
  const dataDir = place(flags.dataDir);
  return {
    dataDir,
    listen: flags.listen,
    metrics: flags.metrics === false ? undefined : flags.metrics,
    kubeconfig: place(flags.kubeconfig ?? join(dataDir, 'kubeconfig')),
    nodeName: flags.nodeName,
    enableBackups: flags.enableBackups === true,
    backup: {
      embeddedEtcd: flags.embeddedEtcd === true,
      etcdBinary: flags.etcdBinary,
      etcd: { ...etcd, cacert: optional(etcd.cacert), cert: optional(etcd.cert), key: optional(etcd.key) },
      layout: flags.layout,
      hostRoot: place(flags.hostRoot),
      snapshotOnly: flags.snapshotOnly === true,
      defaultFolder: place(flags.defaultFolder),
    },
    maxPods: flags.maxJobs,
    graceMs: flags.grace,
  };
}

function show(running: RunningStandalone, format: 'text' | 'json', { stdout }: CliEnvironment): void {
  const { url, metricsUrl, kubeconfig, etcd } = running;
  if (format === 'json') {
    stdout.write(`${toJson({ url, metricsUrl, kubeconfig, etcd }, 0)}\n`);
    return;
  }
  stdout.write(`serving the Kubernetes API at ${url}\n`);
  if (metricsUrl !== undefined) stdout.write(`metrics: ${metricsUrl}/metrics\n`);
  if (etcd !== undefined) stdout.write(`an etcd for trial: ${etcd.endpoint}\n`);
  stdout.write(`export KUBECONFIG=${kubeconfig}\n`);
}

/** `127.0.0.1:7443`, `[::1]:0` */
function parseAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const [, ipv6, name, port] = match ?? [];
  const host = ipv6 ?? name;
  if (host === undefined || Number(port) > 65_535) throw new InvalidArgumentError('Expected one like 127.0.0.1:7443.');
  return { host, port: Number(port) };
}
