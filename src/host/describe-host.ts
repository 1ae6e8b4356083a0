import type { ControlPlaneHost, HostLayout } from './control-plane-host.ts';
import { detectLayout, LAYOUTS } from './detect-layout.ts';
import { HostError } from './errors.ts';
import { HostTree } from './host-tree.ts';
import { completeSources } from './complete-sources.ts';

export interface DescribeHostOptions {
  /** The folder of this machine that is the host's `/`. Default: `/`. */
  readonly hostRoot?: string | undefined;
  /** Default: `auto`, by what lies on the host. */
  readonly layout?: HostLayout | 'auto' | undefined;
  /** Describe only etcd and the kubeconfig, so that a missing static pod is no error. Default: false. */
  readonly etcdOnly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds out what a control-plane host runs and what its backup has to hold. Reads only.
 *
 * @throws HostError: HOST_LAYOUT_UNKNOWN where nothing is recognised; HOST_MANIFEST_MISSING, HOST_MANIFEST_INVALID,
 * HOST_REVISION_MISSING, HOST_CONFIG_INVALID, HOST_PATH_MISSING naming what is wrong; HOST_NO_ETCD where another database is used;
 * HOST_PATH_UNREADABLE. The signal's reason where it aborts.
 */
export async function describeHost(options: DescribeHostOptions = {}): Promise<ControlPlaneHost> {
  const { hostRoot = '/', layout: wanted = 'auto', etcdOnly = false, signal } = options;
  signal?.throwIfAborted();
  const tree = new HostTree(hostRoot);
  const name = wanted === 'auto' ? await recognised(hostRoot) : wanted;
  const layout = LAYOUTS.find((each) => each.name === name);
  if (layout === undefined) throw new TypeError(`layout must be auto, openshift, kubeadm, k3s or rke2, got ${name}`);
  const description = await layout.describe({ tree, etcdOnly, signal });
  const { sources, findings } = await completeSources(tree, description, signal);
  return {
    ...description,
    layout: layout.name,
    hostRoot: tree.hostRoot,
    sources,
    findings: [...description.findings, ...findings],
  };
}

async function recognised(hostRoot: string): Promise<HostLayout> {
  const detected = await detectLayout(hostRoot);
  if (detected !== undefined) return detected.layout;
  throw new HostError(
    'HOST_LAYOUT_UNKNOWN',
    `${hostRoot} does not look like an OpenShift, kubeadm, k3s or RKE2 control plane`,
    {
      subject: hostRoot,
      hint:
        'Run on a control-plane host, or give --host-root where its file system is mounted; ' +
        'for etcd alone use --snapshot-only with --endpoints, --cacert, --cert and --key.',
    },
  );
}
