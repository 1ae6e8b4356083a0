import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { onTestFinished } from 'vitest';
import { connectMember, parseEndpoints, type Member, type Write } from '../../src/etcd/index.ts';
import { runHoldfast } from './holdfast.ts';
import { kubernetesShapedData } from './kubernetes-data.ts';
import { issuePki, type Pki } from './pki.ts';
import { accepts, freePorts } from './ports.ts';
import { isAtLeast, newestRelease, type EtcdRelease } from './releases.ts';
import { succeed, type CommandResult } from './run-command.ts';
import { buildSampleHost, type SampleHost } from './sample-host.ts';
import { StandInKubelet } from './stand-in-kubelet.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait-for.ts';

export interface StandingHostOptions {
  readonly layout?: 'openshift' | 'kubeadm';
  readonly release?: EtcdRelease;
  /** Secrets in etcd are encrypted, and the host has the key. Default: false. */
  readonly encryption?: boolean;
  readonly kubeSystemUid?: string;
  /** More flags for etcd. */
  readonly etcdFlags?: readonly string[];
  /** An existing folder for the host's files; by default one of its own. */
  readonly place?: string;
  /** Of the images in the manifests. Default: that of the data in etcd. */
  readonly kubernetesVersion?: string;
}

const PODS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const;
const KUBE_SYSTEM_UID = '3f5e9a44-7d1c-4c1e-9f0a-5f3c2a7b9d10';

/**
 * A control-plane host of one: a sample host's files, a stand-in kubelet that runs the real etcd from the static pod manifest,
 * an API server of two answers, and data in etcd. It ends with the running test.
 */
export async function standingHost(options: StandingHostOptions = {}): Promise<StandingHost> {
  const folder = await temporaryFolder();
  const pki = await issuePki({ folder: join(folder, 'pki') });
  const [client = 0, peer = 0, api = 0] = await freePorts(3);
  const { layout = 'kubeadm', release = newestRelease(), encryption = false } = options;
  const root = join(options.place ?? folder, 'host');
  await mkdir(root);
  const sample = await buildSampleHost(root, {
    layout,
    encryption,
    etcd: { ...pki.client, endpoint: `https://127.0.0.1:${client}` },
    apiServer: { ...pki.client, url: `https://127.0.0.1:${api}` },
  });
  const host = new StandingHost({
    ...options,
    layout,
    release,
    folder,
    root,
    sample,
    pki,
    ports: { client, peer, api },
  });
  onTestFinished(() => host.stop());
  await host.layDown();
  await host.start();
  await host.serving();
  await host.fill();
  return host;
}

interface Parts extends StandingHostOptions {
  readonly layout: 'openshift' | 'kubeadm';
  readonly release: EtcdRelease;
  readonly folder: string;
  readonly root: string;
  readonly sample: SampleHost;
  readonly pki: Pki;
  readonly ports: { readonly client: number; readonly peer: number; readonly api: number };
}

export class StandingHost {
  readonly layout: 'openshift' | 'kubeadm';
  readonly release: EtcdRelease;
  /** What stands for the host's `/`. */
  readonly root: string;
  readonly endpoint: string;
  /** For backups and the like; goes with the test. */
  readonly folder: string;
  readonly nodeName: string;
  readonly #parts: Parts;
  readonly #apiServer: ApiServer;
  #kubelet: StandInKubelet | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.layout = parts.layout;
    this.release = parts.release;
    this.root = parts.root;
    this.folder = parts.folder;
    this.nodeName = parts.sample.nodeName;
    this.endpoint = `https://127.0.0.1:${parts.ports.client}`;
    this.#apiServer = new ApiServer(parts.ports.api, parts.pki, () => accepts(this.endpoint));
  }

  /** What etcd here and its clients trust. */
  get pki(): Pki {
    return this.#parts.pki;
  }

  /** A host path on this machine. */
  disk(path: string): string {
    return join(this.root, path);
  }

  manifest(pod: (typeof PODS)[number]): string {
    return `/etc/kubernetes/manifests/${pod}${this.layout === 'openshift' ? '-pod' : ''}.yaml`;
  }

  get manifestNames(): readonly string[] {
    return PODS.map((pod) => this.manifest(pod).split('/').at(-1) ?? '');
  }

  get kubelet(): StandInKubelet {
    if (this.#kubelet === undefined) throw new Error('the host is off');
    return this.#kubelet;
  }

  /** Switches the host on. */
  async start(): Promise<void> {
    const { root, release, folder } = this.#parts;
    const logFile = join(folder, 'etcd.log');
    this.#kubelet = new StandInKubelet({ root, release, logFile, apiServer: this.#apiServer });
    await this.kubelet.settled(this.manifestNames);
  }

  /** Switches the host off: orderly, or with SIGKILL as when the power goes. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#kubelet?.stop(signal);
    this.#kubelet = undefined;
    await this.#apiServer.stop();
  }

  /** Resolves once etcd serves. */
  async serving(): Promise<void> {
    await waitFor(() => this.etcdctl('endpoint', 'health', '--command-timeout=2s', '--dial-timeout=1s'), {
      timeoutMs: 60_000,
      what: `etcd to serve; see ${join(this.folder, 'etcd.log')}`,
    });
  }

  etcdctl(...args: readonly string[]): Promise<string> {
    const { cacert, cert, key } = this.#parts.pki.client;
    return succeed([join(this.release.folder, 'etcdctl'), ...args], {
      env: {
        PATH: process.env['PATH'],
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: this.endpoint,
        ETCDCTL_CACERT: cacert,
        ETCDCTL_CERT: cert,
        ETCDCTL_KEY: key,
      },
    });
  }

  async put(key: string, value: string): Promise<void> {
    await this.etcdctl('put', key, value);
  }

  async get(key: string): Promise<string> {
    return (await this.etcdctl('get', '--print-value-only', key)).trim();
  }

  async revision(): Promise<bigint> {
    return this.#withMember(async (member) => (await member.status()).revision);
  }

  /** Runs the built program with this host as its root. */
  holdfast(...args: readonly string[]): Promise<CommandResult> {
    return runHoldfast([...args, '--host-root', this.root, '--no-progress'], { timeoutMs: 120_000 });
  }

  /** Takes a backup into a folder of the given name; throws where it fails. */
  async backup(name: string): Promise<string> {
    const folder = join(this.folder, name);
    const run = await this.holdfast('backup', folder);
    if (run.code !== 0) throw new Error(`the backup failed:\n${run.stderr}`);
    return folder;
  }

  /** Every file of the host that a restore may touch, with its content: to see that nothing has changed. */
  async picture(): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>();
    const entries = await readdir(this.disk('/etc/kubernetes'), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(this.root.length), await readFile(path, 'base64'));
    }
    return files;
  }

  /** What a control plane keeps in etcd. */
  async fill(): Promise<void> {
    const { layout, encryption = false, kubeSystemUid = KUBE_SYSTEM_UID } = this.#parts;
    const { objects, updates } = kubernetesShapedData({
      seed: 7,
      distribution: layout,
      kubeSystemUid,
      ...(encryption ? { encryption: { provider: 'aescbc', keyName: '1', resources: ['secrets'] } } : {}),
    });
    await this.#withMember(async ({ kv }) => {
      const writes = [...objects, ...updates].map(({ key, value }): Write => ({
        put: { key: Buffer.from(key), value },
      }));
      for (let at = 0; at < writes.length; at += 50) {
        const batch = new Map(
          writes.slice(at, at + 50).map((write) => ['put' in write ? String(write.put.key) : '', write]),
        );
        await kv.txn([...batch.values()]);
      }
    });
  }

  /** Puts manifests that can be run in the place of the sample's, and etcd's own certificates beside them. */
  async layDown(): Promise<void> {
    await rm(this.disk('/var/lib/etcd/member'), { recursive: true, force: true });
    const certificates = this.layout === 'openshift' ? OPENSHIFT_CERTIFICATES : KUBEADM_CERTIFICATES;
    const { server, peer } = this.#parts.pki;
    for (const [to, from] of certificates(this.nodeName, server, peer)) {
      await mkdir(dirname(this.disk(to)), { recursive: true });
      await copyFile(from, this.disk(to));
      await chmod(this.disk(to), 0o600);
    }
    await (this.layout === 'openshift' ? this.#openshiftManifests() : this.#kubeadmManifests());
  }

  async #kubeadmManifests(): Promise<void> {
    const pki = '/etc/kubernetes/pki/etcd';
    const flags = etcdFlags({
      client: this.endpoint,
      peer: `https://127.0.0.1:${this.#parts.ports.peer}`,
      serving: `${pki}/server`,
      peering: `${pki}/peer`,
      ca: `${pki}/ca.crt`,
    });
    const command = ['etcd', `--name=${this.nodeName}`, '--data-dir=/var/lib/etcd', ...flags, this.#initialCluster()];
    const image = `registry.k8s.io/etcd:${this.release.version}-0`;
    const mounts = { '/var/lib/etcd': '/var/lib/etcd', [pki]: pki };
    await writeFile(this.disk(this.manifest('etcd')), dump(etcdPod(image, [...command, ...this.#fast()], mounts)));
    const version = this.#parts.kubernetesVersion ?? 'v1.32.4';
    const path = this.disk(this.manifest('kube-apiserver'));
    await writeFile(path, (await readFile(path, 'utf8')).replace('v1.31.2', version));
  }

  async #openshiftManifests(): Promise<void> {
    const certs = '/etc/kubernetes/static-pod-certs';
    const variable = this.nodeName.replaceAll(/[-.]/g, '_');
    const secrets = `${certs}/secrets/etcd-all-certs`;
    const flags = etcdFlags({
      client: this.endpoint,
      peer: `https://\${NODE_${variable}_IP}:${this.#parts.ports.peer}`,
      serving: `${secrets}/etcd-serving-${this.nodeName}`,
      peering: `${secrets}/etcd-peer-${this.nodeName}`,
      ca: `${certs}/configmaps/etcd-all-bundles/server-ca-bundle.crt`,
    });
    const script = [
      'set -euo pipefail',
      `export ETCD_NAME=\${NODE_${variable}_ETCD_NAME}`,
      `exec etcd ${[...flags, this.#initialCluster(), ...this.#fast()].join(' \\\n  ')}`,
    ].join('\n');
    const mounts = { '/var/lib/etcd/': '/var/lib/etcd', [certs]: '/etc/kubernetes/static-pod-resources/etcd-certs' };
    const env = {
      ETCD_DATA_DIR: '/var/lib/etcd',
      [`NODE_${variable}_ETCD_NAME`]: this.nodeName,
      [`NODE_${variable}_IP`]: '127.0.0.1',
    };
    const pod = etcdPod('quay.io/etcd@sha256:0', ['/bin/bash', '-c', script], mounts, env);
    const revision = this.#parts.sample.revisions.etcd;
    const folder = `/etc/kubernetes/static-pod-resources/etcd-pod-${revision}`;
    const text = JSON.stringify({ ...pod, metadata: { name: 'etcd', annotations: { folder } } });
    await writeFile(this.disk(this.manifest('etcd')), text);
    await writeFile(this.disk(`${folder}/etcd-pod.yaml`), text);
    const running = `/etc/kubernetes/static-pod-resources/kube-apiserver-pod-${this.#parts.sample.revisions['kube-apiserver']}`;
    // The release that the data in etcd is of.
    await writeFile(this.disk(`${running}/configmaps/kube-apiserver-pod/version`), '4.17.5\n');
    // revision.json of the sample speaks of a cluster that never was.
    await rm(this.disk('/var/lib/etcd/revision.json'));
  }

  #initialCluster(): string {
    return `--initial-cluster=${this.nodeName}=https://127.0.0.1:${this.#parts.ports.peer}`;
  }

  #fast(): readonly string[] {
    // The data of a test need not outlive a power cut.
    const unsafe = isAtLeast(this.release, '3.5') ? ['--unsafe-no-fsync'] : [];
    return ['--logger=zap', ...unsafe, ...(this.#parts.etcdFlags ?? [])];
  }

  async #withMember<T>(use: (member: Member) => Promise<T>): Promise<T> {
    const [endpoint] = parseEndpoints(this.endpoint, { tls: true });
    if (endpoint === undefined) throw new Error('no endpoint');
    const member = connectMember(endpoint, { tls: this.#parts.pki.client });
    try {
      return await use(member);
    } finally {
      member.close();
    }
  }
}

interface EtcdFlags {
  readonly client: string;
  readonly peer: string;
  readonly serving: string;
  readonly peering: string;
  readonly ca: string;
}

function etcdFlags({ client, peer, serving, peering, ca }: EtcdFlags): readonly string[] {
  return [
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--cert-file=${serving}.crt`,
    `--key-file=${serving}.key`,
    `--trusted-ca-file=${ca}`,
    '--client-cert-auth=true',
    `--peer-cert-file=${peering}.crt`,
    `--peer-key-file=${peering}.key`,
    `--peer-trusted-ca-file=${ca}`,
    '--peer-client-cert-auth=true',
  ];
}

function etcdPod(
  image: string,
  command: readonly string[],
  mounts: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(mounts);
  const container = {
    name: 'etcd',
    image,
    command,
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    volumeMounts: entries.map(([mountPath], index) => ({ mountPath, name: `volume-${index}` })),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'etcd', namespace: 'kube-system' },
    spec: {
      containers: [container],
      volumes: entries.map(([, path], index) => ({ name: `volume-${index}`, hostPath: { path } })),
    },
  };
}

type CertificatePlaces = (
  node: string,
  server: Pki['server'],
  peer: Pki['peer'],
) => readonly (readonly [to: string, from: string])[];

const KUBEADM_CERTIFICATES: CertificatePlaces = (_, server, peer) => [
  ['/etc/kubernetes/pki/etcd/server.crt', server.cert],
  ['/etc/kubernetes/pki/etcd/server.key', server.key],
  ['/etc/kubernetes/pki/etcd/peer.crt', peer.cert],
  ['/etc/kubernetes/pki/etcd/peer.key', peer.key],
];

const OPENSHIFT_CERTIFICATES: CertificatePlaces = (node, server, peer) => {
  const folder = '/etc/kubernetes/static-pod-resources/etcd-certs/secrets/etcd-all-certs';
  return [
    [`${folder}/etcd-serving-${node}.crt`, server.cert],
    [`${folder}/etcd-serving-${node}.key`, server.key],
    [`${folder}/etcd-peer-${node}.crt`, peer.cert],
    [`${folder}/etcd-peer-${node}.key`, peer.key],
  ];
};

/** Says that no operator rolls out, what version it is, and that kube-system is there while etcd listens. */
class ApiServer {
  readonly #port: number;
  readonly #pki: Pki;
  readonly #isUp: () => Promise<boolean>;
  #server: Server | undefined;

  constructor(port: number, pki: Pki, isUp: () => Promise<boolean>) {
    this.#port = port;
    this.#pki = pki;
    this.#isUp = isUp;
  }

  async start(): Promise<void> {
    const { cacert, cert, key } = this.#pki.server;
    const [ca, certificate, privateKey] = await Promise.all([cacert, cert, key].map((file) => readFile(file)));
    const server = createServer({ ca, cert: certificate, key: privateKey, requestCert: true }, (request, response) => {
      void this.#isUp().then((isUp) => {
        const body = isUp ? answer(request.url ?? '/') : undefined;
        response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body ?? {}));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function answer(url: string): unknown {
  if (url === '/version') return { gitVersion: 'v1.31.2' };
  if (url === '/api/v1/namespaces/kube-system') return { kind: 'Namespace' };
  if (url.includes('/clusteroperators/')) return { status: { conditions: [{ type: 'Progressing', status: 'False' }] } };
  return undefined;
}
