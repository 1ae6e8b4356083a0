import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Member } from '../test/kit/member.ts';
import { issuePki, type TlsFiles } from '../test/kit/pki.ts';
import { accepts, freePorts } from '../test/kit/ports.ts';
import { runCommand, succeed } from '../test/kit/run-command.ts';
import { QUOTA } from './data-sets.ts';
import { etcdTool, scratch, tell, type Ground } from './ground.ts';

export interface RunningMembers {
  readonly members: readonly Member[];
  readonly tls: TlsFiles | undefined;
  /** What etcdctl and holdfast read to reach the members; the flags alone are left to say. */
  readonly environment: NodeJS.ProcessEnv;
  /** The member that leads, and another one; the same one where there is just one. */
  roles(): Promise<{ readonly leader: Member; readonly follower: Member }>;
}

export interface MembersOptions {
  readonly snapshot: string;
  readonly count: number;
  /** Served over TLS with client certificates. */
  readonly tls: boolean;
}

/** Runs etcd on the data of a snapshot, with every write flushed to the disk, while `work` lasts; nothing stays behind. */
export async function withMembers<T>(
  ground: Ground,
  options: MembersOptions,
  work: (running: RunningMembers) => Promise<T>,
): Promise<T> {
  const folder = scratch(ground, 'members');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const members: Member[] = [];
  try {
    tell(`starting etcd: ${options.count} on the data of ${options.snapshot}${options.tls ? ', with TLS' : ''}`);
    const pki = options.tls ? await issuePki({ folder: join(folder, 'pki') }) : undefined;
    const environment = environmentFor(pki?.client);
    members.push(...(await planMembers(ground, folder, options, pki?.server)));
    for (const member of members) await restoreInto(ground, member, members, options.snapshot);
    for (const member of members) member.launch();
    for (const member of members) await untilHealthy(ground, member, environment);
    return await work({
      members,
      tls: pki?.client,
      environment,
      roles: () => rolesOf(ground, members, environment),
    });
  } finally {
    for (const member of members) await member.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function planMembers(
  ground: Ground,
  folder: string,
  { count, tls }: MembersOptions,
  server: TlsFiles | undefined,
): Promise<readonly Member[]> {
  const ports = await freePorts(count * 2);
  const places = Array.from({ length: count }, (_, index) => ({
    name: `member-${index}`,
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${String(ports[index * 2])}`,
    peerUrl: `http://127.0.0.1:${String(ports[index * 2 + 1])}`,
  }));
  const initialCluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  // The tests' members do not flush what they write; what is measured here has to.
  const args = [QUOTA, '--unsafe-no-fsync=false', ...(server === undefined ? [] : tlsArguments(server))];
  return places.map(
    (place) =>
      new Member(
        { ...place, release: ground.release, folder, initialCluster, initialState: 'new', token: 'bench', args },
        () => Promise.resolve(),
      ),
  );
}

function tlsArguments({ cert, key, cacert }: TlsFiles): readonly string[] {
  return [`--cert-file=${cert}`, `--key-file=${key}`, `--trusted-ca-file=${cacert}`, '--client-cert-auth'];
}

async function restoreInto(
  ground: Ground,
  member: Member,
  members: readonly Member[],
  snapshot: string,
): Promise<void> {
  const command = etcdTool(
    ground,
    'etcdutl',
    'snapshot',
    'restore',
    snapshot,
    `--data-dir=${member.dataDir}`,
    `--name=${member.name}`,
    `--initial-cluster=${members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')}`,
    `--initial-advertise-peer-urls=${member.peerUrl}`,
    '--initial-cluster-token=bench',
  );
  await succeed(command, { timeoutMs: 600_000 });
}

function environmentFor(client: TlsFiles | undefined): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    ETCDCTL_API: '3',
    ...(client && { ETCDCTL_CACERT: client.cacert, ETCDCTL_CERT: client.cert, ETCDCTL_KEY: client.key }),
  };
}

async function untilHealthy(ground: Ground, member: Member, environment: NodeJS.ProcessEnv): Promise<void> {
  await member.waitUntil(() => accepts(member.endpoint), 'to listen');
  const health = etcdTool(ground, 'etcdctl', `--endpoints=${member.endpoint}`, 'endpoint', 'health');
  await member.waitUntil(async () => (await runCommand(health, { env: environment })).code === 0, 'to be healthy');
}

async function rolesOf(
  ground: Ground,
  members: readonly Member[],
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly leader: Member; readonly follower: Member }> {
  const ids = await Promise.all(members.map((member) => statusOf(ground, member, environment)));
  const leader = members.find((_, index) => ids[index]?.member === ids[index]?.leader);
  if (leader === undefined) throw new Error('no member leads');
  return { leader, follower: members.find((member) => member !== leader) ?? leader };
}

async function statusOf(
  ground: Ground,
  member: Member,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly member: string | undefined; readonly leader: string | undefined }> {
  const command = etcdTool(ground, 'etcdctl', `--endpoints=${member.endpoint}`, 'endpoint', 'status', '-w', 'fields');
  const text = await succeed(command, { env });
  // 64-bit numbers: JSON.parse would round them.
  const field = (name: string): string | undefined => new RegExp(`"${name}" : (\\d+)`).exec(text)?.[1];
  return { member: field('MemberID'), leader: field('Leader') };
}
