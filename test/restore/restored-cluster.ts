import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { restoreMember, type RestoredMember, type RestoreMemberOptions } from '../../src/snapshot/restore/index.ts';
import { freePorts, judge, Member, succeed, type EtcdRelease } from '../kit/index.ts';

export interface RestoredClusterOptions {
  readonly release: EtcdRelease;
  /** Holds the data directories. */
  readonly folder: string;
  readonly snapshotPath: string;
  readonly members?: number;
  /** How many of the members, the last ones, etcd's own tool restores. Default: none. */
  readonly byEtcd?: number;
  /** More for every restore. */
  readonly restore?: Partial<RestoreMemberOptions>;
  /** More flags for every etcd. */
  readonly args?: readonly string[];
}

/** A cluster that starts from data directories which Holdfast made, every one by itself with the same flags. */
export class RestoredCluster {
  readonly members: readonly Member[];
  readonly restored: readonly RestoredMember[];
  readonly #release: EtcdRelease;

  private constructor(release: EtcdRelease, members: readonly Member[], restored: readonly RestoredMember[]) {
    this.#release = release;
    this.members = members;
    this.restored = restored;
  }

  /** Makes the data directories; {@link start} starts etcd on them. */
  static async restore(options: RestoredClusterOptions): Promise<RestoredCluster> {
    const { release, folder, snapshotPath, members: count = 1 } = options;
    const ports = await freePorts(count * 2);
    const places = Array.from({ length: count }, (_, index) => ({
      name: `restored-${index}`,
      endpoint: `http://127.0.0.1:${String(ports[index * 2])}`,
      peerUrl: `http://127.0.0.1:${String(ports[index * 2 + 1])}`,
    }));
    const initialCluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
    const token = randomBytes(4).toString('hex');
    const restored: RestoredMember[] = [];
    for (const [index, { name, peerUrl }] of places.entries()) {
      const dataDir = join(folder, `${name}.etcd`);
      if (index >= count - (options.byEtcd ?? 0)) {
        await judge(
          release,
          ...['snapshot', 'restore', snapshotPath, `--data-dir=${dataDir}`, `--name=${name}`],
          ...[`--initial-cluster=${initialCluster}`, `--initial-cluster-token=${token}`],
          `--initial-advertise-peer-urls=${peerUrl}`,
        );
        continue;
      }
      restored.push(
        await restoreMember({
          ...{ snapshotPath, dataDir, name, initialCluster, initialClusterToken: token, id: 'test' },
          initialAdvertisePeerUrls: peerUrl,
          etcdVersion: release.version,
          ...options.restore,
        }),
      );
    }
    const members = places.map((place) => {
      const plan = { ...place, release, folder, initialCluster, initialState: 'new' as const, token };
      return new Member({ ...plan, args: options.args ?? [] }, () => Promise.resolve());
    });
    return new RestoredCluster(release, members, restored);
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** Starts every member and returns once all are healthy. */
  async start(): Promise<void> {
    for (const member of this.members) member.launch();
    await Promise.all(
      this.members.map((member) =>
        member.waitUntil(async () => {
          await this.etcdctlOn(member, 'endpoint', 'health', '--command-timeout=2s', '--dial-timeout=1s');
          return true;
        }, 'to be healthy'),
      ),
    );
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop(signal)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop('SIGKILL');
  }

  /** Runs etcdctl on the first member; throws with all output where it fails. */
  etcdctl(...args: readonly string[]): Promise<string> {
    return this.#run([this.endpoints[0] ?? ''], args);
  }

  /** The same on one member. */
  etcdctlOn(member: Member, ...args: readonly string[]): Promise<string> {
    return this.#run([member.endpoint], args);
  }

  #run(endpoints: readonly string[], args: readonly string[]): Promise<string> {
    return succeed([join(this.#release.folder, 'etcdctl'), ...args], {
      env: { PATH: process.env['PATH'], ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: endpoints.join(',') },
    });
  }

  /** A number that `endpoint status` tells of one member: `Revision`, `MemberID`, `ClusterID`, `RaftIndex`. */
  async status(member: Member, field: string): Promise<bigint> {
    // 64-bit numbers: JSON.parse would round them.
    const text = await this.etcdctlOn(member, 'endpoint', 'status', '--write-out=fields');
    const value = new RegExp(`"${field}" : (\\d+)`).exec(text)?.[1];
    if (value === undefined) throw new Error(`no ${field} in ${text}`);
    return BigInt(value);
  }
}
