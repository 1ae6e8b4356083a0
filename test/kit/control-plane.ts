import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startCluster, type Cluster } from './cluster.ts';
import { fillWithKubernetes } from './fill.ts';
import { holdfastCommand } from './holdfast.ts';
import type { KubernetesDataOptions } from './kubernetes-data.ts';
import { issuePki } from './pki.ts';
import type { EtcdRelease } from './releases.ts';
import { runCommand, type CommandOptions, type CommandResult } from './run-command.ts';
import { buildSampleHost, type SampleHost, type SampleHostOptions } from './sample-host.ts';
import { StandInApiServer } from './stand-in-api-server.ts';
import { makeTemporaryFolder } from './temporary-place.ts';

export interface ControlPlaneOptions {
  readonly release?: EtcdRelease;
  readonly members?: number;
  readonly layout?: SampleHostOptions['layout'];
  /** Secrets and config maps in etcd are encrypted, and the host has the keys. Default: true. */
  readonly encryption?: boolean;
  readonly certificates?: SampleHostOptions['certificates'];
  /** More about the data in etcd. */
  readonly data?: Partial<KubernetesDataOptions>;
  /** Client URLs for the host's files instead of the cluster's own: a proxy, say. */
  readonly endpoints?: (cluster: Cluster) => Promise<readonly string[]>;
}

/** A real etcd filled as a control plane fills it, the files of one of its hosts, and a stand-in for its API server. */
export class ControlPlane {
  readonly cluster: Cluster;
  /** What stands for the host's `/`. */
  readonly root: string;
  readonly host: SampleHost;
  /** A folder of its own, for backups and the like. */
  readonly folder: string;
  readonly liveKeys: number;
  readonly apiServer: StandInApiServer;

  constructor(parts: {
    cluster: Cluster;
    root: string;
    host: SampleHost;
    folder: string;
    liveKeys: number;
    apiServer: StandInApiServer;
  }) {
    this.cluster = parts.cluster;
    this.root = parts.root;
    this.host = parts.host;
    this.folder = parts.folder;
    this.liveKeys = parts.liveKeys;
    this.apiServer = parts.apiServer;
  }

  /** A path below {@link folder}. */
  place(name: string): string {
    return join(this.folder, name);
  }

  /** The command line of `holdfast backup` on this host. */
  backupCommand(folder: string, ...flags: readonly string[]): readonly string[] {
    return holdfastCommand('backup', folder, '--host-root', this.root, ...flags);
  }

  /** Runs `holdfast backup` on this host. */
  backup(folder: string, flags: readonly string[] = [], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(this.backupCommand(folder, ...flags), options);
  }

  /** Puts an object into etcd, where the stand-in API server finds it, for as long as `work` takes. */
  async withObject<T>(
    key: string,
    change: (object: Record<string, unknown>) => unknown,
    work: () => Promise<T>,
  ): Promise<T> {
    const before = await this.cluster.etcdctl('get', key, '--print-value-only');
    const changed = JSON.stringify(change(before.trim() === '' ? {} : (JSON.parse(before) as Record<string, unknown>)));
    await this.cluster.etcdctlReading(changed, 'put', key);
    try {
      return await work();
    } finally {
      if (before === '') await this.cluster.etcdctl('del', key);
      else await this.cluster.etcdctlReading(before.trimEnd(), 'put', key);
    }
  }

  async stopApiServer(): Promise<void> {
    await this.apiServer.stop();
  }

  async stop(): Promise<void> {
    await this.apiServer.stop();
    await this.cluster.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts a control plane to back up. Stop it when done. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { layout = 'openshift', encryption = true, certificates = 'good', members = 1, data = {} } = options;
  const folder = await makeTemporaryFolder();
  const pki = await issuePki({ folder: join(folder, 'pki') });
  const cluster = await startCluster({ members, tls: pki, ...(options.release && { release: options.release }) });
  const looks = encryption
    ? { encryption: { provider: 'aescbc', keyName: '1', resources: ['secrets', 'configmaps'] } as const }
    : {};
  const { liveKeys } = await fillWithKubernetes(cluster, {
    seed: 1,
    distribution: layout === 'openshift' ? 'openshift' : 'kubeadm',
    ...looks,
    ...data,
  });
  const apiServer = await StandInApiServer.start(cluster, await pki.issue('kube-apiserver'));
  const [endpoint = '', ...others] = (await options.endpoints?.(cluster)) ?? cluster.endpoints;
  const root = join(folder, 'host');
  await mkdir(root);
  const host = await buildSampleHost(root, {
    layout,
    encryption,
    certificates,
    etcd: { ...pki.client, endpoint, others },
    apiServer: { ...pki.client, url: apiServer.url },
  });
  return new ControlPlane({ cluster, root, host, folder, liveKeys, apiServer });
}
