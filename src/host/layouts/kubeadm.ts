import { posix } from 'node:path';
import {
  STATIC_PODS,
  type ArchiveSource,
  type HostEtcd,
  type HostPath,
  type StaticPod,
  type StaticPodName,
} from '../control-plane-host.ts';
import { HostError } from '../errors.ts';
import type { HostTree } from '../host-tree.ts';
import { parsePodManifest, versionOfImage, type PodManifest } from '../pod-manifest.ts';
import { referencedPaths } from '../referenced-files.ts';
import { listenEndpoints } from './etcd-endpoints.ts';
import { etcdNotFound, existing, fromRoot, hostname, type Layout, type LayoutDescription } from './layout.ts';
import type { HostFinding } from '../findings.ts';

/* Paths: kubernetes cmd/kubeadm/app/constants/constants.go. */
const CONFIG_DIR = '/etc/kubernetes';
const MANIFEST_DIR = `${CONFIG_DIR}/manifests`;
const PKI_DIR = `${CONFIG_DIR}/pki`;
const KUBELET_FILES = ['/var/lib/kubelet/config.yaml', '/var/lib/kubelet/kubeadm-flags.env'] as const;

interface Pod {
  readonly pod: StaticPod;
  readonly manifest: PodManifest;
}

/** A control-plane host that `kubeadm init` or `kubeadm join --control-plane` made. */
export const kubeadm: Layout = {
  name: 'kubeadm',
  reads: [
    { path: CONFIG_DIR, type: 'folder' },
    // Not the folder: the volumes of all the node's pods lie in it.
    ...KUBELET_FILES.map((path) => ({ path, type: 'file' as const })),
  ],

  async recognise(tree) {
    const evidence = await existing(tree, [manifestOf('kube-apiserver')]);
    return evidence.length === 0 ? [] : [...evidence, ...(await existing(tree, [`${CONFIG_DIR}/admin.conf`, PKI_DIR]))];
  },

  async describe({ tree, etcdOnly }): Promise<LayoutDescription> {
    const findings: HostFinding[] = [];
    const pods = await readPods(tree, etcdOnly);
    const etcd = await readEtcd(tree, pods, findings);
    const own = etcdOnly ? [] : await ownFiles(tree);
    const referenced = etcdOnly ? [] : await referencedFiles(tree, pods, findings);
    return {
      nodeName: etcd?.memberName ?? (await hostname(tree)),
      etcd,
      staticPods: pods.map(({ pod }) => pod),
      archiveRoot: '/',
      sources: [...own, ...referenced],
      neverSaved: neverSaved(pods, etcd),
      liveCertificateFolders: [],
      encryptionConfigs: await fileOfFlag(tree, pods, 'encryption-provider-config'),
      kubeconfig: await firstFile(tree, [`${CONFIG_DIR}/admin.conf`, `${CONFIG_DIR}/super-admin.conf`]),
      kubernetesVersion: versionOfImage(pods.find(({ pod }) => pod.name === 'kube-apiserver')?.pod.image),
      findings,
    };
  },
};

function manifestOf(name: StaticPodName): string {
  return `${MANIFEST_DIR}/${name}.yaml`;
}

/** All four, except that etcd's is absent where the API server uses an external etcd. */
async function readPods(tree: HostTree, etcdOnly: boolean): Promise<readonly Pod[]> {
  const pods: Pod[] = [];
  for (const name of STATIC_PODS) {
    const path = manifestOf(name);
    const text = await tree.readText(path);
    if (text !== undefined) {
      const manifest = parsePodManifest(text, path, name);
      pods.push({ pod: { name, manifest: path, image: manifest.image }, manifest });
    } else if (name !== 'etcd' && !(etcdOnly && name !== 'kube-apiserver')) {
      throw new HostError('HOST_MANIFEST_MISSING', `the manifest of the ${name} pod is missing: ${path}`, {
        subject: path,
        hint: `Check that this is a control-plane host; a manifest that was moved away for maintenance has to come back first.`,
      });
    }
  }
  return pods;
}

/** Everything that kubeadm itself wrote, and the kubelet's configuration. */
async function ownFiles(tree: HostTree): Promise<readonly ArchiveSource[]> {
  const configs = (await tree.list(CONFIG_DIR)).filter((name) => name.endsWith('.conf'));
  return [
    fromRoot(MANIFEST_DIR, 'static pod manifests'),
    ...(await existing(tree, [PKI_DIR])).map((path) => fromRoot(path, 'certificates and keys')),
    ...configs.map((name) => fromRoot(`${CONFIG_DIR}/${name}`, 'kubeconfig')),
    ...(await existing(tree, KUBELET_FILES)).map((path) => fromRoot(path, 'kubelet configuration')),
  ];
}

/**
 * What the pods' flags point to, wherever it lies. A folder is taken for the API server only: the other components name folders
 * that they write to or load plugins from.
 */
async function referencedFiles(
  tree: HostTree,
  pods: readonly Pod[],
  findings: HostFinding[],
): Promise<readonly ArchiveSource[]> {
  const sources: ArchiveSource[] = [];
  for (const { pod, manifest } of pods) {
    const references = await referencedPaths(tree, manifest.flags, (path) => manifest.hostPath(path));
    findings.push(...references.findings);
    for (const { path, flag } of references.paths) {
      if (pod.name !== 'kube-apiserver' && (await tree.isFolder(path))) continue;
      sources.push(fromRoot(path, `${pod.name} ${flag}`));
    }
  }
  return sources;
}

function neverSaved(pods: readonly Pod[], etcd: HostEtcd | undefined): readonly string[] {
  const written = pods.flatMap(({ manifest }) =>
    ['data-dir', 'wal-dir', 'audit-log-path', 'log-file'].flatMap((name) => {
      const value = manifest.flag(name);
      return value === undefined ? [] : [manifest.hostPath(value) ?? value];
    }),
  );
  return [...new Set([...written, ...(etcd?.dataDir === undefined ? [] : [etcd.dataDir])])].filter((path) =>
    posix.isAbsolute(path),
  );
}

async function firstFile(tree: HostTree, candidates: readonly string[]): Promise<HostPath | undefined> {
  for (const path of candidates) {
    const found = await tree.find(path);
    if (found?.stats.isFile() === true) return { path, diskPath: found.diskPath };
  }
  return undefined;
}

async function fileOfFlag(tree: HostTree, pods: readonly Pod[], flag: string): Promise<readonly HostPath[]> {
  const apiServer = pods.find(({ pod }) => pod.name === 'kube-apiserver')?.manifest;
  const value = apiServer?.flag(flag);
  const path = value === undefined ? undefined : apiServer?.hostPath(value);
  const file = path === undefined ? undefined : await firstFile(tree, [path]);
  return file === undefined ? [] : [file];
}

async function readEtcd(tree: HostTree, pods: readonly Pod[], findings: HostFinding[]): Promise<HostEtcd | undefined> {
  const apiServer = pods.find(({ pod }) => pod.name === 'kube-apiserver')?.manifest;
  const etcd = pods.find(({ pod }) => pod.name === 'etcd')?.manifest;
  const ofApiServer = async (flag: string): Promise<HostPath | undefined> => (await fileOfFlag(tree, pods, flag))[0];
  if (etcd === undefined) {
    const servers = (apiServer?.flag('etcd-servers') ?? '').split(',').filter((url) => url !== '');
    if (servers.length === 0) {
      const manifest = manifestOf('kube-apiserver');
      findings.push(etcdNotFound(manifest, `there is no ${manifestOf('etcd')}, and ${manifest} has no --etcd-servers`));
      return undefined;
    }
    const [cacert, cert, key] = [
      await ofApiServer('etcd-cafile'),
      await ofApiServer('etcd-certfile'),
      await ofApiServer('etcd-keyfile'),
    ];
    return { place: 'external', endpoints: servers, cacert, cert, key };
  }
  const trusted = etcd.flag('trusted-ca-file');
  const pair = clientPair([
    [await ofApiServer('etcd-certfile'), await ofApiServer('etcd-keyfile')],
    await pairAt(tree, `${PKI_DIR}/apiserver-etcd-client`),
    await pairAt(tree, `${PKI_DIR}/etcd/healthcheck-client`),
  ]);
  const dataDir = etcd.flag('data-dir') ?? '/var/lib/etcd';
  return {
    place: 'local',
    endpoints: listenEndpoints(etcd.flag('listen-client-urls'), etcd.flag('advertise-client-urls')),
    cacert: await firstFile(tree, [(trusted && etcd.hostPath(trusted)) ?? `${PKI_DIR}/etcd/ca.crt`]),
    ...pair,
    dataDir: etcd.hostPath(dataDir) ?? dataDir,
    memberName: etcd.flag('name'),
  };
}

type Pair = readonly [HostPath | undefined, HostPath | undefined];

async function pairAt(tree: HostTree, stem: string): Promise<Pair> {
  return [await firstFile(tree, [`${stem}.crt`]), await firstFile(tree, [`${stem}.key`])];
}

/** The first certificate whose key is there too. */
function clientPair(pairs: readonly Pair[]): Pick<HostEtcd, 'cert' | 'key'> {
  const [cert, key] = pairs.find((pair) => pair[0] !== undefined && pair[1] !== undefined) ?? [undefined, undefined];
  return { cert, key };
}
