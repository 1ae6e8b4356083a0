import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { KubeClient } from '../../src/apiserver/index.ts';
import { startCluster, cuttableProxy, fill, type CuttableProxy } from '../kit/index.ts';
import { JobRecord } from '../e2e/controllers/job-record.ts';
import { EngineProcess } from './engine-process.ts';
import { build, deploymentOf, type Deployment } from './manifests.ts';
import { OperatorProcess } from './operator-process.ts';

export interface ReplicaOptions {
  /** Where it reaches the API server instead, as `host:port`. */
  readonly address?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The engine as a process, an etcd, and replicas of the operator as their Deployment starts them. */
export class OperatorsOnEngine {
  readonly engine: EngineProcess;
  /** All Jobs that there ever were. */
  readonly jobs: JobRecord;
  /** Between backups and etcd: to hold a backup up. */
  readonly etcd: CuttableProxy;
  readonly #deployment: Deployment;
  #replicas = 0;

  private constructor(parts: { engine: EngineProcess; jobs: JobRecord; etcd: CuttableProxy; deployment: Deployment }) {
    this.engine = parts.engine;
    this.jobs = parts.jobs;
    this.etcd = parts.etcd;
    this.#deployment = parts.deployment;
  }

  static async begin(): Promise<OperatorsOnEngine> {
    const [engine, cluster, manifests] = await Promise.all([
      EngineProcess.begin(),
      startCluster(),
      build('kubernetes'),
    ]);
    onTestFinished(() => cluster.stop());
    await fill(cluster, { keys: 2_000, valueBytes: 1024 });
    const etcd = await cuttableProxy(cluster.endpoints[0] ?? '');
    onTestFinished(() => etcd.close());
    const jobs = new JobRecord(engine.client);
    onTestFinished(jobs.start());
    return new OperatorsOnEngine({ engine, jobs, etcd, deployment: deploymentOf(manifests) });
  }

  get client(): KubeClient {
    return this.engine.client;
  }

  /** Where backups go that name no claim. */
  get backups(): string {
    return join(this.engine.folder, 'backups');
  }

  /** One more, with a lease that is short enough to be waited for. */
  async replica({ address, env }: ReplicaOptions = {}): Promise<OperatorProcess> {
    const { kubeconfig } = this.engine;
    this.#replicas += 1;
    const podName = `holdfast-operator-${this.#replicas}`;
    const operator = await OperatorProcess.start({
      deployment: this.#deployment,
      kubeconfig: address === undefined ? kubeconfig : await this.#by(address, podName),
      podName,
      args: [
        ...['--image', 'holdfast', '--lease-duration', '5s', '--default-folder', this.backups],
        ...[
          '--',
          '--endpoints',
          `http://${this.etcd.address}`,
          '--snapshot-only',
          '--host-root',
          this.engine.folder,
          '--layout',
          'auto',
        ],
      ],
      ...(env && { env }),
    });
    onTestFinished(() => operator.kill('SIGKILL'));
    return operator;
  }

  async #by(address: string, name: string): Promise<string> {
    const { kubeconfig, folder, address: usual } = this.engine;
    const path = join(folder, `kubeconfig-${name}`);
    await writeFile(path, (await readFile(kubeconfig, 'utf8')).replace(usual, address), { mode: 0o600 });
    return path;
  }
}
