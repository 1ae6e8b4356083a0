import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import * as z from 'zod';
import {
  createHttpsTransport,
  createKubeClient,
  loadKubeconfig,
  type KubeClient,
  type NewObject,
} from '../../src/apiserver/index.ts';
import { etcdBackups, outcomeOf, type EtcdBackup } from '../../src/crd/index.ts';
import { holdfastCommand } from './holdfast.ts';
import { guarded } from './programs.ts';
import { newestRelease } from './releases.ts';
import { Fatal, waitFor } from './wait-for.ts';

/** What it prints once it serves. */
const announcement = z.looseObject({
  metricsUrl: z.string().optional(),
  etcd: z.record(z.string(), z.string()).optional(),
});
type Announcement = z.infer<typeof announcement>;

export interface RunningStandaloneOptions {
  /** Everything of the engine's lies below it. */
  readonly folder: string;
  /** Beside folders, ports and formats. Default: an etcd for trial. */
  readonly args?: readonly string[];
  /** How Holdfast is started. Default: the built program. */
  readonly program?: readonly string[];
  /** Beside this process's own variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `holdfast standalone` as a process of its own, started again at will on the same data. */
export class RunningStandalone {
  readonly folder: string;
  readonly #argv: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #ended: Promise<number | NodeJS.Signals | null> = Promise.resolve(null);
  #client: { readonly client: KubeClient; readonly close: () => void } | undefined;
  #said = '';
  #log = '';
  /** The address of `/metrics`, without the path. */
  metricsUrl = '';
  /** The options of etcdctl for the etcd for trial. */
  etcd: readonly string[] = [];

  private constructor({ folder, args, program = holdfastCommand(), env = {} }: RunningStandaloneOptions) {
    this.folder = folder;
    this.#env = env;
    this.#argv = [
      ...program,
      ...['standalone', '--data-dir', join(folder, 'data'), '--default-folder', join(folder, 'default')],
      ...['--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0', '--node-name', 'master-0'],
      ...['-o', 'json', '--log-format', 'json'],
      ...(args ?? embeddedEtcd()),
    ];
  }

  /** Returns when the API serves. */
  static async start(options: RunningStandaloneOptions): Promise<RunningStandalone> {
    const standalone = new RunningStandalone(options);
    await standalone.start();
    return standalone;
  }

  /** The administrator's kubeconfig. */
  get kubeconfig(): string {
    return join(this.folder, 'data', 'kubeconfig');
  }

  /** Throws where it does not run. */
  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('holdfast standalone does not run');
    return this.#child.pid;
  }

  /** What it has written to its standard error since the first start. */
  get log(): string {
    return this.#log;
  }

  get client(): KubeClient {
    if (this.#client === undefined) throw new Error('holdfast standalone does not run');
    return this.#client.client;
  }

  async start(): Promise<void> {
    const [program = '', ...args] = this.#argv;
    const child = spawn(program, args, { env: { ...process.env, ...this.#env }, stdio: ['ignore', 'pipe', 'pipe'] });
    guarded(child);
    this.#child = child;
    this.#said = '';
    child.stdout.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    this.#ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
    void this.#ended.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    const { metricsUrl, etcd } = await waitFor(() => this.#started(), { what: () => `a start; ${this.#log}` });
    this.metricsUrl = metricsUrl ?? '';
    this.etcd = Object.entries(etcd ?? {}).map(([name, value]) =>
      name === 'endpoint' ? `--endpoints=${value}` : `--${name}=${value}`,
    );
    const transport = createHttpsTransport(await loadKubeconfig({ path: this.kubeconfig }));
    this.#client = { client: createKubeClient({ transport, userAgent: 'tests/1' }), close: () => transport.close() };
  }

  /** Sends a signal and waits for the end. @returns the exit code, or the signal that ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    this.#child?.kill(signal);
    const end = await this.#ended;
    this.#client?.close();
    this.#client = undefined;
    return end;
  }

  /** Waits until it ends by itself. @returns as {@link stop} */
  ended(): Promise<number | NodeJS.Signals | null> {
    return this.#ended;
  }

  #started(): Announcement | undefined {
    if (this.#said.includes('\n')) return announcement.parse(JSON.parse(this.#said));
    if (this.#child === undefined) throw new Fatal(`holdfast standalone has ended; ${this.#log}`);
    return undefined;
  }
}

function embeddedEtcd(): readonly string[] {
  return ['--embedded-etcd', '--etcd-binary', join(newestRelease().folder, 'etcd')];
}

/** An EtcdBackup to be created. */
export function etcdBackup(name: string, pvcName = ''): NewObject<EtcdBackup> {
  return {
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name },
    spec: { pvcName },
  };
}

/** Waits until a backup is neither pending nor new. */
export function untilDecided(client: KubeClient, name: string, timeoutMs = 60_000): Promise<EtcdBackup> {
  return waitFor(
    async () => {
      const read = await client.get(etcdBackups, { name });
      return outcomeOf(read) !== 'BackupPending' && read;
    },
    { timeoutMs, what: `an outcome of ${name}` },
  );
}
