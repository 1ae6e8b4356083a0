import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { guarded } from '../test/kit/programs.ts';
import { runCommand } from '../test/kit/run-command.ts';
import { waitFor } from '../test/kit/wait-for.ts';
import { command, heading, print, show, type CommandOptions } from './show.ts';

const MANIFESTS = 'examples/automated-backups';
const SERIES = 'etcd-recurring-backup';

export interface StandalonePlace {
  /** Everything lies below it. */
  readonly folder: string;
  /** What stands for the host's `/`. */
  readonly hostRoot: string;
}

/** `holdfast standalone`, which runs beside the demonstration. */
export class Standalone {
  readonly kubeconfig: string;
  /** Its log. */
  readonly log: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, kubeconfig: string, log: string) {
    this.#child = child;
    this.kubeconfig = kubeconfig;
    this.log = log;
  }

  /** Shows the command line and what it says; returns when it serves. */
  static async start({ folder, hostRoot }: StandalonePlace, options: CommandOptions): Promise<Standalone> {
    const data = join(folder, 'standalone');
    const log = join(folder, 'standalone.log');
    await rm(data, { recursive: true, force: true });
    const args = [
      'standalone',
      '--data-dir',
      data,
      '--default-folder',
      join(folder, 'default'),
      '--host-root',
      hostRoot,
    ];
    args.push('--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0');
    show(`holdfast ${args.join(' ')} 2>${log} &`);
    const [program = '', script = ''] = options.programs?.['holdfast'] ?? [];
    const file = await open(log, 'w');
    // A group of its own: Ctrl-C is for the demonstration, which then asks it to end.
    const child = spawn(program, [script, ...args], {
      stdio: ['ignore', 'pipe', file.fd],
      detached: true,
      env: options.env ?? process.env,
    });
    await file.close();
    guarded(child);
    const { stdout } = child;
    if (stdout === null) throw new Error('holdfast standalone has no output');
    for await (const line of createInterface({ input: stdout })) {
      print(line);
      const kubeconfig = /^export KUBECONFIG=(.+)$/.exec(line)?.[1];
      if (kubeconfig !== undefined) return new Standalone(child, kubeconfig, log);
    }
    throw new Error(`holdfast standalone did not start: see ${log}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** The procedures of OpenShift's guide, in its order, with the files of the examples. */
export class AutomatedBackups {
  readonly #options: CommandOptions;
  readonly #kubectl: string;

  /** @param kubectl - the path of the program */
  constructor(standalone: Standalone, kubectl: string, options: CommandOptions) {
    this.#kubectl = kubectl;
    this.#options = {
      env: { ...options.env, KUBECONFIG: standalone.kubeconfig },
      programs: { ...options.programs, kubectl: [kubectl] },
    };
  }

  async show(): Promise<void> {
    await this.#enable();
    await this.#single();
    await this.#recurring();
    await this.#retention();
  }

  async #enable(): Promise<void> {
    heading(
      'Enabling them',
      'A cluster pays for this with its updates. One machine need not: there is holdfast standalone --enable-backups.',
    );
    await this.#run('kubectl', 'apply', '-f', `${MANIFESTS}/enable-tech-preview-no-upgrade.yaml`);
    const both = async (): Promise<boolean> => (await this.#read('get', 'crd', '-o', 'name')).split('\n').length >= 2;
    await waitFor(both, { timeoutMs: 30_000, what: 'the custom resource definitions' });
    await this.#run('kubectl', 'get', 'crd');
  }

  async #single(): Promise<void> {
    heading('A single backup', 'The claim stays Pending until a backup mounts it. Then its volume is a folder.');
    await this.#run('kubectl', 'apply', '-f', `${MANIFESTS}/dynamic/etcd-backup-pvc.yaml`);
    await this.#run('kubectl', 'get', 'pvc');
    await this.#run('kubectl', 'apply', '-f', `${MANIFESTS}/dynamic/etcd-single-backup.yaml`);
    const name = 'etcdbackup/etcd-single-backup';
    await this.#run('kubectl', 'wait', name, '--for=condition=BackupCompleted', '--timeout=60s');
    await this.#run('kubectl', 'get', 'etcdbackups');
    await this.#run('kubectl', 'get', 'pvc');
  }

  async #recurring(): Promise<void> {
    heading('A recurring backup', 'Every day at 4:20, of which five are kept. One run is made by hand, to see it now.');
    await this.#run('kubectl', 'create', '-f', `${MANIFESTS}/recurring-number/etcd-recurring-backups.yaml`);
    await this.#run('kubectl', 'get', 'cronjob', '-n', 'openshift-etcd');
    await this.#runNow('run-1');
    await this.#run('kubectl', 'get', 'backups');
  }

  async #retention(): Promise<void> {
    heading(
      'Keep one',
      'Another run, and exactly one backup of the series stands. The single backup is none of its own.',
    );
    const policy = { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 1 } };
    const patch = JSON.stringify({ spec: { etcd: { retentionPolicy: policy } } });
    await this.#run('kubectl', 'patch', 'backup', SERIES, '--type=merge', '-p', patch);
    await this.#runNow('run-2');
    await this.#run('kubectl', 'get', 'backups');
    await this.#run('kubectl', 'get', 'etcdbackups', '-o', 'wide');
    const path = await this.#read('get', 'pv', '-o', 'jsonpath={.items[0].spec.local.path}');
    heading('The files', 'They are ordinary backups: everything shown above works on them.');
    await this.#run('holdfast', 'list', path);
  }

  async #runNow(name: string): Promise<void> {
    await this.#run('kubectl', 'create', 'job', name, `--from=cronjob/${SERIES}`);
    const done = `--for=jsonpath={.status.lastSuccess.etcdBackup}=${name}`;
    await this.#run('kubectl', 'wait', `backup/${SERIES}`, done, '--timeout=60s');
  }

  async #run(...line: readonly string[]): Promise<void> {
    const code = await command(line, this.#options);
    if (code !== 0) throw new Error(`${line.slice(0, 3).join(' ')} ended with exit code ${code}`);
  }

  /** Out of sight. */
  async #read(...args: readonly string[]): Promise<string> {
    const { stdout } = await runCommand([this.#kubectl, ...args], { env: { ...this.#options.env } });
    return stdout.trim();
  }
}
