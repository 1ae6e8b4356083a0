import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Member } from './member.ts';
import type { Pki, TlsFiles } from './pki.ts';
import { accepts, freePorts } from './ports.ts';
import { newestRelease, type EtcdRelease } from './releases.ts';
import { succeed } from './run-command.ts';
import { makeTemporaryFolder } from './temporary-place.ts';

export interface ClusterOptions {
  /** By default the newest one. */
  readonly release?: EtcdRelease;
  readonly members?: number;
  /** Served over TLS with client certificates where a PKI is given, in the clear otherwise. */
  readonly tls?: Pki | false;
  /** Turns authentication on, with a user root of this password. */
  readonly auth?: { readonly rootPassword: string };
  /** More flags for every etcd. */
  readonly args?: readonly string[];
  readonly host?: '127.0.0.1' | '::1';
  /** Where data and logs go; by default a temporary folder that {@link Cluster.stop} removes. */
  readonly folder?: string;
  /** Names of the members; by default `etcd-0`, `etcd-1` … */
  readonly names?: readonly string[];
}

const START_ATTEMPTS = 4;

/** Starts an etcd cluster on free ports of loopback and returns once every member is healthy. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = options.folder ?? (await makeTemporaryFolder());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const cluster = await planCluster(options, folder);
    try {
      await cluster.startAll();
      return cluster;
    } catch (error) {
      const lostPort = await cluster.lostPort();
      await cluster.halt();
      if (attempt < START_ATTEMPTS && lostPort) {
        await Promise.all(cluster.members.map(({ dataDir }) => rm(dataDir, { recursive: true, force: true })));
        continue;
      }
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
}

/** What all members of a cluster have in common. */
interface Ground {
  readonly release: EtcdRelease;
  readonly folder: string;
  readonly removeFolder: boolean;
  readonly host: string;
  readonly token: string;
  readonly args: readonly string[];
  readonly tls: Pki | undefined;
  readonly rootPassword: string | undefined;
}

async function planCluster(options: ClusterOptions, folder: string): Promise<Cluster> {
  const host = options.host ?? '127.0.0.1';
  const tls = options.tls === false ? undefined : options.tls;
  const ground: Ground = {
    release: options.release ?? newestRelease(),
    folder,
    removeFolder: options.folder === undefined,
    host,
    token: randomBytes(6).toString('hex'),
    args: options.args ?? [],
    tls,
    rootPassword: options.auth?.rootPassword,
  };
  const names = options.names ?? Array.from({ length: options.members ?? 1 }, (_, index) => `etcd-${index}`);
  const places = await addresses(ground, names);
  return new Cluster(ground, places);
}

interface Place {
  readonly name: string;
  readonly endpoint: string;
  readonly peerUrl: string;
}

async function addresses(ground: Ground, names: readonly string[]): Promise<readonly Place[]> {
  const ports = await freePorts(names.length * 2, ground.host);
  const scheme = ground.tls === undefined ? 'http' : 'https';
  const literal = ground.host.includes(':') ? `[${ground.host}]` : ground.host;
  return names.map((name, index) => ({
    name,
    endpoint: `${scheme}://${literal}:${String(ports[index * 2])}`,
    peerUrl: `${scheme}://${literal}:${String(ports[index * 2 + 1])}`,
  }));
}

/** A running etcd cluster. Stop it, or let `await using` do so; it dies with this process in any case. */
export class Cluster {
  readonly release: EtcdRelease;
  readonly members: Member[];
  /** What a client needs; absent where the cluster serves in the clear. */
  readonly clientFiles: TlsFiles | undefined;
  readonly #ground: Ground;
  #authIsOn = false;

  constructor(ground: Ground, places: readonly Place[]) {
    this.#ground = ground;
    this.release = ground.release;
    this.clientFiles = ground.tls?.client;
    this.members = places.map((place) => this.#member(place, places, 'new'));
  }

  /** The members' client URLs, in their order. */
  get endpoints(): string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** Of the user root, where authentication is on. */
  get rootPassword(): string | undefined {
    return this.#authIsOn ? this.#ground.rootPassword : undefined;
  }

  /** The environment in which the release's etcdctl reaches this cluster. */
  get environment(): Readonly<Record<string, string | undefined>> {
    return this.environmentFor(this.endpoints);
  }

  environmentFor(endpoints: readonly string[]): Readonly<Record<string, string | undefined>> {
    const { clientFiles } = this;
    const { rootPassword } = this.#ground;
    return {
      PATH: process.env['PATH'],
      ETCDCTL_API: '3',
      ETCDCTL_ENDPOINTS: endpoints.join(','),
      ...(this.#authIsOn ? { ETCDCTL_USER: `root:${rootPassword ?? ''}` } : {}),
      ...(clientFiles === undefined
        ? {}
        : { ETCDCTL_CACERT: clientFiles.cacert, ETCDCTL_CERT: clientFiles.cert, ETCDCTL_KEY: clientFiles.key }),
    };
  }

  /** Runs etcdctl on all endpoints and returns its standard output; throws with all output where it fails. */
  etcdctl(...args: readonly string[]): Promise<string> {
    return this.#etcdctl(this.endpoints, args);
  }

  /** The same, with something to read on standard input. */
  etcdctlReading(stdin: string | Uint8Array, ...args: readonly string[]): Promise<string> {
    return succeed([join(this.release.folder, 'etcdctl'), ...args], { env: this.environment, stdin });
  }

  /** The same on one member alone. */
  etcdctlOn(member: Member, ...args: readonly string[]): Promise<string> {
    return this.#etcdctl([member.endpoint], args);
  }

  /** The member that leads now. Throws where there is none. */
  async leader(): Promise<Member> {
    for (const member of this.members.filter(({ isRunning }) => isRunning)) {
      const { memberId, leaderId } = await this.#status(member);
      if (memberId === leaderId) return member;
    }
    throw new Error('no member leads');
  }

  /** Starts one more member, as a learner that has caught up when this returns. */
  async addLearner(name = `learner-${this.members.length}`): Promise<Member> {
    const [place] = await addresses(this.#ground, [name]);
    if (place === undefined) throw new Error('no address for the learner');
    await this.etcdctl('member', 'add', name, '--learner', `--peer-urls=${place.peerUrl}`);
    const learner = this.#member(place, [...this.members, place], 'existing');
    const goal = (await this.#status(await this.leader())).raftIndex;
    learner.launch();
    await learner.waitUntil(async () => (await this.#status(learner)).raftIndex >= goal, 'to catch up');
    this.members.push(learner);
    return learner;
  }

  /** Ends all processes, and removes the data where the folder was not given. */
  async stop(): Promise<void> {
    await this.halt();
    if (this.#ground.removeFolder) await rm(this.#ground.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Starts every member; only {@link startCluster} calls this. */
  async startAll(): Promise<void> {
    for (const member of this.members) member.launch();
    await Promise.all(this.members.map((member) => this.#untilHealthy(member)));
    const { rootPassword } = this.#ground;
    if (rootPassword === undefined) return;
    await this.etcdctl('user', 'add', `root:${rootPassword}`);
    await this.etcdctl('auth', 'enable');
    this.#authIsOn = true;
  }

  /** Ends all processes at once and keeps the data. */
  async halt(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop('SIGKILL')));
  }

  /** Whether a member found its port taken: somebody else was quicker. */
  async lostPort(): Promise<boolean> {
    const logs = await Promise.all(this.members.map((member) => member.logTail()));
    return logs.some((log) => log.includes('address already in use'));
  }

  #member(place: Place, all: readonly Place[], initialState: 'new' | 'existing'): Member {
    const { release, folder, token, tls, args } = this.#ground;
    const initialCluster = all.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
    const plan = { ...place, release, folder, tls, initialCluster, initialState, token, args };
    return new Member(plan, (member) => this.#untilServing(member));
  }

  async #untilServing(member: Member): Promise<void> {
    const running = this.members.filter(({ isRunning }) => isRunning).length;
    if (running * 2 > this.members.length) await this.#untilHealthy(member);
  }

  async #untilHealthy(member: Member): Promise<void> {
    await member.waitUntil(() => accepts(member.endpoint), 'to listen');
    await member.waitUntil(async () => {
      await this.#etcdctl([member.endpoint], ['endpoint', 'health', '--command-timeout=2s', '--dial-timeout=1s']);
      return true;
    }, 'to be healthy');
  }

  async #status(member: Member): Promise<{ memberId: bigint; leaderId: bigint; raftIndex: bigint }> {
    // 64-bit numbers: JSON.parse would round them.
    const text = await this.#etcdctl([member.endpoint], ['endpoint', 'status', '--write-out=fields']);
    const field = (name: string): bigint => BigInt(new RegExp(`"${name}" : (\\d+)`).exec(text)?.[1] ?? -1);
    return { memberId: field('MemberID'), leaderId: field('Leader'), raftIndex: field('RaftIndex') };
  }

  #etcdctl(endpoints: readonly string[], args: readonly string[]): Promise<string> {
    return succeed([join(this.release.folder, 'etcdctl'), ...args], { env: this.environmentFor(endpoints) });
  }
}
