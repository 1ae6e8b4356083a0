import { execFile } from 'node:child_process';
import { lstat, readdir, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { StaticPodName } from './control-plane-host.ts';
import { HostTree } from './host-tree.ts';

/** What has to be gone before anything of a control plane is moved. */
export interface StopQuestion {
  /** The folder of this machine that is the host's `/`. */
  readonly hostRoot: string;
  readonly pods: readonly StaticPodName[];
  /** etcd's data directory on this machine; no process may have a file of it open. */
  readonly dataDir: string;
  /** Where etcd and, without a container runtime to ask, the API server would still listen. */
  readonly addresses: readonly ListenAddress[];
  readonly signal?: AbortSignal | undefined;
}

export interface ListenAddress {
  readonly pod: StaticPodName;
  readonly host: string;
  readonly port: number;
}

/** What still runs, a phrase each; nothing in it: all has stopped. */
export interface StopAnswer {
  readonly running: readonly string[];
  /** `crictl`: the container runtime was asked. `signs`: it cannot be, so ports and open files are all there is to go by. */
  readonly askedBy: 'crictl' | 'signs';
}

/**
 * Looks once for what still runs of some static pods: the container runtime's own list where its client can be found, and
 * in any case etcd's ports and whether a process has its database open (a container that the runtime has lost sight of still
 * writes).
 *
 * @throws the signal's reason where it aborts
 */
export async function askWhetherStopped(question: StopQuestion): Promise<StopAnswer> {
  const { pods, addresses, dataDir, signal } = question;
  const containers = await runningContainers(question);
  signal?.throwIfAborted();
  const watched = addresses.filter(({ pod }) => pods.includes(pod) && (pod === 'etcd' || containers === undefined));
  const listening = await Promise.all(watched.map(async (each) => ((await accepts(each)) ? [phrase(each)] : [])));
  const holders = pods.includes('etcd') ? await processesWithin(dataDir) : [];
  signal?.throwIfAborted();
  return {
    running: [...(containers ?? []), ...listening.flat(), ...holders],
    askedBy: containers === undefined ? 'signs' : 'crictl',
  };
}

function phrase({ pod, host, port }: ListenAddress): string {
  return `${pod} still listens on ${host}:${port}`;
}

const containersSchema = z.object({
  containers: z.array(z.object({ labels: z.record(z.string(), z.string()).nullish() })).nullish(),
});

/** The containers beside the one that gives the pod its name (cluster-etcd-operator bindata/etcd/cluster-restore.sh). */
const OTHER_CONTAINERS: Partial<Record<StaticPodName, readonly string[]>> = {
  etcd: ['etcdctl', 'etcd-metrics', 'etcd-readyz', 'etcd-rev'],
};

/** The containers of the pods that run, a phrase each; undefined where the container runtime cannot be asked. */
async function runningContainers({ hostRoot, pods, signal }: StopQuestion): Promise<readonly string[] | undefined> {
  const command = await crictl(hostRoot);
  if (command === undefined) return undefined;
  try {
    const [program = '', ...args] = command;
    const { stdout } = await promisify(execFile)(program, [...args, 'ps', '--output', 'json'], {
      timeout: 10_000,
      maxBuffer: 64 * 1024 * 1024,
      ...(signal && { signal }),
    });
    const { containers } = containersSchema.parse(JSON.parse(stdout));
    return (containers ?? []).flatMap(({ labels }) => {
      const name = labels?.['io.kubernetes.container.name'] ?? '';
      const namespace = labels?.['io.kubernetes.pod.namespace'] ?? '';
      const isOurs = pods.some((pod) => name === pod || OTHER_CONTAINERS[pod]?.includes(name) === true);
      return isOurs && /^(?:kube-system$|openshift-)/.test(namespace) ? [`the container ${name} runs`] : [];
    });
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

const CRICTL_PLACES = ['/usr/bin/crictl', '/usr/local/bin/crictl', '/opt/bin/crictl'];
const RUNTIME_SOCKETS = ['/run/crio/crio.sock', '/run/containerd/containerd.sock', '/run/cri-dockerd.sock'];

/** The host's own crictl, in the host's own tree, where there is one and a runtime that it could ask. */
async function crictl(hostRoot: string): Promise<readonly string[] | undefined> {
  const tree = new HostTree(hostRoot);
  const first = async (paths: readonly string[]): Promise<string | undefined> => {
    for (const path of paths) if ((await tree.find(path)) !== undefined) return path;
    return undefined;
  };
  const [program, socket] = [await first(CRICTL_PLACES), await first(RUNTIME_SOCKETS)];
  if (program === undefined || socket === undefined) return undefined;
  const command = [program, '--runtime-endpoint', `unix://${socket}`];
  return tree.hostRoot === '/' ? command : ['chroot', tree.hostRoot, ...command];
}

function accepts({ host, port }: ListenAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
    socket.setTimeout(2_000, () => end(false));
  });
}

/**
 * The processes that have a file below a folder open, as far as this process may look. By device and inode: another mount
 * namespace gives the same file another name.
 */
async function processesWithin(folder: string): Promise<readonly string[]> {
  const files = await identitiesWithin(folder);
  if (files.size === 0) return [];
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const pid of processes) {
    if (Number(pid) !== process.pid && (await opensAny(pid, files))) {
      found.push(`process ${pid} has files in ${folder} open`);
    }
  }
  return found;
}

async function identitiesWithin(folder: string): Promise<ReadonlySet<string>> {
  const files = new Set<string>();
  const visit = async (path: string, depth: number): Promise<void> => {
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isFile() === true) files.add(`${stats.dev}:${stats.ino}`);
    // member/snap/db and member/wal/*: nothing of etcd's lies deeper.
    if (stats?.isDirectory() !== true || depth === 0) return;
    for (const name of await readdir(path).catch(() => [])) {
      if (!name.startsWith('.holdfast')) await visit(join(path, name), depth - 1);
    }
  };
  await visit(folder, 3);
  return files;
}

async function opensAny(pid: string, files: ReadonlySet<string>): Promise<boolean> {
  const folder = join('/proc', pid, 'fd');
  for (const fd of await readdir(folder).catch(() => [])) {
    const stats = await stat(join(folder, fd)).catch(() => undefined);
    if (stats?.isFile() === true && files.has(`${stats.dev}:${stats.ino}`)) return true;
  }
  return false;
}
