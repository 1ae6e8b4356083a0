import { load } from 'js-yaml';
import * as z from 'zod';
import { messageOf } from '../../base/index.ts';
import {
  STATIC_PODS,
  type ArchiveSource,
  type HostEtcd,
  type HostPath,
  type StaticPod,
} from '../control-plane-host.ts';
import { HostError } from '../errors.ts';
import type { HostTree } from '../host-tree.ts';
import { parsePodManifest, versionOfImage, type Flag } from '../pod-manifest.ts';
import { referencedPaths } from '../referenced-files.ts';
import { listenEndpoints } from './etcd-endpoints.ts';
import {
  etcdNotFound,
  existing,
  fromRoot,
  hostname,
  type DescribeRequest,
  type HostSource,
  type Layout,
  type LayoutDescription,
} from './layout.ts';
import type { HostFinding } from '../findings.ts';

/** What differs between the two distributions of one code base. */
interface Flavour {
  readonly name: 'k3s' | 'rke2';
  readonly kubeconfig: string;
  /** Where the service's flags and environment may be: they can hold the token and the data directory. */
  readonly serviceFiles: readonly string[];
  readonly reads: readonly HostSource[];
}

/** A server of k3s: one process, no static pods. */
export const k3s: Layout = layoutOf({
  name: 'k3s',
  kubeconfig: '/etc/rancher/k3s/k3s.yaml',
  serviceFiles: ['/etc/systemd/system/k3s.service', '/etc/systemd/system/k3s.service.env'],
  reads: [
    { path: '/etc/rancher', type: 'folder' },
    { path: '/var/lib/rancher/k3s/server', type: 'folder' },
  ],
});

/** A server of RKE2: the same tree under another name, and static pods in agent/pod-manifests. */
export const rke2: Layout = layoutOf({
  name: 'rke2',
  kubeconfig: '/etc/rancher/rke2/rke2.yaml',
  serviceFiles: ['/etc/default/rke2-server', '/usr/local/lib/systemd/system/rke2-server.env'],
  reads: [
    { path: '/etc/rancher', type: 'folder' },
    { path: '/var/lib/rancher/rke2/agent/pod-manifests', type: 'folder' },
    { path: '/var/lib/rancher/rke2/server', type: 'folder' },
  ],
});

function layoutOf(flavour: Flavour): Layout {
  return {
    name: flavour.name,
    reads: flavour.reads,
    async recognise(tree) {
      const { dataDir } = await readConfig(tree, flavour);
      return existing(tree, [`${dataDir}/server`]);
    },
    describe: (request) => describe(flavour, request),
  };
}

async function describe(flavour: Flavour, { tree, etcdOnly }: DescribeRequest): Promise<LayoutDescription> {
  const findings: HostFinding[] = [];
  const config = await readConfig(tree, flavour);
  const server = `${config.dataDir}/server`;
  await tree.need(server, `Check that this host is a ${flavour.name} server, not only an agent.`);
  const etcd = await readEtcd(tree, flavour, config, findings);
  const pods = etcdOnly ? [] : await readPods(tree, config.dataDir);
  const encryption = await tree.find(`${server}/cred/encryption-config.json`);
  const kubeconfig = await tree.find(flavour.kubeconfig);
  return {
    nodeName: config.nodeName ?? (await hostname(tree)),
    etcd,
    staticPods: pods,
    archiveRoot: '/',
    sources: etcdOnly ? [] : await sourcesOf(tree, flavour, config, findings),
    neverSaved: [`${server}/db`, `${server}/logs`],
    liveCertificateFolders: [],
    encryptionConfigs: encryption === undefined ? [] : [hostPath(`${server}/cred/encryption-config.json`, encryption)],
    kubeconfig: kubeconfig && hostPath(flavour.kubeconfig, kubeconfig),
    kubernetesVersion: versionOfImage(pods.find((pod) => pod.name === 'kube-apiserver')?.image),
    findings,
  };
}

function hostPath(path: string, found: HostPath): HostPath {
  return { path, diskPath: found.diskPath };
}

const text = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

const configSchema = z.object({
  'data-dir': z.string().optional(),
  'node-name': z.string().optional(),
  'datastore-endpoint': z.string().optional(),
  'datastore-cafile': z.string().optional(),
  'datastore-certfile': z.string().optional(),
  'datastore-keyfile': z.string().optional(),
  'kube-apiserver-arg': text.optional(),
});

interface Config {
  readonly dataDir: string;
  readonly nodeName: string | undefined;
  readonly datastore: z.infer<typeof configSchema>;
  readonly apiServerFlags: readonly Flag[];
}

/** config.yaml, then config.yaml.d in order; a later file overrides, as the distributions read them. */
async function readConfig(tree: HostTree, { name }: Flavour): Promise<Config> {
  const folder = `/etc/rancher/${name}`;
  const parts = (await tree.list(`${folder}/config.yaml.d`)).filter((file) => /\.ya?ml$/.test(file));
  let merged: z.infer<typeof configSchema> = {};
  for (const path of [`${folder}/config.yaml`, ...parts.map((file) => `${folder}/config.yaml.d/${file}`)]) {
    merged = { ...merged, ...(await readYaml(tree, path, configSchema)) };
  }
  return {
    dataDir: (merged['data-dir'] ?? `/var/lib/rancher/${name}`).replace(/\/+$/, ''),
    nodeName: merged['node-name'],
    datastore: merged,
    apiServerFlags: (merged['kube-apiserver-arg'] ?? []).flatMap((word) => {
      const match = /^-*([\w-]+)=(.*)$/.exec(word);
      return match?.[1] === undefined || match[2] === undefined ? [] : [{ name: match[1], value: match[2] }];
    }),
  };
}

async function readYaml<T>(tree: HostTree, path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const source = await tree.readText(path);
  if (source === undefined) return undefined;
  try {
    return schema.parse(load(source, { filename: path }) ?? {});
  } catch (error) {
    throw new HostError(
      'HOST_CONFIG_INVALID',
      `${path} cannot be understood: ${messageOf(error).split('\n')[0] ?? ''}`,
      {
        subject: path,
        hint: `Repair ${path}.`,
        cause: error,
      },
    );
  }
}

async function sourcesOf(
  tree: HostTree,
  flavour: Flavour,
  config: Config,
  findings: HostFinding[],
): Promise<readonly ArchiveSource[]> {
  const server = `${config.dataDir}/server`;
  await tree.need(
    `${server}/token`,
    'Without the token nobody can open the bootstrap data in etcd; find it before you back up.',
  );
  const own: readonly (readonly [string, string])[] = [
    [`${server}/token`, 'token that opens the bootstrap data in etcd'],
    [`${server}/agent-token`, 'agent token'],
    [`${server}/node-token`, 'node token'],
    [`${server}/tls`, 'certificates and keys'],
    [`${server}/cred`, 'credentials and encryption keys'],
    [`${server}/manifests`, 'packaged manifests'],
    [`${config.dataDir}/agent/pod-manifests`, 'static pod manifests'],
    [`/etc/rancher/${flavour.name}`, 'configuration'],
    ['/etc/rancher/node', 'node password'],
    ...flavour.serviceFiles.map((path) => [path, 'service settings'] as const),
  ];
  const sources: ArchiveSource[] = [];
  for (const [path, why] of own) if ((await tree.find(path)) !== undefined) sources.push(fromRoot(path, why));
  const references = await referencedPaths(tree, config.apiServerFlags, (path) => path);
  findings.push(...references.findings);
  return [...sources, ...references.paths.map(({ path, flag }) => fromRoot(path, `kube-apiserver ${flag}`))];
}

async function readPods(tree: HostTree, dataDir: string): Promise<readonly StaticPod[]> {
  const pods: StaticPod[] = [];
  for (const name of STATIC_PODS) {
    const manifest = `${dataDir}/agent/pod-manifests/${name}.yaml`;
    const source = await tree.readText(manifest);
    if (source !== undefined) pods.push({ name, manifest, image: parsePodManifest(source, manifest, name).image });
  }
  return pods;
}

/** The configuration that both distributions write for the etcd that they run (k3s pkg/daemons/executor, EtcdConfig). */
const etcdConfigSchema = z.object({
  name: z.string().optional(),
  'listen-client-urls': z.string().optional(),
  'advertise-client-urls': z.string().optional(),
});

async function readEtcd(
  tree: HostTree,
  { name }: Flavour,
  config: Config,
  findings: HostFinding[],
): Promise<HostEtcd | undefined> {
  const server = `${config.dataDir}/server`;
  const external = config.datastore['datastore-endpoint'];
  if (external !== undefined) return externalEtcd(tree, name, config, external);
  const dataDir = `${server}/db/etcd`;
  if (!(await tree.isFolder(dataDir))) {
    const sqlite = `${server}/db/state.db`;
    if ((await tree.find(sqlite)) !== undefined) throw noEtcd(name, `its data in SQLite (${sqlite})`, sqlite);
    findings.push(etcdNotFound(dataDir, `${dataDir} is missing: no etcd has run on this server`));
    return undefined;
  }
  const etcdConfig = await readYaml(tree, `${dataDir}/config`, etcdConfigSchema);
  const file = async (path: string): Promise<HostPath | undefined> => {
    const found = await tree.find(`${server}/tls/etcd/${path}`);
    if (found === undefined)
      findings.push(etcdNotFound(`${server}/tls/etcd/${path}`, `${server}/tls/etcd/${path} is missing`));
    return found && hostPath(`${server}/tls/etcd/${path}`, found);
  };
  const [cacert, cert, key] = [await file('server-ca.crt'), await file('client.crt'), await file('client.key')];
  if (cacert === undefined || cert === undefined || key === undefined) return undefined;
  return {
    place: 'local',
    endpoints: listenEndpoints(etcdConfig?.['listen-client-urls'], etcdConfig?.['advertise-client-urls']),
    cacert,
    cert,
    key,
    dataDir,
    memberName: etcdConfig?.name ?? (await tree.readText(`${dataDir}/name`))?.trim(),
  };
}

/** k3s takes etcd's own client URLs as a datastore; every other scheme is an SQL database or NATS. */
async function externalEtcd(tree: HostTree, name: string, { datastore }: Config, endpoint: string): Promise<HostEtcd> {
  const scheme = /^([\w+-]+):/.exec(endpoint)?.[1] ?? 'unknown';
  // The endpoint of an SQL database holds its password: only the scheme is ever shown.
  if (scheme !== 'http' && scheme !== 'https') throw noEtcd(name, `its data in another database (${scheme})`, scheme);
  const file = async (path: string | undefined): Promise<HostPath | undefined> => {
    const found = path === undefined ? undefined : await tree.find(path);
    return path === undefined || found === undefined ? undefined : hostPath(path, found);
  };
  return {
    place: 'external',
    endpoints: endpoint.split(',').filter((url) => url !== ''),
    cacert: await file(datastore['datastore-cafile']),
    cert: await file(datastore['datastore-certfile']),
    key: await file(datastore['datastore-keyfile']),
  };
}

function noEtcd(name: string, where: string, subject: string): HostError {
  return new HostError('HOST_NO_ETCD', `this ${name} server keeps ${where}; there is no etcd to back up`, {
    subject,
    hint: `Back up that database by its own means, or move the cluster to etcd (${name} server --cluster-init).`,
  });
}
