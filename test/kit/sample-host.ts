import { webcrypto } from 'node:crypto';
import { chmod, copyFile, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { SamplePki } from './sample-pki.ts';

/** A TLS client's files on this machine. */
export interface SampleTls {
  readonly cacert: string;
  readonly cert: string;
  readonly key: string;
}

export interface SampleHostOptions {
  readonly layout: 'openshift' | 'kubeadm' | 'k3s' | 'rke2';
  /** The etcd that the host shall name; its files are copied to where the layout keeps them. */
  readonly etcd: SampleTls & {
    readonly endpoint: string;
    /** Client URLs of the other members. Default: none. */
    readonly others?: readonly string[];
  };
  /** Secrets are encrypted at rest: by a key of our own, or as the given EncryptionConfiguration says. Default: false. */
  readonly encryption?: boolean | string;
  /** Default: `good`. */
  readonly certificates?: 'good' | 'expired' | 'installer';
  /** OpenShift: the running revisions. Default: 6, 7, 6 and 3. The one before each lies beside it. */
  readonly revisions?: Partial<Readonly<Record<SamplePod, number>>>;
  /** Where the administrator's kubeconfig leads and what opens it. Default: https://localhost:6443 and certificates of our own. */
  readonly apiServer?: SampleTls & { readonly url: string };
}

export type SamplePod = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'etcd';

export interface SampleHost {
  readonly nodeName: string;
  readonly revisions: Readonly<Record<SamplePod, number>>;
  /** As host paths. */
  readonly kubeconfig: string;
  readonly encryptionConfig: string | undefined;
}

/** The host's name; OpenShift names the etcd member after it. */
export const SAMPLE_NODE = 'ip-10-0-137-18.ec2.internal';
const NODE = SAMPLE_NODE;
const NODE_VARIABLE = NODE.replaceAll(/[-.]/g, '_');
const DAY = 24 * 3_600_000;
const PODS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const;

/**
 * Builds the file tree of a control-plane host below `root`: what the distribution lays down, with real certificates, real modes
 * and old times. Everything that a backup reads is there; nothing of it runs.
 */
export async function buildSampleHost(root: string, options: SampleHostOptions): Promise<SampleHost> {
  const tree = new TreeBuilder(root);
  const pki = await SamplePki.create(options.certificates ?? 'good');
  await tree.file('/etc/hostname', `${NODE}\n`, 0o644);
  const build = { openshift: buildOpenShift, kubeadm: buildKubeadm, k3s: buildRancher, rke2: buildRancher }[
    options.layout
  ];
  const host = await build(tree, pki, options);
  await tree.age();
  return host;
}

/** Writes files and remembers them, so that at the end all get times of the past. */
class TreeBuilder {
  readonly #root: string;
  readonly #made = new Map<string, Date>();

  constructor(root: string) {
    this.#root = root;
  }

  disk(path: string): string {
    return join(this.#root, path);
  }

  async folder(path: string, mode = 0o755): Promise<void> {
    await mkdir(this.disk(path), { recursive: true });
    await chmod(this.disk(path), mode);
    this.#made.set(path, monthsAgo(2));
  }

  async file(path: string, content: string, mode = 0o600): Promise<void> {
    await mkdir(dirname(this.disk(path)), { recursive: true });
    await writeFile(this.disk(path), content);
    await chmod(this.disk(path), mode);
    this.#made.set(path, monthsAgo(2));
  }

  async copy(from: string, to: string): Promise<void> {
    await mkdir(dirname(this.disk(to)), { recursive: true });
    await copyFile(from, this.disk(to));
    await chmod(this.disk(to), 0o600);
    this.#made.set(to, monthsAgo(2));
  }

  async link(path: string, target: string): Promise<void> {
    await mkdir(dirname(this.disk(path)), { recursive: true });
    await symlink(target, this.disk(path));
  }

  /** Gives a folder a time of its own, whatever happens in it before {@link age}. */
  touched(path: string, when: Date): void {
    this.#made.set(path, when);
  }

  async age(): Promise<void> {
    for (const [path, when] of [...this.#made].reverse()) await utimes(this.disk(path), when, when);
  }
}

/** Whole seconds, as archives keep them. */
function monthsAgo(months: number): Date {
  return new Date(Math.floor((Date.now() - months * 30 * DAY) / 1000) * 1000);
}

interface ManifestOptions {
  readonly name: SamplePod;
  readonly image: string;
  readonly command: readonly string[];
  readonly mounts: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A static pod with one container; mounts are host path by container path. */
function pod({ name, image, command, mounts, labels }: ManifestOptions): Readonly<Record<string, unknown>> {
  const entries = Object.entries(mounts);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', labels: labels ?? { component: name, tier: 'control-plane' } },
    spec: {
      containers: [
        {
          name,
          image,
          command,
          volumeMounts: entries.map(([mountPath], index) => ({ mountPath, name: `volume-${index}`, readOnly: true })),
        },
      ],
      hostNetwork: true,
      volumes: entries.map(([, path], index) => ({ name: `volume-${index}`, hostPath: { path } })),
    },
  };
}

function encryptionConfig(encryption: boolean | string): string {
  if (typeof encryption === 'string') return encryption;
  const secret = Buffer.from(webcrypto.getRandomValues(new Uint8Array(32))).toString('base64');
  const providers = [{ aescbc: { keys: [{ name: '1', secret }] } }, { identity: {} }];
  return JSON.stringify({
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [{ resources: ['secrets', 'configmaps'], providers }],
  });
}

async function kubeconfig(pki: SamplePki, options: SampleHostOptions): Promise<string> {
  const client = await pki.issue('system:admin', { live: true });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const cluster = {
    server: options.apiServer?.url ?? 'https://localhost:6443',
    'certificate-authority-data': base64(pki.ca.cert),
  };
  const user = { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) };
  const given = options.apiServer;
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'system:admin',
    clusters: [
      { name: 'local', cluster: given ? { server: given.url, 'certificate-authority': 'sample-ca.crt' } : cluster },
    ],
    contexts: [{ name: 'system:admin', context: { cluster: 'local', user: 'system:admin' } }],
    users: [
      { name: 'system:admin', user: given ? { 'client-certificate': 'sample.crt', 'client-key': 'sample.key' } : user },
    ],
  });
}

async function writeKubeconfig(
  tree: TreeBuilder,
  pki: SamplePki,
  options: SampleHostOptions,
  path: string,
): Promise<void> {
  await tree.file(path, await kubeconfig(pki, options));
  if (options.apiServer === undefined) return;
  await tree.copy(options.apiServer.cacert, join(dirname(path), 'sample-ca.crt'));
  await tree.copy(options.apiServer.cert, join(dirname(path), 'sample.crt'));
  await tree.copy(options.apiServer.key, join(dirname(path), 'sample.key'));
}

const RESOURCES = '/etc/kubernetes/static-pod-resources';
const OPENSHIFT_IMAGE = `quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:${'5ba1'.repeat(16)}`;

async function buildOpenShift(tree: TreeBuilder, pki: SamplePki, options: SampleHostOptions): Promise<SampleHost> {
  const revisions = {
    'kube-apiserver': 6,
    'kube-controller-manager': 7,
    'kube-scheduler': 6,
    etcd: 3,
    ...options.revisions,
  };
  const encryption = options.encryption ?? false;
  for (const name of PODS) {
    const running = revisions[name];
    const image = OPENSHIFT_IMAGE;
    for (const revision of running > 1 ? [running - 1, running] : [running]) {
      await openShiftRevision(tree, pki, name, revision, encryption);
    }
    // The folder that is not running was touched last: whoever goes by time takes the wrong one.
    if (running > 1) tree.touched(`${RESOURCES}/${name}-pod-${running - 1}`, monthsAgo(0));
    const mounts = {
      '/etc/kubernetes/static-pod-resources': `${RESOURCES}/${name}-pod-${running}`,
      '/etc/kubernetes/static-pod-certs': `${RESOURCES}/${name}-certs`,
      ...(name === 'etcd' && { '/var/lib/etcd/': '/var/lib/etcd' }),
    };
    const command =
      name === 'etcd' ? etcdScript(options.etcd.endpoint) : ['/bin/bash', '-ec', `exec hyperkube ${name}`];
    const labels = { app: name, revision: String(running) };
    const manifest = pod({ name, image, command, mounts, labels });
    await tree.file(`/etc/kubernetes/manifests/${name}-pod.yaml`, JSON.stringify(manifest));
  }
  await openShiftEtcd(tree, options);
  await openShiftLiveCertificates(tree, pki);
  const config = `${RESOURCES}/kube-apiserver-certs/secrets/node-kubeconfigs/localhost.kubeconfig`;
  await writeKubeconfig(tree, pki, options, config);
  const folder = `${RESOURCES}/kube-apiserver-pod-${revisions['kube-apiserver']}`;
  return {
    nodeName: NODE,
    revisions,
    kubeconfig: config,
    encryptionConfig: encryption === false ? undefined : `${folder}/secrets/encryption-config/encryption-config`,
  };
}

async function openShiftRevision(
  tree: TreeBuilder,
  pki: SamplePki,
  name: SamplePod,
  revision: number,
  encryption: boolean | string,
): Promise<void> {
  const folder = `${RESOURCES}/${name}-pod-${revision}`;
  await tree.folder(folder);
  await tree.file(`${folder}/${name}-pod.yaml`, JSON.stringify({ kind: 'Pod', metadata: { name, revision } }));
  await tree.file(`${folder}/configmaps/${name}-pod/version`, '4.17.5\n', 0o644);
  await tree.file(`${folder}/configmaps/${name}-pod/forceRedeploymentReason`, '', 0o644);
  await tree.file(
    `${folder}/configmaps/config/config.yaml`,
    dump({ apiVersion: 'v1', kind: 'Config', revision }),
    0o644,
  );
  await tree.file(`${folder}/configmaps/client-ca/ca-bundle.crt`, pki.ca.cert, 0o644);
  if (name === 'kube-apiserver') {
    const client = await pki.issue('system:apiserver');
    await tree.file(`${folder}/secrets/etcd-client/tls.crt`, client.cert);
    await tree.file(`${folder}/secrets/etcd-client/tls.key`, client.key);
    await tree.file(`${folder}/configmaps/etcd-serving-ca/ca-bundle.crt`, pki.ca.cert, 0o644);
    if (encryption !== false) {
      await tree.file(`${folder}/secrets/encryption-config/encryption-config`, encryptionConfig(encryption));
    }
  }
  if (name !== 'etcd') {
    const serving = await pki.issue('localhost-recovery');
    await tree.file(`${folder}/secrets/localhost-recovery-client-token/token`, 'eyJhbGciOiJSUzI1NiJ9.sample.sample');
    await tree.file(`${folder}/secrets/localhost-recovery-serving-certkey/tls.crt`, serving.cert);
    await tree.file(`${folder}/secrets/localhost-recovery-serving-certkey/tls.key`, serving.key);
  }
}

/** As bindata/etcd/pod.gotpl.yaml starts it, with the node's name put in. */
function etcdScript(endpoint: string): readonly string[] {
  const port = new URL(endpoint).port;
  const script = [
    `export ETCD_NAME=\${NODE_${NODE_VARIABLE}_ETCD_NAME}`,
    'exec nice -n -19 ionice -c2 -n0 etcd \\',
    `  --advertise-client-urls=https://\${NODE_${NODE_VARIABLE}_IP}:${port === '' ? '443' : port} \\`,
    `  --initial-advertise-peer-urls=https://\${NODE_${NODE_VARIABLE}_IP}:2380 \\`,
    '  --listen-client-urls=https://0.0.0.0:2379 \\',
    '  --listen-peer-urls=https://0.0.0.0:2380 \\',
    '  --client-cert-auth=true',
  ];
  return ['/bin/sh', '-c', script.join('\n')];
}

async function openShiftEtcd(tree: TreeBuilder, { etcd }: SampleHostOptions): Promise<void> {
  const inPod = '/etc/kubernetes/static-pod-certs';
  const onHost = `${RESOURCES}/etcd-certs`;
  const bundle = 'configmaps/etcd-all-bundles/server-ca-bundle.crt';
  const certificate = `secrets/etcd-all-certs/etcd-peer-${NODE}`;
  await tree.copy(etcd.cacert, `${onHost}/${bundle}`);
  await tree.copy(etcd.cert, `${onHost}/${certificate}.crt`);
  await tree.copy(etcd.key, `${onHost}/${certificate}.key`);
  const endpoints = [...(etcd.others ?? []), etcd.endpoint].join(',');
  const variables = {
    ALL_ETCD_ENDPOINTS: endpoints,
    ETCDCTL_CACERT: `${inPod}/${bundle}`,
    ETCDCTL_CERT: `${inPod}/${certificate}.crt`,
    ETCDCTL_ENDPOINTS: endpoints,
    ETCDCTL_KEY: `${inPod}/${certificate}.key`,
    ETCD_DATA_DIR: '/var/lib/etcd',
    ETCD_IMAGE: OPENSHIFT_IMAGE,
    NODE_ip_10_0_151_30_ec2_internal_ETCD_NAME: 'ip-10-0-151-30.ec2.internal',
    NODE_ip_10_0_151_30_ec2_internal_IP: '10.0.151.30',
    [`NODE_${NODE_VARIABLE}_ETCD_NAME`]: NODE,
    [`NODE_${NODE_VARIABLE}_ETCD_URL_HOST`]: new URL(etcd.endpoint).hostname,
    [`NODE_${NODE_VARIABLE}_IP`]: new URL(etcd.endpoint).hostname,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${JSON.stringify(value)}\n`);
  await tree.file(`${onHost}/configmaps/etcd-scripts/etcd.env`, lines.join(''), 0o644);
  const raft = { clusterId: 14841639068965178418n.toString(), raftIndex: { [etcd.endpoint]: 129_800 } };
  const revision = { ...raft, maxRaftIndex: 129_800, created: '2026-11-20T10:04:22Z' };
  await tree.file('/var/lib/etcd/revision.json', JSON.stringify(revision));
}

/** Outside the revisions: what the operators rotate, from the installer's 24 hours on. */
async function openShiftLiveCertificates(tree: TreeBuilder, pki: SamplePki): Promise<void> {
  for (const [pod, secret] of [
    ['kube-apiserver', 'kubelet-client'],
    ['kube-apiserver', 'aggregator-client'],
    ['kube-controller-manager', 'kube-controller-manager-client-cert-key'],
    ['kube-scheduler', 'kube-scheduler-client-cert-key'],
  ] as const) {
    const issued = await pki.issue(`system:${secret}`, { live: true });
    await tree.file(`${RESOURCES}/${pod}-certs/secrets/${secret}/tls.crt`, issued.cert);
    await tree.file(`${RESOURCES}/${pod}-certs/secrets/${secret}/tls.key`, issued.key);
  }
}

async function buildKubeadm(tree: TreeBuilder, pki: SamplePki, options: SampleHostOptions): Promise<SampleHost> {
  const folder = '/etc/kubernetes';
  await kubeadmPki(tree, pki, options);
  for (const name of ['admin', 'super-admin', 'controller-manager', 'scheduler', 'kubelet']) {
    await writeKubeconfig(tree, pki, options, `${folder}/${name}.conf`);
  }
  const encrypted = options.encryption !== undefined && options.encryption !== false;
  // Deliberately elsewhere: the flag says where it lies, not the layout.
  const encryption = '/var/lib/encryption/provider.yaml';
  if (encrypted) await tree.file(encryption, encryptionConfig(options.encryption));
  await tree.file(
    '/etc/kube-audit/policy.yaml',
    dump({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] }),
  );
  await tree.file('/var/log/kubernetes/audit/audit.log', '{"kind":"Event"}\n'.repeat(1000));
  await tree.file(
    '/var/lib/kubelet/config.yaml',
    dump({ kind: 'KubeletConfiguration', staticPodPath: `${folder}/manifests` }),
    0o644,
  );
  await tree.file(
    '/var/lib/kubelet/kubeadm-flags.env',
    'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=pause:3.10"\n',
    0o644,
  );
  await tree.file('/var/lib/etcd/member/snap/db', 'never to be saved');
  const image = (name: string): string => `registry.k8s.io/${name}:v1.31.2`;
  const apiServer = pod({
    name: 'kube-apiserver',
    image: image('kube-apiserver'),
    command: kubeApiServerCommand(encrypted),
    mounts: {
      '/etc/kubernetes/pki': `${folder}/pki`,
      '/etc/kubernetes/audit': '/etc/kube-audit',
      '/var/log/audit': '/var/log/kubernetes/audit',
      '/etc/kubernetes/encryption': '/var/lib/encryption',
      '/etc/ssl/certs': '/etc/ssl/certs',
    },
  });
  await tree.file(`${folder}/manifests/kube-apiserver.yaml`, dump(apiServer));
  for (const name of ['kube-controller-manager', 'kube-scheduler'] as const) {
    const short = name.replace('kube-', '');
    const command = [name, `--kubeconfig=${folder}/${short}.conf`, '--leader-elect=true'];
    const mounts = { [`${folder}/${short}.conf`]: `${folder}/${short}.conf`, '/etc/kubernetes/pki': `${folder}/pki` };
    await tree.file(`${folder}/manifests/${name}.yaml`, dump(pod({ name, image: image(name), command, mounts })));
  }
  await tree.file(`${folder}/manifests/etcd.yaml`, dump(kubeadmEtcd(options.etcd.endpoint)));
  return {
    nodeName: NODE,
    revisions: { 'kube-apiserver': 0, 'kube-controller-manager': 0, 'kube-scheduler': 0, etcd: 0 },
    kubeconfig: `${folder}/admin.conf`,
    encryptionConfig: encrypted ? encryption : undefined,
  };
}

async function kubeadmPki(tree: TreeBuilder, pki: SamplePki, { etcd }: SampleHostOptions): Promise<void> {
  const folder = '/etc/kubernetes/pki';
  for (const name of ['ca', 'front-proxy-ca']) {
    await tree.file(`${folder}/${name}.crt`, pki.ca.cert, 0o644);
    await tree.file(`${folder}/${name}.key`, pki.ca.key);
  }
  for (const name of [
    'apiserver',
    'apiserver-kubelet-client',
    'front-proxy-client',
    'etcd/server',
    'etcd/peer',
    'etcd/healthcheck-client',
  ]) {
    const issued = await pki.issue(name.replace('/', '-'));
    await tree.file(`${folder}/${name}.crt`, issued.cert, 0o644);
    await tree.file(`${folder}/${name}.key`, issued.key);
  }
  await tree.file(`${folder}/sa.pub`, '-----BEGIN PUBLIC KEY-----\nsample\n-----END PUBLIC KEY-----\n', 0o644);
  await tree.file(`${folder}/sa.key`, pki.ca.key);
  await tree.copy(etcd.cacert, `${folder}/etcd/ca.crt`);
  await tree.copy(etcd.cert, `${folder}/apiserver-etcd-client.crt`);
  await tree.copy(etcd.key, `${folder}/apiserver-etcd-client.key`);
}

function kubeApiServerCommand(encrypted: boolean): readonly string[] {
  const pki = '/etc/kubernetes/pki';
  return [
    'kube-apiserver',
    '--advertise-address=10.0.137.18',
    '--audit-log-path=/var/log/audit/audit.log',
    '--audit-policy-file=/etc/kubernetes/audit/policy.yaml',
    `--client-ca-file=${pki}/ca.crt`,
    ...(encrypted ? ['--encryption-provider-config=/etc/kubernetes/encryption/provider.yaml'] : []),
    `--etcd-cafile=${pki}/etcd/ca.crt`,
    `--etcd-certfile=${pki}/apiserver-etcd-client.crt`,
    `--etcd-keyfile=${pki}/apiserver-etcd-client.key`,
    '--etcd-servers=https://127.0.0.1:2379',
    `--service-account-key-file=${pki}/sa.pub`,
    `--service-account-signing-key-file=${pki}/sa.key`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--tls-cert-file=${pki}/apiserver.crt`,
    `--tls-private-key-file=${pki}/apiserver.key`,
  ];
}

function kubeadmEtcd(endpoint: string): Readonly<Record<string, unknown>> {
  return pod({
    name: 'etcd',
    image: 'registry.k8s.io/etcd:3.5.15-0',
    command: [
      'etcd',
      `--advertise-client-urls=https://10.0.137.18:2379`,
      `--listen-client-urls=${endpoint},https://10.0.137.18:2379`,
      '--data-dir=/var/lib/etcd',
      `--name=${NODE}`,
      '--cert-file=/etc/kubernetes/pki/etcd/server.crt',
      '--key-file=/etc/kubernetes/pki/etcd/server.key',
      '--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt',
    ],
    mounts: { '/var/lib/etcd': '/var/lib/etcd', '/etc/kubernetes/pki/etcd': '/etc/kubernetes/pki/etcd' },
  });
}

async function buildRancher(tree: TreeBuilder, pki: SamplePki, options: SampleHostOptions): Promise<SampleHost> {
  const name = options.layout === 'rke2' ? 'rke2' : 'k3s';
  const data = `/var/lib/rancher/${name}`;
  const server = `${data}/server`;
  const { etcd, encryption = false } = options;
  await tree.file(`${server}/token`, `K10${'ab'.repeat(32)}::server:${'cd'.repeat(16)}\n`);
  await tree.link(`${server}/node-token`, `${server}/token`);
  for (const ca of ['server-ca', 'client-ca', 'request-header-ca', 'etcd/peer-ca']) {
    await tree.file(`${server}/tls/${ca}.crt`, pki.ca.cert, 0o644);
    await tree.file(`${server}/tls/${ca}.key`, pki.ca.key);
  }
  const serving = await pki.issue('kube-apiserver');
  await tree.file(`${server}/tls/serving-kube-apiserver.crt`, serving.cert, 0o644);
  await tree.file(`${server}/tls/serving-kube-apiserver.key`, serving.key);
  await tree.file(`${server}/tls/service.key`, pki.ca.key);
  await tree.copy(etcd.cacert, `${server}/tls/etcd/server-ca.crt`);
  await tree.copy(etcd.cert, `${server}/tls/etcd/client.crt`);
  await tree.copy(etcd.key, `${server}/tls/etcd/client.key`);
  await writeKubeconfig(tree, pki, options, `${server}/cred/admin.kubeconfig`);
  await tree.file(`${server}/cred/passwd`, 'sample,server,server,k3s:server\n');
  const encryptionPath = `${server}/cred/encryption-config.json`;
  if (encryption !== false) await tree.file(encryptionPath, encryptionConfig(encryption));
  await tree.file(`${server}/manifests/coredns.yaml`, 'apiVersion: v1\nkind: ServiceAccount\n');
  await tree.file(`${server}/db/etcd/name`, `${NODE}-5f3a1c20`);
  await tree.file(`${server}/db/etcd/config`, dump({ name: `${NODE}-5f3a1c20`, 'listen-client-urls': etcd.endpoint }));
  await tree.file(`${server}/db/etcd/member/snap/db`, 'never to be saved');
  await tree.file(`/etc/rancher/${name}/config.yaml`, dump({ 'write-kubeconfig-mode': '0600' }));
  await tree.file('/etc/rancher/node/password', `${'0f'.repeat(16)}\n`);
  await writeKubeconfig(tree, pki, options, `/etc/rancher/${name}/${name}.yaml`);
  if (name === 'rke2') await rke2Pods(tree, data, encryption !== false);
  return {
    nodeName: NODE,
    revisions: { 'kube-apiserver': 0, 'kube-controller-manager': 0, 'kube-scheduler': 0, etcd: 0 },
    kubeconfig: `/etc/rancher/${name}/${name}.yaml`,
    encryptionConfig: encryption === false ? undefined : encryptionPath,
  };
}

async function rke2Pods(tree: TreeBuilder, data: string, encrypted: boolean): Promise<void> {
  const server = `${data}/server`;
  for (const name of PODS) {
    const image =
      name === 'etcd'
        ? 'index.docker.io/rancher/hardened-etcd:v3.5.13-k3s1-build20240910'
        : 'index.docker.io/rancher/hardened-kubernetes:v1.30.5-rke2r1-build20240912';
    const own =
      encrypted && name === 'kube-apiserver'
        ? [`--encryption-provider-config=${server}/cred/encryption-config.json`]
        : [];
    const manifest = pod({ name, image, command: [name, ...own], mounts: { [server]: server } });
    await tree.file(`${data}/agent/pod-manifests/${name}.yaml`, dump(manifest), 0o644);
  }
}
