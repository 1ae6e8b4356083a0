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
import { parsePodManifest, type PodManifest } from '../pod-manifest.ts';
import { parseEnvFile } from './env-file.ts';
import {
  etcdNotFound,
  existing,
  hostname,
  type DescribeRequest,
  type Layout,
  type LayoutDescription,
} from './layout.ts';
import type { HostFinding } from '../findings.ts';

/* Paths: cluster-etcd-operator bindata/etcd/etcd-common-tools and cluster-backup.sh. */
const CONFIG_DIR = '/etc/kubernetes';
const MANIFEST_DIR = `${CONFIG_DIR}/manifests`;
const RESOURCE_DIR = `${CONFIG_DIR}/static-pod-resources`;
const ETCD_ENV = `${RESOURCE_DIR}/etcd-certs/configmaps/etcd-scripts/etcd.env`;
const KUBECONFIG = `${RESOURCE_DIR}/kube-apiserver-certs/secrets/node-kubeconfigs/localhost.kubeconfig`;
const ETCD_DATA_DIR = '/var/lib/etcd';

/** A control-plane host whose static pods the OpenShift operators install, revision by revision. */
export const openshift: Layout = {
  name: 'openshift',
  reads: [
    { path: MANIFEST_DIR, type: 'folder' },
    { path: RESOURCE_DIR, type: 'folder' },
  ],

  async recognise(tree) {
    if (!(await tree.isFolder(RESOURCE_DIR))) return [];
    const manifests = STATIC_PODS.map((name) => manifestOf(name));
    return [RESOURCE_DIR, ...(await existing(tree, [...manifests, ETCD_ENV]))];
  },

  async describe({ tree, etcdOnly }: DescribeRequest): Promise<LayoutDescription> {
    const findings: HostFinding[] = [];
    const pods: StaticPod[] = [];
    if (!etcdOnly) for (const name of STATIC_PODS) pods.push(await readStaticPod(tree, name));
    const { nodeName, etcd } = await readEtcd(tree, findings);
    const kubeconfig = await tree.find(KUBECONFIG);
    return {
      nodeName,
      etcd,
      staticPods: pods,
      archiveRoot: CONFIG_DIR,
      sources: pods.flatMap(sourceOf),
      neverSaved: [ETCD_DATA_DIR],
      liveCertificateFolders: await existing(
        tree,
        STATIC_PODS.map((name) => `${RESOURCE_DIR}/${name}-certs`),
      ),
      encryptionConfigs: await encryptionConfigs(tree, pods),
      kubeconfig: kubeconfig && { path: KUBECONFIG, diskPath: kubeconfig.diskPath },
      // OpenShift's images are named by digest, so no file of the host says the version.
      kubernetesVersion: undefined,
      findings,
    };
  },
};

function manifestOf(name: StaticPodName): string {
  return `${MANIFEST_DIR}/${name}-pod.yaml`;
}

/**
 * The revision is the one that the running manifest names first, as cluster-backup.sh takes it: a newer folder may belong to a
 * rollout that has not happened, and an older one may have been touched later.
 */
async function readStaticPod(tree: HostTree, name: StaticPodName): Promise<StaticPod> {
  const manifest = manifestOf(name);
  const text = await tree.readText(manifest);
  if (text === undefined) {
    throw new HostError('HOST_MANIFEST_MISSING', `the manifest of the ${name} pod is missing: ${manifest}`, {
      subject: manifest,
      hint: `Check that this is a control-plane host and that ${name} runs on it (crictl ps --name ${name}).`,
    });
  }
  const match = new RegExp(`${RESOURCE_DIR}/${name}-pod-([0-9]+)`).exec(text);
  const resourceDir = match?.[0];
  if (resourceDir === undefined) {
    throw new HostError('HOST_REVISION_MISSING', `${manifest} names no folder ${RESOURCE_DIR}/${name}-pod-<revision>`, {
      subject: manifest,
      hint: `Check that the ${name} operator has installed its pod: oc get co ${name}`,
    });
  }
  if (!(await tree.isFolder(resourceDir))) {
    throw new HostError('HOST_REVISION_MISSING', `${manifest} names ${resourceDir}, which is not there`, {
      subject: resourceDir,
      hint: `The ${name} pod runs without its resources. Let the operator roll out a new revision: oc get co ${name}`,
    });
  }
  const { image } = parsePodManifest(text, manifest, name);
  return { name, manifest, revision: Number(match?.[1]), resourceDir, image };
}

function sourceOf(pod: StaticPod): readonly ArchiveSource[] {
  if (pod.resourceDir === undefined) return [];
  const member = posix.relative(CONFIG_DIR, pod.resourceDir);
  return [{ path: pod.resourceDir, member, why: `${pod.name} revision ${pod.revision ?? 0}` }];
}

/** enhancements/kube-apiserver/encrypting-data-at-datastore-layer.md: the key controller's file, copied into each revision. */
async function encryptionConfigs(tree: HostTree, pods: readonly StaticPod[]): Promise<readonly HostPath[]> {
  const folder = pods.find((pod) => pod.name === 'kube-apiserver')?.resourceDir;
  if (folder === undefined) return [];
  const path = `${folder}/secrets/encryption-config/encryption-config`;
  const found = await tree.find(path);
  return found?.stats.isFile() === true ? [{ path, diskPath: found.diskPath }] : [];
}

interface EtcdFacts {
  readonly nodeName: string | undefined;
  readonly etcd: HostEtcd | undefined;
}

async function readEtcd(tree: HostTree, findings: HostFinding[]): Promise<EtcdFacts> {
  const text = await tree.readText(ETCD_ENV);
  if (text === undefined) {
    findings.push(etcdNotFound(ETCD_ENV, `${ETCD_ENV} is missing: no etcd static pod was ever installed here`));
    return { nodeName: await hostname(tree), etcd: undefined };
  }
  const env = parseEnvFile(text);
  const pod = await etcdPod(tree);
  const node = nodeOf(env, pod);
  if (node === undefined) {
    findings.push({
      severity: 'warning',
      code: 'HOST_NODE_UNKNOWN',
      where: ETCD_ENV,
      message: `neither ${manifestOf('etcd')} nor ${ETCD_ENV} says which node this is, so any member may be asked`,
      hint: 'Say which member to ask with --endpoints.',
    });
  }
  const nodeName = (node && env.get(`NODE_${node}_ETCD_NAME`)) ?? nodeOfCertificate(env) ?? (await hostname(tree));
  const endpoints = endpointsOf(env, pod, node);
  const certificates = await clientCertificates(tree, env, findings);
  if (certificates === undefined) return { nodeName, etcd: undefined };
  if (endpoints.length === 0) {
    findings.push(etcdNotFound(ETCD_ENV, `${ETCD_ENV} names no endpoint of etcd`));
    return { nodeName, etcd: undefined };
  }
  const dataDir = env.get('ETCD_DATA_DIR') ?? ETCD_DATA_DIR;
  return { nodeName, etcd: { place: 'local', endpoints, ...certificates, dataDir, memberName: nodeName } };
}

async function etcdPod(tree: HostTree): Promise<PodManifest | undefined> {
  const path = manifestOf('etcd');
  const text = await tree.readText(path);
  return text === undefined ? undefined : parsePodManifest(text, path, 'etcd');
}

/**
 * The node's name as it stands in variable names. The installer puts it into the etcd container's script (library-go
 * pkg/operator/staticpod/installerpod/cmd.go replaces NODE_ENVVAR_NAME); the variables themselves are there for every node.
 */
function nodeOf(env: ReadonlyMap<string, string>, pod: PodManifest | undefined): string | undefined {
  const inScript = /\$\{?NODE_(\w+?)_(?:ETCD_NAME|ETCD_URL_HOST|IP)\b/.exec(pod?.script ?? '')?.[1];
  if (inScript !== undefined) return inScript;
  const name = nodeOfCertificate(env);
  if (name !== undefined) return name.replaceAll(/[-.]/g, '_');
  const all = [...env.keys()].flatMap((key) => /^NODE_(\w+)_IP$/.exec(key)?.[1] ?? []);
  return all.length === 1 ? all[0] : undefined;
}

function nodeOfCertificate(env: ReadonlyMap<string, string>): string | undefined {
  return /\/etcd-peer-([^/]+)\.crt$/.exec(env.get('ETCDCTL_CERT') ?? '')?.[1];
}

/** The local member first, by the address that its own manifest advertises; then the others of the cluster. */
function endpointsOf(
  env: ReadonlyMap<string, string>,
  pod: PodManifest | undefined,
  node: string | undefined,
): readonly string[] {
  const ip = node === undefined ? undefined : env.get(`NODE_${node}_IP`);
  const advertised = /--advertise-client-urls[= ]["']?([^\s"',\\]+)/.exec(pod?.script ?? '')?.[1];
  const expanded = advertised?.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => env.get(name) ?? whole);
  const local = expanded !== undefined && !expanded.includes('$') ? expanded : ip && `https://${ip}:2379`;
  const others = (env.get('ETCDCTL_ENDPOINTS') ?? env.get('ALL_ETCD_ENDPOINTS') ?? '')
    .split(',')
    .map((url) => url.trim());
  return [...new Set([local ?? '', ...others])].filter((url) => url !== '');
}

/** Inside the pods the certificates lie in static-pod-certs; on the host the same folder is static-pod-resources/etcd-certs. */
async function clientCertificates(
  tree: HostTree,
  env: ReadonlyMap<string, string>,
  findings: HostFinding[],
): Promise<Pick<HostEtcd, 'cacert' | 'cert' | 'key'> | undefined> {
  const found: HostPath[] = [];
  for (const variable of ['ETCDCTL_CACERT', 'ETCDCTL_CERT', 'ETCDCTL_KEY']) {
    const named = env.get(variable);
    if (named === undefined) {
      findings.push(etcdNotFound(ETCD_ENV, `${ETCD_ENV} does not set ${variable}`));
      return undefined;
    }
    const candidates = [named, named.replace('static-pod-certs', 'static-pod-resources/etcd-certs')];
    const [path] = await existing(tree, candidates);
    const resolved = path === undefined ? undefined : await tree.find(path);
    if (path === undefined || resolved === undefined) {
      findings.push(etcdNotFound(named, `${[...new Set(candidates)].join(' and ')} are missing (${variable})`));
      return undefined;
    }
    found.push({ path, diskPath: resolved.diskPath });
  }
  return { cacert: found[0], cert: found[1], key: found[2] };
}
