import { HostTree } from './host-tree.ts';
import { parseEnvFile } from './layouts/env-file.ts';
import { parsePodManifest, type PodManifest } from './pod-manifest.ts';

/** How the static pod of etcd starts its member. Paths are the host's. */
export interface EtcdMemberSettings {
  readonly name: string | undefined;
  /** What the member tells the others: `--initial-advertise-peer-urls`. */
  readonly peerUrls: readonly string[];
  readonly listenPeerUrls: readonly string[];
  readonly listenClientUrls: readonly string[];
  readonly advertiseClientUrls: readonly string[];
  readonly dataDir: string;
  /** Where it is not inside the data directory. */
  readonly walDir: string | undefined;
  /** The release, as the image's tag says it: `3.5.15`; undefined for a digest. */
  readonly version: string | undefined;
}

/** cluster-etcd-operator pkg/operator/scriptcontroller/scriptcontroller.go writes it; the pods' own variables repeat it. */
const OPENSHIFT_ENV = '/etc/kubernetes/static-pod-resources/etcd-certs/configmaps/etcd-scripts/etcd.env';

/**
 * Reads etcd's settings out of its static pod manifest: from the flags of its command line, from those in a shell script
 * (OpenShift), and from the variables that either names.
 *
 * @param manifest - as the host names it, with its text
 * @throws HostError HOST_MANIFEST_INVALID, HOST_PATH_UNREADABLE
 */
export async function readEtcdMember(
  hostRoot: string,
  manifest: { readonly path: string; readonly text: string },
): Promise<EtcdMemberSettings> {
  const pod = parsePodManifest(manifest.text, manifest.path, 'etcd');
  const file = await new HostTree(hostRoot).readText(OPENSHIFT_ENV);
  const variables = new Map([...(file === undefined ? [] : parseEnvFile(file)), ...pod.env]);
  const settings = settingsOf(pod, variables);
  const urls = (flag: string): readonly string[] => (settings(flag) ?? '').split(',').filter((url) => url !== '');
  const onHost = (path: string): string => pod.hostPath(path) ?? path;
  const walDir = settings('wal-dir');
  return {
    name: settings('name'),
    peerUrls: urls('initial-advertise-peer-urls'),
    listenPeerUrls: urls('listen-peer-urls'),
    listenClientUrls: urls('listen-client-urls'),
    advertiseClientUrls: urls('advertise-client-urls'),
    dataDir: onHost(settings('data-dir') ?? '/var/lib/etcd'),
    walDir: walDir === undefined || walDir === '' ? undefined : onHost(walDir),
    version: /:v?(\d+\.\d+\.\d+)/.exec(pod.image ?? '')?.[1],
  };
}

/** A flag's value, else that of etcd's own variable for it: `--data-dir` and `ETCD_DATA_DIR` are one. */
function settingsOf(pod: PodManifest, given: ReadonlyMap<string, string>): (flag: string) => string | undefined {
  const variables = new Map(given);
  for (const [, name, value] of pod.script.matchAll(/^\s*export\s+([A-Za-z_]\w*)=["']?([^\s"']*)/gm)) {
    if (name !== undefined && value !== undefined) variables.set(name, expand(value, variables));
  }
  const inScript = new Map<string, string>();
  for (const [, name, value] of pod.script.matchAll(/(?:^|\s)--([a-z][\w-]*)[= ]["']?([^\s"'\\]+)/g)) {
    if (name !== undefined && value !== undefined && !inScript.has(name)) inScript.set(name, value);
  }
  return (flag) => {
    const value =
      pod.flag(flag) ?? inScript.get(flag) ?? variables.get(`ETCD_${flag.toUpperCase().replaceAll('-', '_')}`);
    const expanded = value === undefined ? undefined : expand(value, variables);
    // A variable that nobody sets would make a wrong address look right.
    return expanded?.includes('${') === true ? undefined : expanded;
  };
}

function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => variables.get(name) ?? whole);
}
