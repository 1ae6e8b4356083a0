import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { succeed, temporaryFolder } from '../kit/index.ts';

/** Where kubelet mounts what a service account needs. */
const ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';

/** What a container runtime does: a root that nobody can write to, with /proc, /dev and the service account in it. */
const PREPARE = `
set -e
root=$1; account=$2; shift 2
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$account" "$root/${ACCOUNT}"
mount -o remount,bind,ro "$root"
exec env -i "$@"
`;

/** Unpacks layers, the lowest first, into a folder that lasts as long as the test. */
export async function unpackRoot(layers: readonly string[]): Promise<string> {
  const root = await folderForAll('root');
  for (const layer of layers) await succeed(['tar', '-xpzf', layer, '-C', root]);
  await mkdir(join(root, ACCOUNT), { recursive: true });
  return root;
}

/** The service account of a kubeconfig as kubelet mounts it, and the variables by which a pod finds the API server. */
export async function mountedAccount(
  kubeconfig: string,
): Promise<{ readonly folder: string; readonly variables: Readonly<Record<string, string>> }> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: [{ user: { token: string } }];
  };
  const folder = await folderForAll('account');
  const { server, 'certificate-authority-data': authority } = clusters[0].cluster;
  const files = { token: users[0].user.token, 'ca.crt': Buffer.from(authority, 'base64') };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content);
    await chmod(join(folder, name), 0o644);
  }
  const { hostname, port } = new URL(server);
  return { folder, variables: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port } };
}

/** One that others may enter, unlike the folder around it. */
async function folderForAll(name: string): Promise<string> {
  const folder = join(await temporaryFolder(), name);
  await mkdir(folder);
  await chmod(folder, 0o755);
  return folder;
}

/** Who runs in it: a user and a group by number, or the root of a user namespace where nobody else can be had. */
export type User = `${number}:${number}` | 'root of a user namespace';

/** The command line that runs a command in a root folder, as somebody, with these variables and the network of this machine. */
export function contained(
  user: User,
  { root, account, variables }: { root: string; account: string; variables: Readonly<Record<string, string>> },
  command: readonly string[],
): readonly string[] {
  const isReal = user !== 'root of a user namespace';
  const assignments = Object.entries({ PATH: '/usr/bin', ...variables }).map(([name, value]) => `${name}=${value}`);
  return [
    ...['unshare', ...(isReal ? [] : ['--user', '--map-root-user']), '--mount', '--'],
    ...['/bin/sh', '-c', PREPARE, 'prepare', root, account, ...assignments],
    ...['/usr/sbin/chroot', ...(isReal ? [`--userspec=${user}`, '--groups='] : []), root, ...command],
  ];
}
