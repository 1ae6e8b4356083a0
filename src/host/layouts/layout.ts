import type { ArchiveSource, ControlPlaneHost, HostLayout } from '../control-plane-host.ts';
import type { HostTree } from '../host-tree.ts';
import type { HostFinding } from '../findings.ts';

export interface DescribeRequest {
  readonly tree: HostTree;
  /** Leave out the static pods and what would be archived: only etcd and the kubeconfig are wanted. */
  readonly etcdOnly: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A host as one layout describes it, before links that leave its sources are followed. */
export type LayoutDescription = Omit<ControlPlaneHost, 'layout' | 'hostRoot'>;

/** A place of the host that a backup reads. */
export interface HostSource {
  /** As the host names it. */
  readonly path: string;
  readonly type: 'folder' | 'file';
}

/** One distribution's way to lay out a control-plane host. */
export interface Layout {
  readonly name: HostLayout;
  /** Everything that {@link describe} reads and names where nobody has moved anything: it is there on every such host. */
  readonly reads: readonly HostSource[];
  /** The paths that give this layout away; empty where it is not this one. */
  recognise(tree: HostTree): Promise<readonly string[]>;
  /** @throws HostError naming the manifest, folder or file that is missing or cannot be understood */
  describe(request: DescribeRequest): Promise<LayoutDescription>;
}

/** Those of `candidates` that exist, in their order. */
export async function existing(tree: HostTree, candidates: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of candidates) if ((await tree.find(path)) !== undefined) found.push(path);
  return found;
}

/** A source whose member name is its path below `/`. */
export function fromRoot(path: string, why: string): ArchiveSource {
  return { path, member: path.slice(1), why };
}

/** The finding of every layout that could not learn where etcd is or how to open it. */
export function etcdNotFound(where: string, message: string): HostFinding {
  return {
    severity: 'error',
    code: 'HOST_ETCD_NOT_FOUND',
    where,
    message,
    hint: 'Say it with --endpoints, --cacert, --cert and --key.',
  };
}

/** The host's own name, as /etc/hostname says it. */
export async function hostname(tree: HostTree): Promise<string | undefined> {
  const text = (await tree.readText('/etc/hostname'))?.trim();
  return text === undefined || text === '' ? undefined : text;
}
